"""The queue of tickets against a sorted list, and what dead tickets leave behind."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from ipfs_accel_async.tickets import Rank, Ticket, TicketQueue
from tests.doubles import a_call


def a_ticket(*rank: float) -> Ticket:
    """A ticket of some rank; the second number decides between equals."""
    ticket = Ticket(a_call(), asyncio.get_running_loop().create_future(), False, "")
    first, second = (*rank, 0)[:2]
    ticket.rank = (first, int(second))
    return ticket


def queued(*tickets: Ticket) -> TicketQueue:
    """A queue of these."""
    made = TicketQueue()
    for ticket in tickets:
        made.put(ticket)
    return made


def emptied(queue: TicketQueue) -> list[Rank]:
    """The ranks of all that is left, in the order they go."""
    ranks: list[Rank] = []
    while (ticket := queue.head) is not None:
        ranks.append(ticket.rank)
        queue.leave(ticket)
    return ranks


async def test_a_new_ticket_waits_for_nothing_yet() -> None:
    """Until it is queued: without a rank, a line and a grant of its own."""
    call, future = a_call(), asyncio.get_running_loop().create_future()
    ticket = Ticket(call, future, True, "a")
    assert (ticket.call, ticket.future, ticket.high, ticket.tenant) == (call, future, True, "a")
    assert (ticket.rank, ticket.line, ticket.grant, ticket.queued) == ((0.0, 0), None, None, False)
    assert not ticket.live


async def test_tickets_go_by_rank() -> None:
    """Whatever the order they came in, and whether the head was looked at between two of them."""
    for looks in (False, True):
        queue = TicketQueue()
        for rank in (5.0, 3.0, 4.0, 1.0, 2.0):
            queue.put(a_ticket(rank))
            if looks:
                assert queue.head is not None
        assert emptied(queue) == [(rank, 0) for rank in (1.0, 2.0, 3.0, 4.0, 5.0)]


async def test_equals_go_as_they_came() -> None:
    """By the second number; calls are never compared."""
    queue = queued(*(a_ticket(1.0, number) for number in (2, 0, 3, 1)))
    assert emptied(queue) == [(1.0, number) for number in range(4)]


async def test_the_head_stays_until_it_leaves() -> None:
    """Looking takes nothing; a better ticket takes its place without losing it."""
    middle, best = a_ticket(5.0), a_ticket(1.0)
    queue = queued(middle)
    assert queue.head is middle
    assert queue.head is middle
    queue.put(best)
    queue.put(a_ticket(9.0))
    assert queue.head is best
    assert (queue.waiting, queue.kept) == (3, 3)
    assert emptied(queue) == [(1.0, 0), (5.0, 0), (9.0, 0)]


async def test_an_empty_queue_has_no_head() -> None:
    """Nor one whose tickets are all dead, which are not kept either."""
    assert TicketQueue().head is None
    assert (TicketQueue().waiting, TicketQueue().kept) == (0, 0)
    queue = queued(*(a_ticket(float(rank)) for rank in range(3)))
    first = queue.head
    assert first is not None
    for entry in [first, *(ticket for ticket in others(queue) if ticket is not first)]:
        entry.future.cancel()
    assert queue.head is None
    assert queue.kept == 0
    assert queue.waiting == 3  # until each of them leaves
    queue.put(a_ticket(7.0))
    assert (queue.head or first).rank == (7.0, 0)


def others(queue: TicketQueue) -> list[Ticket]:
    """What stands behind the head."""
    inner: Any = queue._queue
    return [ticket for _, ticket in inner._queue]


async def test_the_dead_are_passed_over() -> None:
    """Those whose callers have given up, before anybody told the queue."""
    tickets = [a_ticket(float(rank)) for rank in range(4)]
    queue = queued(*tickets)
    tickets[0].future.cancel()
    tickets[2].future.cancel()
    assert not tickets[0].live
    assert queue.head is tickets[1]
    queue.leave(tickets[1])
    assert not tickets[1].queued
    assert queue.head is tickets[3]


async def test_one_that_left_is_not_the_head_again() -> None:
    """Nor kept, though nobody looked since."""
    only = a_ticket(1.0)
    queue = queued(only)
    assert queue.head is only
    queue.leave(only)
    assert (queue.waiting, queue.kept, queue.head) == (0, 0, None)


async def test_those_who_left_are_swept_when_they_are_most() -> None:
    """More than twice the living and sixteen stay in no memory; the living keep their order."""
    tickets = [a_ticket(float(rank)) for rank in range(60)]
    queue = queued(*tickets)
    for ticket in tickets[1::2]:
        queue.leave(ticket)
    assert (queue.waiting, queue.kept) == (30, 60)
    for gone, ticket in enumerate(tickets[2::2], 1):
        queue.leave(ticket)
        assert queue.waiting == 30 - gone
        assert queue.kept <= 2 * queue.waiting + 16 or queue.kept == queue.waiting
    assert queue.kept <= 18
    assert emptied(queue) == [(0.0, 0)]


async def test_sweeping_begins_above_the_bound() -> None:
    """With as many as that they stay; with one more the dead are gone, and only they."""
    tickets = [a_ticket(float(rank)) for rank in range(22)]
    queue = queued(*tickets)
    for ticket in tickets[:19]:
        queue.leave(ticket)
    assert (queue.waiting, queue.kept) == (3, 22)
    queue.leave(tickets[19])
    assert (queue.waiting, queue.kept) == (2, 2)
    assert emptied(queue) == [(20.0, 0), (21.0, 0)]


async def test_sweeping_keeps_the_order_of_the_living() -> None:
    """Of those in the middle too, wherever the dead were."""
    queue = TicketQueue()
    tickets = [a_ticket(float(number)) for number in range(60)]
    for one in tickets:
        queue.put(one)
    assert queue.head is tickets[0]
    for one in tickets[30:46]:
        queue.leave(one)
    assert (queue.waiting, queue.kept) == (44, 60)
    for one in tickets[1:30]:
        queue.leave(one)
    assert queue.waiting == 15
    assert queue.kept <= 2 * 16 + 17
    queue.leave(tickets[0])
    left = []
    while (head := queue.head) is not None:
        left.append(head)
        queue.leave(head)
    assert left == tickets[46:]


async def test_a_better_ticket_takes_the_place_of_the_first() -> None:
    """Also when the first was looked at already, and equal ranks go by number."""
    queue = TicketQueue()
    first, better, same = a_ticket(5.0, 1), a_ticket(1.0, 2), a_ticket(5.0, 3)
    queue.put(first)
    assert queue.head is first
    queue.put(same)
    assert queue.head is first
    queue.put(better)
    assert queue.head is better
    queue.leave(better)
    order: list[Any] = []
    while queue.head is not None:
        order.append(queue.head)
        queue.leave(queue.head)
    assert order == [first, same]
    assert queue.kept == 0


async def test_a_sweep_takes_no_longer_than_a_few_tickets() -> None:
    """Of a thousand, sixty-four are looked at with each that leaves, until all were; the first is always found."""
    tickets = [a_ticket(float(rank)) for rank in range(1_000)]
    queue = queued(*tickets)
    for ticket in tickets[:508]:
        queue.leave(ticket)
    assert (queue.waiting, queue.kept) == (492, 1_000)
    kept = []
    for ticket in tickets[508:524]:
        queue.leave(ticket)
        kept.append(queue.kept)
    assert kept[6] == 1_000  # those that stand last live
    assert [before - after for before, after in pairwise(kept)][8:-1] == [64] * 6
    assert queue.waiting == 476
    assert kept[-1] <= 476 + 16
    assert kept[-2] > 476 + 16
    assert emptied(queue) == [ticket.rank for ticket in tickets[524:]]


async def test_while_it_is_swept_the_first_of_both_parts_goes() -> None:
    """Of those that were looked at, those that were not yet, and those that have come since."""
    tickets = [a_ticket(float(rank)) for rank in range(400)]
    queue = queued(*tickets)
    for ticket in tickets[1:200]:
        queue.leave(ticket)
    assert queue.kept > 300  # the sweep has only begun
    queue.put(a_ticket(0.5))
    queue.put(a_ticket(250.5))
    assert (queue.head or tickets[1]).rank == (0.0, 0)
    expected = sorted([0.0, 0.5, 250.5, *(float(rank) for rank in range(200, 400))])
    assert emptied(queue) == [(rank, 0) for rank in expected]
    assert queue.kept == 0


async def test_the_first_may_be_in_the_part_that_is_swept() -> None:
    """Before anything has moved over, and when all that has moved goes later."""
    tickets = [a_ticket(float(rank)) for rank in range(300)]
    queue = queued(*tickets)
    for ticket in tickets[100:242]:
        queue.leave(ticket)
    queue.leave(tickets[299])
    assert queue.head is tickets[0]
    queue.leave(tickets[0])
    assert queue.head is tickets[1]
