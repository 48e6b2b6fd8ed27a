"""A rate limit that processes share: grants are local and synchronous, out of a share that is leased ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.policy.allowance import DAY, MINUTE
from ipfs_accel_async.policy.quota import NOTHING, Cost, Limits, Quota, Reservation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AHEAD = 0.25
"""Seconds of the rate that are leased beyond what is needed now, over all processes."""
PART = 0.01
"""The same of a limit that has no rate, as that of a day."""
ASK_AGAIN = 0.05
QUIET = 4
"""Signs of life without a call, after which a share is given back."""
KINDS = {
    "rpm": ("requests", MINUTE),
    "rpd": ("requests", DAY),
    "tpm": ("tokens", MINUTE),
    "tpd": ("tokens", DAY),
    "input_tpm": ("uncached", MINUTE),
    "output_tpm": ("output", MINUTE),
}


class Share:
    """What this process holds of one limit.

    Args:
        name: Of the limit, such as ``rpm``.
        limit: Its size.
        burst_seconds: How much of a minute's limit may go at once, in seconds of its rate.
    """

    __slots__ = ("capacity", "held", "kind", "limit", "name", "rate", "used", "wanted", "window")

    def __init__(self, name: str, limit: float, burst_seconds: float) -> None:
        self.name = name
        self.limit = limit
        self.kind, self.window = KINDS[name]
        self.rate = limit / MINUTE if self.window == MINUTE else 0.0
        self.capacity = max(self.rate * burst_seconds, 1.0) if self.rate else limit
        self.held = 0.0
        self.used = 0.0
        self.wanted = 0.0


class SharedQuota(Quota):
    """The windows of one (quota group, model), of which processes lease shares.

    What the service says, parks and limits that are learnt, counts in this process as ever. While Redis is down the
    share is a part of the limits, one for each process that was seen last.

    Args:
        limits: What is allowed to all processes together.
        ask: Is called when the share is short, and leases more.
        down: Whether Redis is.
        processes: How many there are.

    Attributes:
        quiet: Signs of life since the last call.
        shares: What this process holds.
        wait: Seconds until more can be leased, as far as is known.
    """

    __slots__ = ("_alone", "_ask", "_down", "_processes", "quiet", "shares", "wait")

    def __init__(
        self, limits: Limits, ask: Callable[[SharedQuota], None], down: Callable[[], bool], processes: Callable[[], int]
    ) -> None:
        super().__init__(limits)
        named = ((name, getattr(limits, name)) for name in KINDS)
        self.shares = [Share(name, limit, limits.burst_seconds) for name, limit in named if limit is not None]
        self._ask = ask
        self._down = down
        self._processes = processes
        self._alone: Quota | None = None
        self.quiet = 0
        self.wait = 0.0

    def try_take(self, cost: Cost, now: float) -> Reservation | float:
        """As :meth:`Quota.try_take`, out of the share; when it is short, more is asked for."""
        if self._down():
            return self._by_itself().try_take(cost, now)
        self._alone, self.quiet = None, 0
        short = False
        for share in self.shares:
            needed = getattr(cost, share.kind)
            if share.held < needed:
                short = True
                share.wanted = max(share.wanted, needed - share.held)
        if short:
            taken = super().try_take(NOTHING, now)
            self._ask(self)
            return max(now + max(self.wait, ASK_AGAIN), taken if isinstance(taken, (int, float)) else 0.0)
        taken = super().try_take(cost, now)
        if isinstance(taken, (int, float)):
            return taken
        self.spend(cost)
        return SharedReservation(taken, self)

    def spend(self, cost: Cost, sign: int = 1) -> None:
        """Take a cost out of the share, or put it back."""
        for share in self.shares:
            amount = sign * getattr(cost, share.kind)
            share.held -= amount
            share.used += amount

    def _by_itself(self) -> Quota:
        if self._alone is None:
            share = 1 / max(self._processes(), 1)
            scaled = {at: limit * share for at in KINDS if (limit := getattr(self.limits, at)) is not None}
            self._alone = Quota(replace(self.limits, **scaled))
            self._alone.held_until = self.held_until
            for held in self.shares:
                held.held = held.used = held.wanted = 0.0
        return self._alone

    def asking(self) -> list[Any]:
        """What to tell and ask of Redis; see the script. An idle share is given back."""
        found: list[Any] = []
        for share in self.shares:
            back = max(share.held, 0.0) if self.quiet >= QUIET and not share.wanted else 0.0
            ahead = (share.rate * AHEAD if share.rate else share.limit * PART) / max(self._processes(), 1)
            want = share.wanted + ahead if share.wanted else 0.0
            found += [share.name, share.capacity, share.rate, share.window, share.used, want, back]
            share.held -= back
            share.used = share.wanted = 0.0
        return found

    def given(self, answer: Sequence[bytes | str]) -> bool:
        """Take what was leased; whether there is any."""
        numbers = [float(value) for value in answer]
        self.wait = 0.0
        for share, give, wait in zip(self.shares, numbers[::2], numbers[1::2], strict=True):
            share.held += give
            self.wait = max(self.wait, wait)
        return any(give > 0 for give in numbers[::2])


class SharedReservation(Reservation):
    """What a call took of a share; settled once."""

    __slots__ = ("_quota", "_taken")

    def __init__(self, taken: Reservation, quota: SharedQuota) -> None:
        super().__init__(taken.cost, [])
        self._taken = taken
        self._quota = quota

    def settle(self, actual: Cost | None, now: float) -> None:
        """As :meth:`Reservation.settle`."""
        self._taken.settle(actual, now)
        self._quota.spend(self.cost, -1)
        self._quota.spend(NOTHING if actual is None else actual)
