"""Who goes next: a priority queue of tickets, semaphores for the caps, one synchronous all-or-nothing grant.

Calls run in their caller's own task; what waits here are tickets. Every change of state is synchronous, so a ticket
that is cancelled at any point, even in the step it is granted, hands its permits on (docs/layers.md).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.core import settle
from ipfs_accel_async.errors import ClientClosedError, DeadlineExceededError, QueueFullError, RejectedError
from ipfs_accel_async.lanes import UNUSED, Grant, Lane, Lease
from ipfs_accel_async.tickets import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.types import Target


class Dispatcher:
    """Middleware that holds a call back until it may be sent.

    Args:
        lane_for: Makes the lane of a target, on its first call.
        linked: Whether lanes share a cap, so that room in one may let another go.
    """

    def __init__(self, lane_for: Callable[[Target], Lane], *, linked: bool = False) -> None:
        self._lane_for = lane_for
        self._linked = linked
        self._sequence = 0
        self._closed = False
        self.lanes: dict[tuple[str, str], Lane] = {}

    async def __call__(self, call: Call, next: Handler) -> Result:  # noqa: A002
        """Send `call` on, when its turn has come, with the key that was lent to it.

        Raises:
            QueueFullError: There is no room to wait.
            ClientClosedError: The client is closed.
        """
        lane = self._lane(call.target)
        if self._closed:
            raise _closed(call, "the client is closed")
        trace = call.trace
        before = trace.queue_seconds
        try:
            grant = None if lane.queue.waiting or not lane.open else self._take(lane, call)
            if not isinstance(grant, Grant):
                grant = await self._wait(lane, call)
        except BaseException as error:
            now = asyncio.get_running_loop().time()
            trace.refuse(call.operation, call.target, now, trace.queue_seconds - before, error)
            raise
        grant.attempt = trace.begin(call.operation, call.target, grant.since, trace.queue_seconds - before)
        return await settle(next(call.with_key(grant.key)), grant.release)

    def room(self, target: Target) -> bool:
        """Whether a call to `target` would go at once."""
        lane = self.lanes.get((target.provider, target.endpoint))
        return lane is None or (lane.open and not lane.queue.waiting)

    def _lane(self, target: Target) -> Lane:
        key = (target.provider, target.endpoint)
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = self._lane_for(target)
        return lane

    def _take(self, lane: Lane, call: Call) -> Grant | float:
        """Everything or nothing, without an await. The caps have room: the caller looked."""
        leases: list[Lease] = []
        now = asyncio.get_running_loop().time()
        for gate in lane.gates:
            try:
                lease = gate.try_take(call, now)
            except RejectedError:
                _settle(leases, UNUSED, now)
                raise
            if isinstance(lease, float):
                _settle(leases, UNUSED, now)
                return lease
            leases.append(lease)
        for cap in lane.caps:
            cap.acquire_nowait()
        lane.active += 1
        lane.peak_active = max(lane.peak_active, lane.active)
        return Grant(self._take_back, lane, leases, now)

    def _take_back(self, grant: Grant, lane: Lane, outcome: Outcome) -> None:
        """Return the permits of an attempt; its grant calls this, once."""
        now = asyncio.get_running_loop().time()
        _settle(grant.leases, outcome, now)
        attempt = grant.attempt
        if attempt is not None:
            lane.service.add(now - grant.since)
            attempt.ended = now
            attempt.outcome = outcome.kind
            if outcome.error is not None:
                attempt.error = type(outcome.error).__name__
        lane.active -= 1
        for cap in lane.caps:
            cap.release()
        for waiting in self.lanes.values() if self._linked else (lane,):
            if waiting.queue.waiting:
                self._grant()
                return

    async def _wait(self, lane: Lane, call: Call) -> Grant:
        loop = asyncio.get_running_loop()
        ticket = Ticket(call, loop.create_future())
        self._admit(lane, ticket)
        call.trace.phase = "queue"
        since = loop.time()
        self._grant()  # gates may be what the call waits for: then this arms their timer
        try:
            await ticket.future
        except BaseException:
            if ticket.grant is not None:
                ticket.grant.release(UNUSED)
            else:
                lane.queue.drop(ticket)
            raise
        finally:
            call.trace.queue_seconds += loop.time() - since
        assert isinstance(ticket.grant, Grant)  # noqa: S101 - a resolved ticket has one; narrows the type
        return ticket.grant

    @staticmethod
    def _refuse_late(lane: Lane, call: Call) -> None:
        """Better refused now than at its deadline, after a wait for nothing."""
        if call.attempts or not lane.queue.waiting:  # a retry has its age, and may go before others
            return
        wait = lane.service.predicted_wait(lane.queue.ahead_of(call.priority), lane.places)
        left = call.deadline - asyncio.get_running_loop().time()
        if wait is not None and wait > left:
            raise DeadlineExceededError(
                f"the queue would take some {wait:.1f} s, and the deadline is in {left:.1f} s: send less at once",
                target=call.target,
                request_id=call.request_id,
                phase="queue",
            )

    def _admit(self, lane: Lane, ticket: Ticket) -> None:
        call, settings = ticket.call, lane.settings
        self._refuse_late(lane, call)
        self._sequence += 1
        rank = (call.submitted + call.priority * settings.priority_aging, self._sequence)
        if lane.queue.waiting >= settings.queue_size and settings.queue_overflow_policy != "wait":
            lane.rejections += 1
            victim = lane.queue.lowest() if settings.queue_overflow_policy == "drop-lowest" else None
            if victim is None or victim.rank <= rank:
                raise self._full(lane, call, "the queue is full")
            lane.queue.drop(victim)
            victim.future.set_exception(
                self._full(lane, victim.call, "displaced from a full queue by a higher priority")
            )
        ticket.rank = rank
        lane.queue.put(ticket)
        lane.peak_waiting = max(lane.peak_waiting, lane.queue.waiting)

    @staticmethod
    def _full(lane: Lane, call: Call, why: str) -> QueueFullError:
        message = (
            f"{why}: {lane.active} in flight, {lane.queue.waiting} waiting; raise queue_size, or send less at once"
        )
        return QueueFullError(
            message, target=call.target, request_id=call.request_id, attempts=call.attempts, phase="queue"
        )

    def _grant(self) -> None:
        """Let go every ticket that may, best first. Runs when a ticket comes, a permit returns or a timer fires."""
        held: set[int] = set()
        while True:
            ready = [
                (head.rank, lane)
                for lane in self.lanes.values()
                if id(lane) not in held and (head := lane.queue.head) is not None and lane.open
            ]
            if not ready:
                return
            lane = min(ready, key=lambda pair: pair[0])[1]
            ticket = lane.queue.take()
            try:
                grant = self._take(lane, ticket.call)
            except RejectedError as error:
                ticket.future.set_exception(error)
                continue
            if isinstance(grant, Grant):
                ticket.grant = grant
                ticket.future.set_result(None)
            else:
                lane.queue.put(ticket)
                held.add(id(lane))
                self._arm(lane, grant)

    def _arm(self, lane: Lane, at: float) -> None:
        if lane.ask_again is not None:
            lane.ask_again.cancel()
            lane.ask_again = None
        if at != float("inf"):
            lane.ask_again = asyncio.get_running_loop().call_at(at, self._grant)

    def close(self) -> None:
        """Admit nobody any more and fail all who wait. Idempotent."""
        self._closed = True
        for lane in self.lanes.values():
            self._arm(lane, float("inf"))
            while lane.queue.head is not None:
                ticket = lane.queue.take()
                error = _closed(ticket.call, "the client was closed while the call waited")
                ticket.future.set_exception(error)


def _settle(leases: Sequence[Lease], outcome: Outcome, now: float) -> None:
    for lease in leases:
        lease.settle(outcome, now)


def _closed(call: Call, why: str) -> ClientClosedError:
    return ClientClosedError(why, target=call.target, request_id=call.request_id, attempts=call.attempts, phase="queue")
