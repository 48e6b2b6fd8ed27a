"""A gathering by itself: when what goes, what is counted meanwhile, and that nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async.answers import Embeddings
from ipfs_accel_async.batching.gathering import Gathering
from ipfs_accel_async.batching.members import Member
from ipfs_accel_async.batching.rules import Rules
from ipfs_accel_async.batching.texts import Texts
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import BadRequestError, ClientClosedError, QueueFullError, ServerError
from ipfs_accel_async.policy.batch import Bounds
from ipfs_accel_async.policy.spreading import NEVER, Spreading
from ipfs_accel_async.types import EmbedRequest
from tests.doubles import a_call

VARIABLE: ContextVar[str] = ContextVar("variable", default="none")


class Fixed(Spreading):
    """Requests of a fixed share; writes down what it is told, and in which context."""

    def __init__(self, share: int, enough: int) -> None:
        super().__init__()
        self.fixed = share, enough
        self.aloft: list[int] = []
        self.learnt: list[float] = []
        self.seen: set[str] = set()

    def learn(self, overlap: float) -> None:
        """How far requests that left together overlapped."""
        self.learnt.append(overlap)

    def share(self, waiting: int, aloft: int, places: int) -> int:
        """The share."""
        self.seen.add(VARIABLE.get())
        return self.fixed[0]

    def enough(self, aloft: int, places: int) -> int:
        """Enough."""
        self.aloft.append(aloft)
        return self.fixed[1]


class Crew:
    """A gathering and its service, which answers after so many seconds."""

    def __init__(self, seconds: float = 100.0, *, share: int = 1_000, enough: int = NEVER, **more: Any) -> None:
        self.spreading = Fixed(share, enough)
        given: dict[str, Any] = {"places": 3, "aging": 10.0, "most_waiting": 4, "told_by": "", "bounds": Bounds(1_000)}
        given |= {"form": Texts(), "timeout": 5.0, "described": False, "table": None, "limited": False}
        self.rules = Rules(**given | more, single_flight=True, spreading=self.spreading)
        self.seconds = seconds
        self.sent: list[tuple[float, tuple[str, ...]]] = []
        self.asked: list[Call] = []
        self.rests = 0
        self.members: list[Member] = []
        self.gathering = Gathering(self.rules, self.answer, {}, lambda _: None, self.rest)

    def rest(self) -> None:
        """Nobody waits and nothing is under way."""
        self.rests += 1

    async def answer(self, call: Call) -> Embeddings:
        """Answer after a while; what is asked of the server itself never is."""
        if call.operation == "info":
            self.asked.append(call)
            await asyncio.sleep(10)
            raise ServerError("nothing to tell", target=call.target)
        texts = call.payload.texts  # type: ignore[union-attr]
        self.sent.append((asyncio.get_running_loop().time(), texts))
        if "bad" in texts:
            raise BadRequestError("one is bad", target=call.target)
        await asyncio.sleep(self.seconds if texts != ("short",) else 10.0)
        return Embeddings(target=call.target, vectors=np.zeros((len(texts), 2), np.float32))

    def join(self, text: str, tokens: int = 1, size: int = 1, *, same: bool = True, **more: Any) -> Member:
        """One text more; without `same` it may go by itself."""
        payload = EmbedRequest((text,))
        call = replace(a_call(), operation="embed", payload=payload, request_id=text, **more)
        future = self.gathering.loop.create_future()
        member = Member(call, payload, (1, tokens, size), future, whole=True, same=(text,) if same else None)
        self.gathering.join(member)
        self.members.append(member)
        self.counted()
        return member

    async def end(self) -> None:
        """Leave nothing."""
        self.gathering.close()
        tasks = self.gathering.end()
        if tasks:
            await asyncio.wait(tasks)
        for member in self.members:
            if member.future.done():
                member.future.exception()

    def counted(self) -> None:
        """What is counted is what waits."""
        inside = self.gathering
        waiting = list(inside._waiting)
        sums = [sum(getattr(member, what) for member in waiting) for what in ("items", "tokens", "bytes")]
        assert [inside._items, inside._tokens, inside._bytes] == sums

    @property
    def timer(self) -> bool:
        """Whether a timer runs."""
        return self.gathering._timer is not None

    @property
    def soon(self) -> bool:
        """Whether it sends at the end of this step."""
        return self.gathering._soon is not None


Crews = Callable[..., Crew]


@pytest.fixture
async def a_crew() -> AsyncIterator[Crews]:
    """Makes crews, and ends what is left of them."""
    made: list[Crew] = []

    def make(*args: Any, **more: Any) -> Crew:
        made.append(Crew(*args, **more))
        return made[-1]

    yield make
    for crew in made:
        await crew.end()


@pytest.mark.parametrize("bounds", [Bounds(100, tokens=10), Bounds(100, bytes=10)])
async def test_a_full_request_goes_at_once_and_the_rest_when_it_is_due(a_crew: Crews, bounds: Bounds) -> None:
    """By tokens or by bytes; who is left is counted anew."""
    crew = a_crew(bounds=bounds)
    crew.join("first")
    await asyncio.sleep(0)
    for text, weight in (("a", 7), ("b", 3), ("c", 4)):
        crew.join(text, weight, weight)
    await asyncio.sleep(0)
    crew.counted()
    assert crew.timer
    await asyncio.sleep(1)
    crew.join("d", 6, 6)
    assert crew.soon
    await asyncio.sleep(1)
    crew.join("e")
    assert (crew.soon, crew.timer) == (False, False)
    assert crew.sent == [(0.0, ("first",)), (0.0, ("a", "b")), (1.0, ("c", "d"))]
    await asyncio.sleep(100)
    assert crew.sent[3:] == [(101.0, ("e",))]
    await asyncio.sleep(101)
    assert (crew.gathering.flying, crew.gathering.batches, crew.rests) == (0, {}, 1)
    assert crew.spreading.aloft[-1] == 0


async def test_as_many_as_are_enough_go_at_once(a_crew: Crews) -> None:
    """They are not asked to fill a request; one less waits for the timer, which ends when nobody waits."""
    crew = a_crew(share=2, enough=2)
    crew.join("first")
    one = crew.gathering._soon
    crew.join("second")
    assert crew.gathering._soon is one
    await asyncio.sleep(0)
    assert (crew.gathering.flying, crew.spreading.aloft) == (1, [2])
    crew.join("a")
    assert (crew.soon, crew.timer) == (False, True)
    await asyncio.sleep(1)
    assert crew.sent == [(0.0, ("first", "second"))]
    crew.join("b")
    assert crew.soon
    await asyncio.sleep(0)
    assert (crew.soon, crew.timer, crew.gathering.flying) == (False, False, 2)
    await asyncio.sleep(0)
    assert crew.sent[1:] == [(1.0, ("a", "b"))]


async def test_where_no_place_is_free_no_timer_runs(a_crew: Crews) -> None:
    """What waits goes when a place is free and it is due, not before."""
    crew = a_crew(places=2, bounds=Bounds(1))
    for text in ("short", "long", "a"):
        crew.join(text)
    await asyncio.sleep(0)
    assert (crew.gathering.flying, crew.soon, crew.timer) == (2, False, False)
    crew.rules.bounds = Bounds(10)
    await asyncio.sleep(1)
    crew.join("b")
    assert (crew.soon, crew.timer) == (False, False)
    await asyncio.sleep(10)
    assert crew.timer
    await asyncio.sleep(10)
    assert crew.sent == [(0.0, ("short",)), (0.0, ("long",)), (15.0, ("a", "b"))]
    assert not crew.timer


async def test_the_timer_ends_with_the_last_place(a_crew: Crews) -> None:
    """Of those who wait with it, some fill a request."""
    crew = a_crew(places=2, bounds=Bounds(2))
    crew.join("first")
    await asyncio.sleep(0)
    crew.join("a")
    assert crew.timer
    crew.join("b")
    crew.join("c")
    await asyncio.sleep(0)
    assert (crew.gathering.flying, crew.timer) == (2, False)
    crew.counted()


async def test_a_request_that_lands_with_nobody_waiting_sends_nothing(a_crew: Crews) -> None:
    """While another one is under way."""
    crew = a_crew(bounds=Bounds(1))
    crew.join("short")
    crew.join("long")
    await asyncio.sleep(0)
    assert crew.gathering.flying == 2
    before = len(crew.spreading.seen)
    crew.spreading.seen.clear()
    await asyncio.sleep(11)
    assert (crew.gathering.flying, crew.spreading.seen, before, crew.soon) == (1, set(), 1, False)
    assert len(crew.gathering.batches) == 1


async def test_it_keeps_no_callers_context(a_crew: Crews) -> None:
    """Neither for what it sends soon, nor for its timer, nor for what it sends when a request lands."""
    crew = a_crew(places=2)
    VARIABLE.set("caller")
    for text in ("short", "later", "last"):
        crew.join(text)
        await asyncio.sleep(6)
    crew.join("more")
    await asyncio.sleep(200)
    assert len(crew.sent) >= 3
    crew.join("alone", same=False)
    await asyncio.sleep(0)
    crew.join("b")
    crew.gathering.landed(1)  # as its caller does
    await asyncio.sleep(1)
    assert crew.sent[-1][1] == ("b",)
    assert crew.spreading.seen == {"none"}


@pytest.mark.parametrize("same_priority", [True, False])
async def test_who_goes_first(a_crew: Crews, same_priority: bool) -> None:
    """In the order in which they joined; by rank and age where they differ."""
    crew = a_crew(10.0, places=1, bounds=Bounds(1))
    crew.join("first")
    await asyncio.sleep(5)
    crew.join("a", submitted=3.0, priority=1)
    crew.join("b", submitted=2.0 if same_priority else 5.0, priority=1 if same_priority else 0)
    await asyncio.sleep(40)
    assert [texts[0] for _, texts in crew.sent] == (["first", "a", "b"] if same_priority else ["first", "b", "a"])


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
