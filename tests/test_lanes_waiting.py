"""The waitlist of a lane by itself: who is first, what is held, and what is left in memory."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ipfs_accel_async.options import Options
from ipfs_accel_async.tickets import Ticket
from ipfs_accel_async.types import Priority
from ipfs_accel_async.waitlist import Waitlist
from tests.doubles import TARGET, a_call


class Clerk:
    """Makes tickets of rising numbers."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(
        self, rank: float = 0.0, *, model: str = "m", tenant: str = "", high: bool = False, key: str = ""
    ) -> Ticket:
        self.number += 1
        priority = Priority.HIGH if high else Priority.NORMAL
        call = a_call(priority=priority, target=replace(TARGET, model=model), options=Options(key=key))
        ticket = Ticket(call, asyncio.get_running_loop().create_future(), high, tenant)
        ticket.rank = (rank, self.number)
        return ticket


@pytest.fixture
def ticket() -> Clerk:
    """Makes tickets."""
    return Clerk()


def filled(*tickets: Ticket, **weights: float) -> Waitlist:
    """A waitlist with these."""
    waitlist = Waitlist(weights, mirrored=True)
    for one in tickets:
        waitlist.put(one)
    return waitlist


def drained(waitlist: Waitlist) -> list[Ticket]:
    """All tickets in the order they go."""
    order = []
    while (head := waitlist.head(high=False)) is not None:
        waitlist.take(head)
        order.append(head)
    return order


async def test_models_go_by_rank(ticket: Clerk) -> None:
    """Whichever group a ticket is in."""
    a, b, c, d = ticket(3.0), ticket(1.0, model="n"), ticket(2.0), ticket(4.0, model="o", key="k")
    waitlist = filled(a, b, c, d)
    assert set(waitlist.groups) == {("m", ""), ("n", ""), ("o", "k")}
    assert drained(waitlist) == [b, c, a, d]
    assert (waitlist.waiting, waitlist.groups, waitlist.kept) == (0, {}, 0)


async def test_only_high_ones_are_seen_where_only_they_may_go(ticket: Clerk) -> None:
    """The best of them, or nobody."""
    low, high, urgent = ticket(1.0), ticket(5.0, high=True), ticket(4.0, high=True, model="n")
    waitlist = filled(low, high, urgent)
    assert waitlist.head(high=True) is urgent
    assert waitlist.head(high=False) is low
    waitlist.drop(urgent)
    assert waitlist.head(high=True) is high
    waitlist.drop(high)
    assert waitlist.head(high=True) is None


async def test_a_held_group_is_passed_over_until_it_is_released_or_overtaken(ticket: Clerk) -> None:
    """Another model goes; a ticket that comes before the held one is seen, one that comes after it is not."""
    first, other = ticket(2.0), ticket(3.0, model="n")
    waitlist = filled(first, other)
    group = waitlist.groups["m", ""]
    group.held = first
    assert waitlist.head(high=False) is other
    waitlist.put(ticket(2.5))
    assert waitlist.head(high=False) is other
    better = ticket(1.0)
    waitlist.put(better)
    assert waitlist.head(high=False) is better
    waitlist.drop(better)
    assert waitlist.head(high=False) is other
    waitlist.release()
    assert waitlist.head(high=False) is first


async def test_dropping_tells_whether_others_were_held_behind_it(ticket: Clerk) -> None:
    """Only the ticket that was refused held anybody, and only if somebody is left."""
    first, second, third = ticket(1.0), ticket(2.0), ticket(3.0)
    waitlist = filled(first, second, third)
    waitlist.groups["m", ""].held = first
    assert not waitlist.drop(third)
    assert waitlist.drop(first)
    assert not waitlist.drop(first)
    assert waitlist.waiting == 1
    waitlist.groups["m", ""].held = second
    assert not waitlist.drop(second)
    assert waitlist.groups == {}
    assert not waitlist.drop(ticket())


async def test_a_group_that_empties_leaves_no_timer(ticket: Clerk) -> None:
    """It would wake the dispatcher for nobody."""
    only = ticket()
    waitlist = filled(only)
    timer = asyncio.get_running_loop().call_at(50.0, print)
    group = waitlist.groups["m", ""]
    group.timer = timer
    waitlist.drop(only)
    assert timer.cancelled()
    assert group.timer is None


async def test_ahead_are_the_own_tenants_of_the_same_or_a_better_priority(ticket: Clerk) -> None:
    """Of all models that go, and of the own one also while it is held."""
    held, others = ticket(model="held"), [ticket(), ticket(high=True), ticket(model="n"), ticket(tenant="t")]
    waitlist = filled(held, ticket(model="held"), *others)
    waitlist.groups["held", ""].held = held
    assert waitlist.ahead_of(ticket()) == 3
    assert waitlist.ahead_of(ticket(high=True)) == 1
    assert waitlist.ahead_of(ticket(model="held")) == 5
    assert waitlist.ahead_of(ticket(tenant="t")) == 1
    assert waitlist.ahead_of(ticket(tenant="u")) == 0
    waitlist.drop(others[1])
    assert waitlist.ahead_of(ticket(high=True)) == 0
    waitlist.release()
    assert waitlist.ahead_of(ticket()) == 4


