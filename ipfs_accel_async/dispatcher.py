"""Who goes next: a priority queue of tickets, semaphores for the caps, one synchronous all-or-nothing grant.

Calls run in their caller's own task; what waits here are tickets. Every change of state is synchronous, so a ticket
that is cancelled at any point, even in the step it is granted, hands its permits on (docs/layers.md).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.admission import admit, where
from ipfs_accel_async.core import settle
from ipfs_accel_async.errors import AccelError, ClientClosedError, DispatcherError
from ipfs_accel_async.gates import UNUSED, give_back, take_all, tell_begun
from ipfs_accel_async.lanes import Grant, Lane
from ipfs_accel_async.tickets import Ticket
from ipfs_accel_async.types import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.lines import Group
    from ipfs_accel_async.types import Target

HIGH = int(Priority.HIGH)


class Dispatcher:
    """Middleware that holds a call back until it may be sent.

    Args:
        lane_for: Makes the lane of a target, on its first call.
    """

    def __init__(self, lane_for: Callable[[Target], Lane]) -> None:
        self._lane_for = lane_for
        self._sequence = 0
        self._waiting = 0
        self._closed = False
        self.lanes: dict[tuple[str, str], Lane] = {}

    async def __call__(self, call: Call, next: Handler) -> Result:  # noqa: A002
        """Send `call` on, when its turn has come, with the key that was lent to it.

        Raises:
            QueueFullError: There is no room to wait.
            ClientClosedError: The client is closed.
            DispatcherError: A gate failed.
        """
        lane = self._lane(call.target)
        if self._closed:
            raise _closed(call, "the client is closed")
        trace = call.trace
        before = trace.queue_seconds
        try:
            grant = None
            if lane.room(call.priority <= HIGH) and (not lane.queue.waiting or lane.queue.free_for(call)):
                grant = self._take(lane, call)
            if not isinstance(grant, Grant):
                grant = await self._wait(lane, call)
            elif lane.queue.waiting:
                self._grant()  # with the last common place taken, what is reserved may go past those that wait for it
        except BaseException as error:
            now = asyncio.get_running_loop().time()
            trace.refuse(call.operation, call.target, now, trace.queue_seconds - before, error)
            raise
        sent = call.granted(grant.key, trace.endpoint) if lane.spread else call.with_key(grant.key)
        grant.attempt = trace.begin(call.operation, sent.target, grant.since, trace.queue_seconds - before)
        reply = await settle(next(sent), grant.release)
        if grant.lane is not None:  # a stream has begun, and goes on holding it
            tell_begun(grant.leases, asyncio.get_running_loop().time())
        return reply

    def room(self, target: Target) -> bool:
        """Whether a call to `target` would go at once."""
        lane = self.lanes.get((target.provider, target.endpoint))
        return lane is None or (lane.room(high=False) and not lane.queue.waiting)

    def wake(self) -> None:
        """Ask again for all that waits: caps, keys or limits were changed from outside."""
        for lane in self.lanes.values():
            lane.queue.release()
        self._grant()

    def _lane(self, target: Target) -> Lane:
        key = (target.provider, target.endpoint)
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = self._lane_for(target)
        return lane

    def _take(self, lane: Lane, call: Call) -> Grant | float:
        """Everything or nothing, without an await. The caps have room: the caller looked."""
        now = asyncio.get_running_loop().time()
        try:
            leases = take_all(lane.gates, call, now)
        except AccelError:
            raise
        except Exception as error:
            message = f"a gate of the dispatcher failed with {type(error).__name__}; the call was not sent"
            raise DispatcherError(message, **where(call)) from error
        if isinstance(leases, float):
            return leases
        high = call.priority <= HIGH
        for cap in lane.caps:
            cap.take(high)
        lane.active += 1
        if lane.active > lane.peak_active:
            lane.peak_active = lane.active
        return Grant(self._take_back, lane, leases, now, high)

    def _take_back(self, grant: Grant, lane: Lane, outcome: Outcome) -> None:
        """Return the permits of an attempt; its grant calls this, once."""
        now = asyncio.get_running_loop().time()
        give_back(grant.leases, outcome, now)
        attempt = grant.attempt
        if attempt is not None:
            lane.service.add(now - grant.since)
            attempt.ended = now
            attempt.outcome = outcome.kind
            if outcome.error is not None:
                attempt.error = type(outcome.error).__name__
        lane.active -= 1
        for cap in lane.caps:
            cap.give(grant.high)
        if self._waiting:
            self.wake()

    async def _wait(self, lane: Lane, call: Call) -> Grant:
        loop = asyncio.get_running_loop()
        ticket = Ticket(call, loop.create_future(), call.priority <= HIGH, call.tags.get("tenant", ""))
        self._sequence += 1
        admit(lane, ticket, self._sequence, loop.time())
        call.trace.phase = "queue"
        since = loop.time()
        self._waiting += 1
        try:
            self._grant()  # gates may be what the call waits for: then this arms their timer
            await ticket.future
        except BaseException:
            if ticket.grant is not None:
                ticket.grant.release(UNUSED)
            elif lane.queue.drop(ticket):
                self._grant()  # others were held behind it
            raise
        finally:
            self._waiting -= 1
            call.trace.queue_seconds += loop.time() - since
        assert isinstance(ticket.grant, Grant)  # noqa: S101 - a resolved ticket has one; narrows the type
        return ticket.grant

    def _grant(self) -> None:
        """Let go every ticket that may, best first. Runs when a ticket comes, a permit returns or a timer fires."""
        while (found := self._next()) is not None:
            lane, ticket = found
            try:
                grant = self._take(lane, ticket.call)
            except AccelError as error:
                lane.queue.drop(ticket)
                ticket.future.set_exception(error)
                continue
            if isinstance(grant, Grant):
                lane.queue.take(ticket)
                ticket.grant = grant
                ticket.future.set_result(None)
            else:
                self._hold(ticket, grant)

    def _next(self) -> tuple[Lane, Ticket] | None:
        """The ticket that goes next, of all lanes that have room for one."""
        best = None
        for lane in self.lanes.values():
            if lane.queue.waiting and lane.room(high=True):
                ticket = lane.queue.head(high=not lane.room(high=False))
                if ticket is not None and (best is None or ticket.rank < best[1].rank):
                    best = lane, ticket
        return best

    def _hold(self, ticket: Ticket, at: float) -> None:
        """Let a ticket and those behind it wait until the instant that a gate named, or something is given back."""
        assert ticket.line is not None  # noqa: S101 - what waits is in a line; narrows the type
        group = ticket.line.group
        group.held = ticket
        if group.timer is not None and group.timer.when() != at:
            group.timer.cancel()
            group.timer = None
        if group.timer is None and at != float("inf"):
            group.timer = asyncio.get_running_loop().call_at(at, self._ask, group)

    def _ask(self, group: Group) -> None:
        group.timer = None
        self.wake()  # others may be due in the same instant, and go first

    def close(self) -> None:
        """Admit nobody any more and fail all who wait. Idempotent."""
        self._closed = True
        for lane in self.lanes.values():
            lane.queue.release()
            while (ticket := lane.queue.head(high=False)) is not None:
                lane.queue.drop(ticket)
                ticket.future.set_exception(_closed(ticket.call, "the client was closed while the call waited"))


def _closed(call: Call, why: str) -> ClientClosedError:
    return ClientClosedError(why, **where(call))
