"""How the calls of a gathering end: refused, closed, left, halved; and what a server is asked before."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async.batching.members import Member
from ipfs_accel_async.errors import BadRequestError, ClientClosedError, QueueFullError
from ipfs_accel_async.policy.batch import Bounds
from tests.doubles import a_call
from tests.gathering import Crews


async def test_a_full_queue_says_so(a_crew: Crews) -> None:
    """With the number that waits, as the call's own error."""
    crew = a_crew(places=1)
    for number in range(5):
        crew.join(str(number))
        await asyncio.sleep(0)
    call = a_call(name="mine")
    with pytest.raises(QueueFullError, match="4 items wait to be sent; raise queue_size") as refused:
        crew.gathering.admit(call)
    assert (refused.value.phase, refused.value.target, refused.value.request_id) == ("queue", call.target, "mine")


async def test_closing_refuses_each_of_those_who_wait(a_crew: Crews) -> None:
    """With an error of its own; who shares a place too."""
    crew = a_crew(places=1)
    crew.join("first")
    await asyncio.sleep(0)
    waits = crew.join("a")
    equal = Member(waits.call, waits.payload, (1, 1, 1), crew.gathering.loop.create_future(), whole=True, same=("a",))
    assert crew.gathering.shares(equal)
    crew.gathering.close()
    crew.counted()
    errors = [member.future.exception() for member in (waits, equal)]
    assert errors[0] is not errors[1]
    for error in errors:
        assert isinstance(error, ClientClosedError)
        assert str(error) == "openai:m: the client was closed while the call waited for others"
        assert (error.phase, error.target, error.request_id) == ("queue", waits.call.target, "a")
    assert crew.rests == 0


async def test_the_last_one_who_leaves_ends_the_request(a_crew: Crews) -> None:
    """Its task is told to that one alone, who waits until it has ended."""
    crew = a_crew()
    members = [crew.join("a"), crew.join("b")]
    await asyncio.sleep(1)
    assert crew.gathering.leave(members[0]) is None
    task = crew.gathering.leave(members[1])
    assert task is not None
    await asyncio.wait((task,))
    await asyncio.sleep(0)
    assert (task.cancelled(), crew.gathering.batches, crew.gathering.flying, crew.rests) == (True, {}, 0, 1)


async def test_one_that_was_to_go_by_itself_may_leave_before_it_goes(a_crew: Crews) -> None:
    """Its place is free again, once."""
    crew = a_crew()
    member = crew.join("a", same=False)
    await asyncio.sleep(0)
    assert (crew.gathering.flying, member.future.result()) == (1, None)
    for _ in range(2):
        assert crew.gathering.leave(member) is None
        assert (crew.gathering.flying, crew.rests) == (0, 1)


async def test_a_server_is_asked_for_its_bounds_as_the_first_who_waits_would_be(a_crew: Crews) -> None:
    """As soon as two wait; they wait until it has answered, and when the client is closed it is not asked any more."""
    crew = a_crew(told_by="info")
    first = crew.join("a", priority=0)
    crew.join("b")
    await asyncio.sleep(1)
    assert [call.priority for call in crew.asked] == [first.call.priority]
    assert crew.sent == []
    (task,) = crew.gathering.end()
    await asyncio.wait((task,))
    assert task.cancelled()
    await asyncio.sleep(20)
    assert crew.sent == []


async def test_those_who_wait_go_when_a_server_was_asked_for_its_bounds(a_crew: Crews) -> None:
    """Whatever it said; one alone is not worth the question."""
    crew = a_crew(told_by="info")
    crew.join("alone")
    await asyncio.sleep(1)
    assert (crew.asked, crew.sent) == ([], [(0.0, ("alone",))])
    crew.join("a")
    crew.join("b")
    await asyncio.sleep(20)
    assert len(crew.asked) == 1
    assert crew.sent[1:] == [(16.0, ("a", "b"))]


async def test_what_is_refused_goes_in_halves(a_crew: Crews) -> None:
    """Until the bad one is alone."""
    crew = a_crew()
    members = [crew.join(text) for text in ("a", "b", "c", "d", "bad", "e", "f", "g")]
    await asyncio.sleep(1)
    assert [len(texts) for _, texts in crew.sent] == [8, 4, 4, 2, 2, 1, 1]
    assert isinstance(members[4].future.exception(), BadRequestError)


@pytest.mark.parametrize(("together", "learnt"), [(2, [1.0]), (3, [1.0]), (1, [])])
async def test_requests_that_leave_together_tell_how_far_they_overlap(
    a_crew: Crews, together: int, learnt: list[float]
) -> None:
    """Once, when the last of them is back; those that leave while one is under way tell nothing."""
    crew = a_crew(10.0, bounds=Bounds(1), places=5)
    for number in range(together):
        crew.join(str(number))
    await asyncio.sleep(5)
    crew.join("later")
    crew.join("and later")
    await asyncio.sleep(200)
    assert len(crew.sent) == together + 2
    assert crew.spreading.learnt == learnt
