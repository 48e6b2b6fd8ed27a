"""A grant, and the lane of one endpoint in which calls wait for theirs."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Protocol

from ipfs_accel_async.policy.service_time import ServiceTime
from ipfs_accel_async.waitlist import Waitlist

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipfs_accel_async.call import Outcome
    from ipfs_accel_async.caps import Cap
    from ipfs_accel_async.gates import Gate, Lease
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.settings import Settings
    from ipfs_accel_async.trace import Attempt


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