async def test_tickets_that_died_are_not_seen(ticket: Clerk) -> None:
    """A cancelled caller's future is done before its task has run: the next one is first already."""
    dead, live, gone = ticket(1.0), ticket(2.0), ticket(3.0, model="n")
    waitlist = filled(dead, live, gone)
    dead.future.cancel()
    gone.future.cancel()
    assert waitlist.head(high=False) is live
    assert waitlist.waiting == 3
    assert waitlist.last(ticket(1.5)) is live
    for one in (dead, gone, live):
        waitlist.drop(one)
    assert (waitlist.waiting, waitlist.groups, waitlist._mirrors) == (0, {}, {})


async def test_who_can_be_displaced_for_nobody_goes_himself(ticket: Clerk) -> None:
    """The fullest tenant's calls were all cancelled in this very step: the newcomer is the one without a place."""
    dead = [ticket(float(number), tenant="t") for number in range(3)]
    waitlist = filled(*dead)
    for one in dead:
        one.future.cancel()
    newcomer = ticket(9.0)
    assert waitlist.last(newcomer) is newcomer


async def test_the_last_of_a_tenant_is_the_one_of_the_worst_rank(ticket: Clerk) -> None:
    """Whatever the order they came in; of equal ranks the youngest."""
    middle, worst, best = ticket(2.0), ticket(3.0), ticket(1.0)
    waitlist = filled(middle, worst, best)
    assert waitlist.last(ticket(0.0)) is worst
    waitlist.drop(worst)
    assert waitlist.last(ticket(0.0)) is middle
    younger = ticket(2.0)
    waitlist.put(younger)
    assert waitlist.last(ticket(0.0)) is younger


async def test_where_nobody_is_displaced_no_second_order_is_kept(ticket: Clerk) -> None:
    """The newcomer is the one without a place, whoever waits."""
    waitlist = Waitlist({})
    waitlist.put(ticket(9.0))
    newcomer = ticket(1.0)
    assert waitlist.last(newcomer) is newcomer
    assert waitlist._mirrors is None


@pytest.mark.parametrize(("count", "kept"), [(21, 3), (22, 3), (23, 4)])
async def test_the_second_order_is_swept_when_most_of_it_has_gone(ticket: Clerk, count: int, kept: int) -> None:
    """With more than twice those that wait and sixteen, and not before."""
    tickets = [ticket(float(number)) for number in range(count)]
    waitlist = filled(*tickets)
    assert waitlist._mirrors is not None
    for gone, one in enumerate(tickets[: count - kept], 1):
        waitlist.take(one)
        assert (waitlist.waiting, waitlist._mirrors[""].kept) == (count - gone, count)
    waitlist.take(tickets[count - kept])
    assert (waitlist.waiting, waitlist._mirrors[""].kept) == (kept - 1, kept - 1)
    assert waitlist.last(ticket(0.0)) is tickets[-1]


async def test_one_that_is_first_again_after_a_better_one_left(ticket: Clerk) -> None:
    """Its line is entered twice with the same rank then, and lines are not compared."""
    first, better = ticket(5.0), ticket(1.0)
    waitlist = filled(first, better)
    assert waitlist.head(high=False) is better
    waitlist.drop(better)
    assert waitlist.head(high=False) is first
    assert drained(waitlist) == [first]


async def test_a_line_of_the_dead_is_forgotten(ticket: Clerk) -> None:
    """Whether its tickets are dropped before it is looked at or after; a new ticket of the tenant is seen again."""
    stays, dead, late = ticket(9.0), ticket(1.0, tenant="t"), ticket(2.0, tenant="u")
    waitlist = filled(stays, dead, late)
    group = waitlist.groups["m", ""]
    dead.future.cancel()
    waitlist.drop(late)
    assert waitlist.head(high=False) is stays
    assert set(group.lines) == {("", False), ("t", False)}
    waitlist.drop(dead)
    assert set(group.lines) == {("", False)}
    again = ticket(1.0, tenant="t")
    waitlist.put(again)
    again.future.cancel()
    assert waitlist.head(high=False) is stays
    third = ticket(2.0, tenant="t")
    waitlist.put(third)
    assert waitlist.head(high=False) is third


async def test_newcomers_that_are_always_first_leave_nothing_behind(ticket: Clerk) -> None:
    """Each goes before all others and is taken, ten thousand times: the heaps stay small."""
    waitlist = filled(*(ticket(1e6 + number) for number in range(10)))
    group = waitlist.groups["m", ""]
    for number in range(10_000):
        waitlist.put(ticket(-float(number)))
        head = waitlist.head(high=False)
        assert head is not None
        assert head.rank[0] == -number
        waitlist.take(head)
        assert len(group.others) <= 2 * 1 + 16
    assert len(drained(waitlist)) == 10
