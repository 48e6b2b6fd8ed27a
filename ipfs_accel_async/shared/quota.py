"""A rate limit that processes share: grants are local and synchronous, out of a share that is leased ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ipfs_accel_async.policy.allowance import MINUTE
from ipfs_accel_async.policy.quota import NOTHING, Cost, Limits, Quota, Reservation
from ipfs_accel_async.shared.share import KINDS, Share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ASK_AGAIN = 0.05
LINGER = 0.5
"""Seconds for which a call is awaited that could have asked again."""
LATE = 0.001
"""Added to what Redis says, as its clock and this one are not read at the same time."""
QUIET = 4
"""Signs of life without a call, after which a share is given back."""
SMALL = 16
"""Uses are told at once of a limit whose burst is no more than so many calls."""
TINY = 1e-6
NEVER = float("inf")


class SharedQuota(Quota):
    """The windows of one (quota group, model), of which processes lease shares.

    What the service says, parks and limits that are learnt, counts in this process as ever. While Redis is down the
    share is a part of the limits, one for each process that was seen last.

    Args:
        name: On Redis.
        holder: Of the shares; no two quotas have the same one.
        limits: What is allowed to all processes together.
        ask: Is called when the share is short, and leases more.
        down: Whether Redis is.
        processes: How many there are.

    Attributes:
        name: See above.
        holder: See above.
        quiet: Signs of life since the last call.
        shares: What this process holds.
        serial: Of the last question.
        ends: When the leases end that were not renewed: from then on nothing is held.
        ask_at: When it is worth asking again.
    """

    __slots__ = (
        "_ask",
        "_down",
        "_own",
        "_own_part",
        "_processes",
        "ask_at",
        "ends",
        "holder",
        "name",
        "quiet",
        "serial",
        "shares",
    )

    def __init__(
        self,
        name: str,
        holder: str,
        limits: Limits,
        ask: Callable[[SharedQuota], None],
        down: Callable[[], bool],
        processes: Callable[[], int],
    ) -> None:
        super().__init__(limits)
        named = ((name, getattr(limits, name)) for name in KINDS)
        self.shares = [Share(name, limit, limits.burst_seconds) for name, limit in named if limit is not None]
        self.name = name
        self.holder = holder
        self._ask = ask
        self._down = down
        self._processes = processes
        self._own: Quota | None = None
        self._own_part = 0
        self.quiet = 0
        self.serial = 0
        self.ends = float("-inf")
        self.ask_at = float("-inf")

    def try_take(self, cost: Cost, now: float) -> Reservation | float:
        """As :meth:`Quota.try_take`, out of the share; when it is short, more is asked for."""
        self.quiet = 0
        down = self._down()
        if down or now >= self.ends:
            self._lose()
        if not down and self._short(cost):
            return self._later(now)
        alone = self._by_itself().try_take(self._fitting(cost), now)  # counts what Redis grants too, for when it goes
        own = None if isinstance(alone, (int, float)) else alone
        if down and isinstance(alone, (int, float)):
            return alone
        taken = super().try_take(cost, now)
        if isinstance(taken, (int, float)):
            if own is not None:
                own.settle(None, now)
            return taken
        if not down:
            self.spend(cost)
        return SharedReservation(taken, own, None if down else self)

    def spend(self, cost: Cost, before: Cost = NOTHING) -> None:
        """Take a cost out of the share, in place of what was taken before."""
        for share in self.shares:
            amount = getattr(cost, share.kind) - getattr(before, share.kind)
            share.held -= amount
            share.used += amount
            if share.rate and amount * SMALL > share.capacity:
                self._ask(self)

    def question(self, lease_seconds: float, now: float) -> list[str | float]:
        """What to tell and ask of Redis; see the script. An idle share is given back."""
        if now >= self.ends:
            self._lose()
        if now > self.ask_at + LINGER:
            self._forget()
        idle, processes = self.quiet >= QUIET, self._processes()
        self.serial += 1
        told = [value for share in self.shares for value in share.question(processes, idle=idle)]
        return [self.holder, lease_seconds, self.serial, *told]

    def answered(self, answer: Sequence[bytes | str], ends: float, now: float) -> bool:
        """Take what was leased; whether there is any.

        Args:
            answer: Of the script.
            ends: When the leases end.
            now: The time.

        Raises:
            ValueError: It is no answer of the script.
        """
        if not answer:
            return False  # to a question that came late
        *gives, wait = (float(value) for value in answer)
        if len(gives) != len(self.shares) or not all(0 <= value < NEVER for value in (*gives, wait)):
            raise ValueError("what Redis has under this quota is not ours")
        for share, give in zip(self.shares, gives, strict=True):
            share.acked = share.sent
            share.held += give
        self.ends = ends
        if wait > 0:
            self.ask_at = now + wait + LATE
        elif any(gives):
            self.ask_at = float("-inf")
        if wait > MINUTE or any(gives):
            self._forget()
        return any(gives)

    def rest(self) -> None:
        """No call comes any more."""
        self.quiet = QUIET
        self._forget()

    @property
    def idle(self) -> bool:
        """Whether there is nothing to tell Redis of, nor to ask."""
        return self.quiet > QUIET and not any(
            share.held or share.wanted or share.used != share.acked for share in self.shares
        )

    def _short(self, cost: Cost) -> bool:
        short = False
        for share in self.shares:
            needed = getattr(cost, share.kind)
            if share.held + TINY < needed:
                short = True
                share.wanted = max(share.wanted, needed)
        return short

    def _later(self, now: float) -> float:
        if now >= self.ask_at:
            self.ask_at = now + ASK_AGAIN
            self._ask(self)
        return max(self.ask_at, self.held_until)

    def _lose(self) -> None:
        for share in self.shares:
            share.held = 0.0

    def _forget(self) -> None:
        for share in self.shares:
            share.wanted = 0.0

    def _by_itself(self) -> Quota:
        part = max(self._processes(), 1)
        if self._own is None or part != self._own_part:
            scaled = {at: max(limit / part, 1.0) for at in KINDS if (limit := getattr(self.limits, at)) is not None}
            self._own, self._own_part = Quota(replace(self.limits, **scaled)), part
        return self._own

    def _fitting(self, cost: Cost) -> Cost:
        """A cost that the share of one process can bear: what fits all limits must not fail for Redis being down."""
        own = self._by_itself()
        name = own.too_large(cost)
        while name is not None:
            part = own.limit_of(name) / own.cost_of(name, cost) * (1 - TINY)
            cost = Cost(min(cost.requests, 1), cost.input * part, cost.output * part, cost.cached * part)
            name = own.too_large(cost)
        return cost


class SharedReservation(Reservation):
    """What a call took of a share; settled once.

    Args:
        taken: Of this process' windows.
        own: Of its share for when Redis is down.
        quota: Whose shares it was taken of; None when Redis was down.
    """

    __slots__ = ("_own", "_quota", "_taken")

    def __init__(self, taken: Reservation, own: Reservation | None, quota: SharedQuota | None) -> None:
        super().__init__(taken.cost, [])
        self._taken = taken
        self._own = own
        self._quota = quota

    def settle(self, actual: Cost | None, now: float) -> None:
        """As :meth:`Reservation.settle`."""
        self._taken.settle(actual, now)
        if self._own is not None:
            self._own.settle(actual, now)
        if self._quota is not None:
            self._quota.spend(NOTHING if actual is None else actual, self.cost)
