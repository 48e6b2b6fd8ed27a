"""A provider's keys at run time: what there is, what each was used for, and changes that take effect at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.keys import Key, as_secret
from ipfs_accel_async.secret import fault_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.keys import Secret, TokenSource
    from ipfs_accel_async.middleware.keyring import KeyPool
    from ipfs_accel_async.middleware.member import KeyUsage, Member


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """What may be shown of a key.

    Args:
        alias: Its name.
        masked: The last four characters of a long key; the key itself is nowhere.
        state: ``ready``; ``refused`` (401); ``billing`` (402); ``parked`` (429) or ``denied`` (403) for some models.
        in_flight: Calls that have it now.
        quota_group: Whose limits it shares.
        weight: Its share of the calls.
        tier: Keys of a higher tier serve only while none of a lower one can.
        max_concurrent: Calls in flight at once; None for no cap.
        parked: Seconds that its quota group still pauses, by model.
        denied: Models that it may not use.
        limits: What is left of its group's rate limits, by model, where any are known.
    """

    alias: str
    masked: str
    state: str = "ready"
    in_flight: int = 0
    quota_group: str = ""
    weight: float = 1.0
    tier: int = 0
    max_concurrent: int | None = None
    parked: dict[str, float] = field(default_factory=dict)
    denied: tuple[str, ...] = ()
    limits: dict[str, Any] = field(default_factory=dict)


class ProviderKeys:
    """The keys of one provider of a client; ``for key in client.keys("openai")`` lists them, masked.

    Changes take effect with the next grant, also for calls that wait. Use it in the thread of the client's loop.

    Args:
        pool: The keys.
        engine: The client's, for its clock.
    """

    def __init__(self, pool: KeyPool, engine: Engine) -> None:
        self._pool = pool
        self._engine = engine

    def add(
        self,
        name: str,
        secret: str | Secret | TokenSource,
        *,
        rpm: float | None = None,
        tpm: float | None = None,
        max_concurrent: int | None = None,
        quota_group: str = "",
        weight: float = 1.0,
        tier: int = 0,
    ) -> None:
        """Let another key serve: ``client.keys("openai").add("team-a", Secret(...), rpm=500)``.

        Args:
            name: Its alias, which no other key of the provider has.
            secret: The key, or a callable that gives a token.
            rpm: As of :class:`~ipfs_accel_async.Key`; the others as well.
            tpm: The same.
            max_concurrent: The same.
            quota_group: The same.
            weight: The same.
            tier: The same.

        Raises:
            ConfigError: The name is taken, or the key or a bound cannot be used.
        """
        fault = fault_of(secret)
        made = None if fault else as_secret(secret)
        del secret  # a traceback that captures locals would show it
        if not name:
            fault = "a key that is added needs a name"
        elif name in self._pool.members:
            fault = "another key has this name: rotate it, or choose another"
        if made is None or fault:
            raise ConfigError(fault or "", provider=self._pool.provider)
        key = Key(
            made,
            name=name,
            rpm=rpm,
            tpm=tpm,
            max_concurrent=max_concurrent,
            quota_group=quota_group,
            weight=weight,
            tier=tier,
        )
        self._pool.add(key)

    def remove(self, alias: str) -> None:
        """Lend a key no more; calls that have it go on with it to their end.

        Raises:
            ConfigError: No key is called that.
        """
        self._pool.remove(self._member(alias).alias)

    def rotate(self, alias: str, new: str | Secret | TokenSource) -> None:
        """Replace a key under its name; calls that have the old one go on with it to their end.

        Raises:
            ConfigError: No key is called that, or the new one cannot be sent.
        """
        fault = fault_of(new)
        if fault:
            del new  # a traceback that captures locals would show it
            raise ConfigError(fault, provider=self._pool.provider)
        self._pool.rotate(self._member(alias).alias, as_secret(new))

    def release(self, alias: str = "") -> None:
        """Let a key serve again, with its quota group: the bill is paid, the limit raised, the right given.

        Args:
            alias: Which; empty for all.

        Raises:
            ConfigError: No key is called that.
        """
        for each in [self._member(alias).alias] if alias else list(self._pool.members):
            self._pool.release(each)

    def usage(self) -> dict[str, KeyUsage]:
        """What each key was used for since the client was made, by alias."""
        pool = self._pool
        return {alias: member.usage(pool.provider) for alias, member in pool.members.items() if alias}

    def __iter__(self) -> Iterator[KeyStatus]:
        now = self._engine.time()
        return iter([self._status(member, now) for alias, member in self._pool.members.items() if alias])

    def __len__(self) -> int:
        return len(self._pool)

    def __contains__(self, alias: object) -> bool:
        return alias != "" and alias in self._pool.members

    def __repr__(self) -> str:
        return f"<keys of {self._pool.provider}: {', '.join(status.alias for status in self) or 'none'}>"

    def _member(self, alias: str) -> Member:
        found = self._pool.members.get(alias) if alias else None
        if found is None:
            there = ", ".join(status.alias for status in self) or "none"
            raise ConfigError(f"there is no key of that name; there are: {there}", provider=self._pool.provider)
        return found

    def _status(self, member: Member, now: float) -> KeyStatus:
        health, secret = self._pool.health, member.secret
        parked, denied = health.parks(member, now), tuple(health.denials(member))
        return KeyStatus(
            alias=member.alias,
            masked="..." if secret is None else secret.masked,
            state=member.out or ("parked" if parked else "denied" if denied else "ready"),
            in_flight=member.load,
            quota_group=member.group,
            weight=member.weight,
            tier=member.tier,
            max_concurrent=None if member.most == float("inf") else int(member.most),
            parked=parked,
            denied=denied,
            limits=self._pool.quotas.state(member.group, now),
        )


class Keyring:
    """Mixed into :class:`Client`."""

    _engine: Engine

    def keys(self, provider: str, endpoint: str = "") -> ProviderKeys:
        """The keys of a provider: to list, add, remove, rotate and release, and what each was used for.

        Args:
            provider: Provider name.
            endpoint: Name of an endpoint that has keys of its own.

        Raises:
            ConfigError: There is no such provider or endpoint.
        """
        made = self._engine.provider(provider)
        return ProviderKeys(made.pool_of(made.endpoints[endpoint]) if endpoint else made.pool, self._engine)
