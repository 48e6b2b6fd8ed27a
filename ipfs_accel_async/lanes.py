"""What a grant is made of: caps, gates, and the lane of one endpoint."""

from __future__ import annotations

import asyncio
from math import ceil
from typing import TYPE_CHECKING, Protocol

from ipfs_accel_async.call import Outcome
from ipfs_accel_async.policy.service_time import ServiceTime
from ipfs_accel_async.waitlist import Waitlist

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.caps import Cap
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.settings import Settings
    from ipfs_accel_async.trace import Attempt

UNUSED = Outcome("ignored")
"""What a guard hears of an attempt that was never made."""


class Lease(Protocol):
    """What a gate lends for one attempt. It may have ``begun(now)`` too, which hears of a stream's first token."""

    @property
    def key(self) -> Secret | None:
        """The key to use, from the gate that lends keys."""

    def settle(self, outcome: Outcome, now: float) -> None:
        """Take it back and learn how it went. Called once."""


class Gate(Protocol):
    """One more condition of a grant: a key, a breaker's permit, tokens of a rate limit.

    What it tells to wait holds back the calls to the same model that would go later, and no others.
    """

    def try_take(self, call: Call, now: float) -> Lease | float:
        """A lease, or the instant to ask again (infinity: when something is given back).

        Raises:
            RejectedError: The call must not wait for this.
        """


class Limits(Protocol):
    """A gate that says how many calls it lets go at once."""

    @property
    def limits(self) -> dict[str, int]:
        """By model."""

    @property
    def places(self) -> int:
        """Of all models together."""


class Grant:
    """Permits and leases of one attempt; :meth:`release` gives all back, once.

    Attributes:
        lane: None once it is released.
        leases: Of the gates.
        since: Loop time of the grant.
        high: Whether it may use what is reserved for high priority.
        key: The key that was lent.
        attempt: What is written down of it.
    """

    __slots__ = ("_take_back", "attempt", "high", "key", "lane", "leases", "since")

    def __init__(
        self,
        take_back: Callable[[Grant, Lane, Outcome], None],
        lane: Lane,
        leases: Sequence[Lease],
        since: float,
        high: bool,
    ) -> None:
        self._take_back = take_back
        self.lane: Lane | None = lane
        self.leases = leases
        self.since = since
        self.high = high
        self.key: Secret | None = None
        for lease in leases:  # a generator costs more, on every call
            if lease.key is not None:
                self.key = lease.key
                break
        self.attempt: Attempt | None = None

    def release(self, outcome: Outcome) -> None:
        """Give everything back and let the next ticket go. Idempotent."""
        lane, self.lane = self.lane, None
        if lane is not None:
            self._take_back(self, lane, outcome)


class Lane:
    """What waits for, and what is in flight to, one endpoint of one provider.

    Args:
        caps: What a call must hold a permit of, all of them.
        gates: Further conditions.
        settings: Size of the queue, its policy, order and aging.
        limits: The gate among them that finds the limit by itself, if there is one.
        spread: Whether a gate chooses the endpoint too.

    Attributes:
        service: How long places are held.
    """

    def __init__(
        self,
        caps: Sequence[Cap],
        gates: Sequence[Gate],
        settings: Settings,
        limits: Limits | None = None,
        *,
        spread: bool = False,
    ) -> None:
        self.spread = spread
        self.caps = caps
        self.gates = gates
        self.settings = settings
        self.queue = Waitlist(settings.tenant_weights, mirrored=settings.queue_overflow_policy == "drop-lowest")
        self.service = ServiceTime()
        self._limits = limits
        self.active = 0
        self.peak_active = 0
        self.peak_waiting = 0
        self.rejections = 0

    def room(self, high: bool) -> bool:
        """Whether every cap has a permit for a call of high priority, or of another."""
        for cap in self.caps:  # noqa: SIM110 - a generator costs more, on every call
            if not cap.permits.value or not (high or cap.others < cap.shared):
                return False
        return True

    @property
    def places(self) -> int:
        """Calls that can be in flight at once, as far as its own caps tell; what it shares may allow less."""
        least = min(cap.limit for cap in self.caps)
        return least if self._limits is None else min(least, self._limits.places)

    @property
    def adaptive(self) -> dict[str, int]:
        """The limits that were found, by model."""
        return {} if self._limits is None else self._limits.limits

    @property
    def queue_size(self) -> int:
        """Calls that may wait now."""
        most, each = self.settings.queue_size, self.settings.queue_per_place
        return most if each is None else min(most, ceil(each * self.places))


def give_back(leases: Sequence[Lease], outcome: Outcome, now: float) -> None:
    """Settle all leases, whatever one of them does."""
    for lease in leases:
        try:
            lease.settle(outcome, now)
        except Exception as error:  # noqa: BLE001 - whatever it is
            _report(error)


def tell_begun(leases: Sequence[Lease], now: float) -> None:
    """Tell those leases that listen that a stream was handed over with its first token."""
    for lease in leases:
        begun = getattr(lease, "begun", None)
        if begun is not None:
            try:
                begun(now)
            except Exception as error:  # noqa: BLE001 - whatever it is
                _report(error)


def _report(error: Exception) -> None:
    """A guard's fault is nobody's answer: the loop is told, and everything else goes its way."""
    message = f"a guard of the dispatcher failed with {type(error).__name__}"
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
