"""The keys of a provider: named, each with its own bounds, and how they are chosen from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.secret import Bearer, Secret, fault_of
from ipfs_accel_async.tokens import Token, TokenSource

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Bearer", "Key", "Keys", "Secret", "Strategy", "Token", "TokenSource"]

Strategy = Literal["least-loaded", "round-robin", "least-recently-used", "weighted", "per-user"]
STRATEGIES: tuple[str, ...] = get_args(Strategy)
LONGEST_NAME = 64
SHOWING = 8
"""A shorter text that key and name share is chance."""


@dataclass(frozen=True, slots=True, eq=False, init=False, repr=False)
class Key:
    """One key with its name and bounds.

    Args:
        secret: The key, or a callable that gives a token anew for each attempt.
        name: Its alias, which traces, statistics and errors show in its place; empty: ``key-1``, ``key-2`` by position.
        rpm: Requests a minute that its quota group may send to each model.
        tpm: Tokens a minute, input and output together, the same.
        max_concurrent: Calls in flight at once with this key.
        quota_group: Keys of one group share what the service allows (one organisation or project); empty: its own.
        weight: Its share of the calls, relative to the other keys.
        tier: Keys of a higher tier serve only while none of a lower one can.

    Raises:
        ConfigError: The key cannot be sent, or a bound is out of its range.
    """

    secret: Secret
    name: str
    rpm: float | None
    tpm: float | None
    max_concurrent: int | None
    quota_group: str
    weight: float
    tier: int

    def __init__(
        self,
        secret: str | Secret | TokenSource,
        *,
        name: str = "",
        rpm: float | None = None,
        tpm: float | None = None,
        max_concurrent: int | None = None,
        quota_group: str = "",
        weight: float = 1.0,
        tier: int = 0,
    ) -> None:
        fault = fault_of(secret)
        if fault:
            del secret  # a traceback that captures locals would show it
            raise ConfigError(fault)
        made = as_secret(secret)
        fault = _bounds(rpm, tpm, max_concurrent, weight, tier) or _name(name, made) or _name(quota_group, made)
        if fault:
            del secret, name, quota_group
            raise ConfigError(fault)
        for field, value in (
            ("secret", made),
            ("name", name),
            ("rpm", rpm),
            ("tpm", tpm),
            ("max_concurrent", max_concurrent),
            ("quota_group", quota_group),
            ("weight", float(weight)),
            ("tier", tier),
        ):
            object.__setattr__(self, field, value)

    def __repr__(self) -> str:
        return f"Key(name={getattr(self, 'name', '')!r})"  # of one that was refused too: it has none


class Keys:
    """The keys of one provider, and how each call gets one of them.

    ``Keys("sk-a", "sk-b", rpm=500)``, or ``Keys(Key("sk-a", name="team-a", rpm=500), Key("sk-b", tier=1))``.

    Args:
        keys: One or more keys; a callable gives a token anew for each attempt.
        strategy: ``least-loaded``: the one with the fewest calls in flight for its weight; ``round-robin``;
            ``least-recently-used``; ``weighted``: by their weights, whatever is in flight; ``per-user``: the same one
            for each value of the tag ``user``, as long as that key can serve.
        rpm: Of each key that states none itself; the others as well. See :class:`Key`.
        tpm: The same.
        max_concurrent: The same.
        quota_group: The same: all keys of one organisation are ``Keys(..., quota_group="org")``.

    Raises:
        ConfigError: None is given, one cannot be sent, two have one name, or a bound is out of its range.
    """

    __slots__ = ("_entries", "strategy")

    def __init__(
        self,
        *keys: str | Secret | TokenSource | Key,
        strategy: Strategy = "least-loaded",
        rpm: float | None = None,
        tpm: float | None = None,
        max_concurrent: int | None = None,
        quota_group: str = "",
    ) -> None:
        self._entries: tuple[Key, ...] = ()  # a repr of what was refused must not fail
        self.strategy = strategy
        fault = "Keys() needs at least one key" if not keys else next(filter(None, map(_fault, keys)), None)
        if strategy not in STRATEGIES:
            fault = f"a strategy is one of {', '.join(STRATEGIES)}"
        if fault:
            del keys
            raise ConfigError(fault)
        entries: list[Key] = []
        for number, key in enumerate(keys, 1):
            own = key if isinstance(key, Key) else Key(key)
            entries.append(
                Key(
                    own.secret,
                    name=own.name or f"key-{number}",
                    rpm=rpm if own.rpm is None else own.rpm,
                    tpm=tpm if own.tpm is None else own.tpm,
                    max_concurrent=max_concurrent if own.max_concurrent is None else own.max_concurrent,
                    quota_group=own.quota_group or quota_group,
                    weight=own.weight,
                    tier=own.tier,
                )
            )
        if len({entry.name for entry in entries}) < len(entries):
            del keys
            raise ConfigError("two keys have one name: names tell keys apart, so give each its own")
        self._entries = tuple(entries)

    @property
    def entries(self) -> tuple[Key, ...]:
        """The keys with their names and bounds."""
        return self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Secret]:
        return (entry.secret for entry in self._entries)

    def __getitem__(self, index: int) -> Secret:
        return self._entries[index].secret

    def __repr__(self) -> str:
        return f"Keys({len(self)})"


def as_secret(key: str | Secret | TokenSource) -> Secret:
    """A key as callers give it, as a secret.

    Raises:
        ConfigError: It cannot be sent.
    """
    if isinstance(key, Secret):
        return key
    return Secret(key) if isinstance(key, str) else Token(key)


def _fault(key: object) -> str | None:
    return None if isinstance(key, Key) else fault_of(key)


def _bounds(rpm: object, tpm: object, most: object, weight: object, tier: object) -> str:
    for what, value in (("rpm", rpm), ("tpm", tpm), ("weight", weight)):
        if value is None and what != "weight":
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            return f"{what} of a key is a number above 0"
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        return "max_concurrent of a key is a whole number from 1"
    if isinstance(tier, bool) or not isinstance(tier, int) or not 0 <= tier <= 1_000:
        return "tier of a key is a whole number from 0 to 1000"
    return ""


def _name(name: object, secret: Secret) -> str:
    """Why a name cannot be shown in the key's place; never with the name: it may be the key."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        return f"names of keys and quota groups are printable, of at most {LONGEST_NAME} characters"
    key = secret.reveal()
    shown = len(name) >= SHOWING and len(key) >= SHOWING and (key in name or name in key)
    return "the name of a key is part of the key itself, and names are shown: choose another" if shown else ""
