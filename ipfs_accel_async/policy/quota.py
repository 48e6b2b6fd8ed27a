"""What one account may ask of one model: several windows over requests and tokens, granted all together or not at all.

Spent at the grant by what a call is expected to use, settled by what it used, and corrected by what the service says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ipfs_accel_async.policy.allowance import DAY, MINUTE, Allowance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.policy.sliding import Entry

_KINDS = (
    ("rpm", "requests", MINUTE),
    ("rpd", "requests", DAY),
    ("tpm", "tokens", MINUTE),
    ("tpd", "tokens", DAY),
    ("input_tpm", "uncached", MINUTE),
    ("output_tpm", "output", MINUTE),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed; None is no limit.

    Args:
        rpm: Requests a minute.
        tpm: Tokens a minute, input and output together.
        input_tpm: Input tokens a minute, where the service counts them apart.
        output_tpm: Output tokens a minute, where the service counts them apart.
        rpd: Requests a day, any 24 hours.
        tpd: Tokens a day.
        burst_seconds: How much of a minute's requests and tokens may go at once, in seconds of their rate.
    """

    rpm: float | None = None
    tpm: float | None = None
    input_tpm: float | None = None
    output_tpm: float | None = None
    rpd: float | None = None
    tpd: float | None = None
    burst_seconds: float = 6.0

    @property
    def any(self) -> bool:
        """Whether anything is limited."""
        return self.rpm is not None or self.rpd is not None or self.tokens

    @property
    def tokens(self) -> bool:
        """Whether tokens are limited, so that it is worth counting them."""
        return not self.tpm is self.tpd is self.input_tpm is self.output_tpm is None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call uses, or is expected to use; `cached` is the part of the input that came from a prompt cache."""

    requests: float = 1
    input: float = 0
    output: float = 0
    cached: float = 0

    @property
    def tokens(self) -> float:
        """Input and output together."""
        return self.input + self.output

    @property
    def uncached(self) -> float:
        """Input that was not in the cache: what services count that count input apart."""
        return self.input - self.cached


NOTHING = Cost(0)


class Said(Protocol):
    """What an answer says of the limits it counted against."""

    def readings(self) -> Iterable[tuple[str, float | None, float | None, float | None]]:
        """Of each limit that is spoken of: its name, size, what is left, and the seconds until it is whole again."""


class Quota:
    """The windows of one (quota group, model). Times are one monotone clock's, in seconds.

    Args:
        limits: What is allowed, as far as it is known beforehand.

    Attributes:
        limits: See above.
        held_until: Nothing is granted before this instant.
        counts_tokens: Whether the cost of a call needs its tokens.
    """

    __slots__ = ("_allowances", "counts_tokens", "held_until", "limits")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held_until = float("-inf")
        self.counts_tokens = limits.tokens
        self._allowances: dict[str, Allowance] = {}
        for name, kind, window in _KINDS:
            limit = getattr(limits, name)
            if limit is not None:
                self._allowances[name] = Allowance(name, kind, limit, window, limits.burst_seconds)

    def try_take(self, cost: Cost, now: float) -> Reservation | float:
        """Reserve `cost`, or take nothing and return the instant to ask again; infinity when it never fits."""
        at = self.held_until
        wanted = [(allowance, getattr(cost, allowance.kind)) for allowance in self._allowances.values()]
        for allowance, amount in wanted:
            ready = allowance.ready_at(amount, now)
            if ready > at:
                at = ready
        if at > now:
            return at
        return Reservation(cost, [(allowance, allowance.charge(amount, now)) for allowance, amount in wanted])

    def too_large(self, cost: Cost) -> str | None:
        """The name of a limit that `cost` alone passes, such as ``tpm``; None when it fits."""
        for name, allowance in self._allowances.items():
            if getattr(cost, allowance.kind) > allowance.limit:
                return name
        return None

    def limit_of(self, name: str) -> float:
        """The size of a limit by its name."""
        return self._allowances[name].limit

    def cost_of(self, name: str, cost: Cost) -> float:
        """What `cost` takes of a limit."""
        return getattr(cost, self._allowances[name].kind)  # type: ignore[no-any-return]

    def park(self, until: float) -> None:
        """Grant nothing before `until`: the service asked for it. Never shortens an earlier wish."""
        self.held_until = max(self.held_until, until)

    def release(self) -> None:
        """Forget what :meth:`park` was told."""
        self.held_until = float("-inf")

    def calibrate(self, said: Said, now: float, *, learn: bool = True) -> None:
        """Believe the service where it allows less than is counted here; nothing here ever grows beyond its limits.

        Args:
            said: What an answer says.
            now: When its headers came.
            learn: Whether a limit that nobody set, and the service tells, counts from now on.
        """
        for name, limit, remaining, reset in said.readings():
            allowance = self._allowances.get(name)
            if limit is not None and limit > 0:
                if allowance is not None:
                    allowance.follow(limit, now)
                elif learn:
                    allowance = self._learn(name, limit, now)
            if remaining is None:
                continue
            if allowance is not None:
                allowance.lower(remaining, reset, now)
            elif remaining < 1 and reset is not None:
                self.park(now + min(reset, MINUTE))

    def _learn(self, name: str, limit: float, now: float) -> Allowance:
        kind, window = next((kind, window) for known, kind, window in _KINDS if known == name)
        allowance = Allowance(name, kind, limit, window, self.limits.burst_seconds, learnt=True, now=now)
        self._allowances[name] = allowance
        self.counts_tokens = self.counts_tokens or kind != "requests"
        return allowance

    def state(self, now: float) -> dict[str, Any]:
        """For statistics: of each limit its size, what is left of it and its window, and how long nothing is granted.

        Args:
            now: The time.
        """
        return {
            "held_seconds": max(self.held_until - now, 0.0),
            **{name: allowance.state(now) for name, allowance in self._allowances.items()},
        }


class Reservation:
    """What a call took; it is settled once."""

    __slots__ = ("_entries", "cost")

    def __init__(self, cost: Cost, entries: list[tuple[Allowance, Entry]]) -> None:
        self.cost = cost
        self._entries: list[tuple[Allowance, Entry]] | None = entries

    def settle(self, actual: Cost | None, now: float) -> None:
        """Give back what was not used, and charge what was used beyond it.

        Args:
            actual: What was used; None when nothing was sent, and all comes back.
            now: The time.

        Raises:
            RuntimeError: It was settled before.
        """
        entries, self._entries = self._entries, None
        if entries is None:
            raise RuntimeError("a reservation is settled once")
        used = NOTHING if actual is None else actual
        for allowance, entry in entries:
            change = getattr(used, allowance.kind) - getattr(self.cost, allowance.kind)
            if change:
                allowance.adjust(entry, change, now)
