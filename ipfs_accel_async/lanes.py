"""What a grant is made of: caps, gates, and the lane of one endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ipfs_accel_async.call import Outcome
from ipfs_accel_async.policy.service_time import ServiceTime
from ipfs_accel_async.tickets import TicketQueue

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    import anyio

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.settings import Settings
    from ipfs_accel_async.trace import Attempt

UNUSED = Outcome("ignored")
"""What a guard hears of an attempt that was never made."""


class Lease(Protocol):
    """What a gate lends for one attempt."""

    @property
    def key(self) -> Secret | None:
        """The key to use, from the gate that lends keys."""

    def settle(self, outcome: Outcome, now: float) -> None:
        """Take it back and learn how it went. Called once."""


class Gate(Protocol):
    """One more condition of a grant: a key, a breaker's permit, tokens of a rate limit."""

    def try_take(self, call: Call, now: float) -> Lease | float:
        """A lease, or the instant to ask again (infinity: when something is given back).

        Raises:
            RejectedError: The call must not wait for this.
        """


class Grant:
    """Permits and leases of one attempt; :meth:`release` gives all back, once.

    Attributes:
        lane: None once it is released.
        leases: Of the gates.
        since: Loop time of the grant.
        key: The key that was lent.
        attempt: What is written down of it.
    """

    __slots__ = ("_take_back", "attempt", "key", "lane", "leases", "since")

    def __init__(
        self, take_back: Callable[[Grant, Lane, Outcome], None], lane: Lane, leases: Sequence[Lease], since: float
    ) -> None:
        self._take_back = take_back
        self.lane: Lane | None = lane
        self.leases = leases
        self.since = since
        self.key = next((lease.key for lease in leases if lease.key is not None), None)
        self.attempt: Attempt | None = None

    def release(self, outcome: Outcome) -> None:
        """Give everything back and let the next ticket go. Idempotent."""
        lane, self.lane = self.lane, None
        if lane is not None:
            self._take_back(self, lane, outcome)


class Lane:
    """What waits for, and what is in flight to, one endpoint of one provider.

    Args:
        caps: Semaphores that a call must hold, all of them.
        gates: Further conditions.
        settings: Size of the queue, its policy and aging.

    Attributes:
        service: How long places are held.
        places: Calls that can be in flight at once, as far as its own caps tell; shared ones may allow less.
    """

    def __init__(self, caps: Sequence[anyio.Semaphore], gates: Sequence[Gate], settings: Settings) -> None:
        self.caps = caps
        self.gates = gates
        self.settings = settings
        self.queue = TicketQueue(mirrored=settings.queue_overflow_policy == "drop-lowest")
        self.service = ServiceTime()
        self.places = min(settings.max_concurrent_requests, settings.max_concurrent_per_endpoint or 10**9)
        self.active = 0
        self.peak_active = 0
        self.peak_waiting = 0
        self.rejections = 0
        self.ask_again: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        """Whether every cap has room."""
        return all(cap.value for cap in self.caps)
