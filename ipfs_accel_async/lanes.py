"""What a grant is made of: caps, gates, and the lane of one endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ipfs_accel_async.call import Outcome
from ipfs_accel_async.tickets import TicketQueue

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    import anyio

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.config import Settings
    from ipfs_accel_async.keys import Secret

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
    """Permits and leases of one attempt; :meth:`release` gives all back, once."""

    __slots__ = ("_lane", "_leases", "_take_back", "key")

    def __init__(
        self, take_back: Callable[[Lane, Sequence[Lease], Outcome], None], lane: Lane, leases: Sequence[Lease]
    ) -> None:
        self._take_back = take_back
        self._lane: Lane | None = lane
        self._leases = leases
        self.key = next((lease.key for lease in leases if lease.key is not None), None)

    def release(self, outcome: Outcome) -> None:
        """Give everything back and let the next ticket go. Idempotent."""
        lane, self._lane = self._lane, None
        if lane is not None:
            self._take_back(lane, self._leases, outcome)


class Lane:
    """What waits for, and what is in flight to, one endpoint of one provider.

    Args:
        caps: Semaphores that a call must hold, all of them.
        gates: Further conditions.
        settings: Size of the queue, its policy and aging.
    """

    def __init__(self, caps: Sequence[anyio.Semaphore], gates: Sequence[Gate], settings: Settings) -> None:
        self.caps = caps
        self.gates = gates
        self.settings = settings
        self.queue = TicketQueue(mirrored=settings.queue_overflow_policy == "drop-lowest")
        self.active = 0
        self.peak_active = 0
        self.peak_waiting = 0
        self.rejections = 0
        self.ask_again: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        """Whether every cap has room."""
        return all(cap.value for cap in self.caps)
