"""Who may wait: not those who would wait in vain, and not more than there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import DeadlineExceededError, QueueFullError

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.lanes import Lane
    from ipfs_accel_async.tickets import Ticket


def admit(lane: Lane, ticket: Ticket, sequence: int, now: float) -> None:
    """Give a ticket its rank and its place in the lane's queue.

    Args:
        lane: Where it waits.
        ticket: Of a call that cannot go at once.
        sequence: Decides between equal ranks.
        now: Loop time.

    Raises:
        DeadlineExceededError: Its turn would come after its deadline.
        QueueFullError: There is no room for it.
    """
    call, settings = ticket.call, lane.settings
    _refuse_late(lane, ticket, now)
    since = call.deadline if settings.queue_order == "deadline" else call.submitted
    ticket.rank = (since + call.priority * settings.priority_aging, sequence)
    policy = settings.queue_overflow_policy
    if policy != "wait" and lane.queue.waiting >= lane.queue_size:
        lane.rejections += 1
        victim = lane.queue.last(ticket) if policy == "drop-lowest" else ticket
        if victim is ticket:
            raise _full(lane, call, "the queue is full")
        lane.queue.drop(victim)
        victim.future.set_exception(_full(lane, victim.call, "displaced from a full queue by a higher priority"))
    lane.queue.put(ticket)
    lane.peak_waiting = max(lane.peak_waiting, lane.queue.waiting)


def _refuse_late(lane: Lane, ticket: Ticket, now: float) -> None:
    """Better refused now than at its deadline, after a wait for nothing."""
    call, places = ticket.call, lane.places
    if call.attempts or not lane.queue.waiting or places < 1 or lane.settings.queue_order == "deadline":
        return  # a retry has its age, and may go before others; so may who is in more of a hurry
    wait = lane.service.predicted_wait(lane.queue.ahead_of(ticket), places)
    left = call.deadline - now
    if wait is not None and wait > left:
        raise DeadlineExceededError(
            f"the queue would take some {wait:.1f} s, and the deadline is in {left:.1f} s: send less at once",
            **where(call),
        )


def _full(lane: Lane, call: Call, why: str) -> QueueFullError:
    message = f"{why}: {lane.active} in flight, {lane.queue.waiting} waiting; raise queue_size, or send less at once"
    return QueueFullError(message, **where(call))


def where(call: Call) -> dict[str, Any]:
    """What every error of a call that waited says of it."""
    return {"target": call.target, "request_id": call.request_id, "attempts": call.attempts, "phase": "queue"}
