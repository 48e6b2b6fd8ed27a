"""The batcher by itself: which calls share a place, what single flight hands over to it, and whom it tells what."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async.answers import Embeddings
from ipfs_accel_async.batcher import Batcher
from ipfs_accel_async.batching.rules import Rules
from ipfs_accel_async.batching.texts import Texts
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import ClientClosedError, DeadlineExceededError, QueueFullError, RateLimitError
from ipfs_accel_async.options import Options
from ipfs_accel_async.policy.batch import Bounds
from ipfs_accel_async.types import EmbedRequest, Priority, Target
from tests.doubles import TARGET, a_call

OTHER = Target("other", "m", "http://127.0.0.1")


class Unlike(Texts):
    """Texts that are never equal."""

    def same(self, payload: Any) -> None:
        """Nobody's are."""


def rules(**more: Any) -> Rules:
    """Rules of up to three texts and thirty tokens a request."""
    given: dict[str, Any] = {
        "form": Texts(),
        "bounds": Bounds(3, tokens=30),
        "timeout": 0.5,
        "places": 2,
        "aging": 30.0,
        "most_waiting": 100,
        "described": False,
        "told_by": "",
        "table": None,
        "limited": False,
        "single_flight": True,
    }
    return Rules(**given | more)


class Book:
    """Rules by provider; counts how often it was asked. It is also the codec of a model that it knows."""

    def __init__(self, own: Rules | None) -> None:
        self.own = {"openai": own, "other": own}
        self.asked: list[Call] = []
        self.stacked: list[Call] = []

    def of(self, call: Call) -> Rules | None:
        """The rules for a call."""
        self.asked.append(call)
        return self.own[call.target.provider]

    def codec(self, call: Call) -> Book:
        """Itself."""
        return self

    def stacks(self, call: Call, description: Any) -> bool:
        """Yes."""
        self.stacked.append(call)
        return True

    def fitted(self, call: Call, description: Any) -> Any:
        """As it is."""
        return call.payload


class Service:
    """Answers calls after a second with as many vectors as there are texts, unless their deadline is before."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def __call__(self, call: Call) -> Embeddings:
        """Answer, or be late."""
        self.calls.append(call)
        left = call.deadline - asyncio.get_running_loop().time()
        await asyncio.sleep(min(1.0, left))
        if left < 1:
            raise DeadlineExceededError("the deadline passed", target=call.target, phase="queue")
        made = np.zeros((len(call.payload.texts), 2), np.float32)  # type: ignore[union-attr]
        return Embeddings(target=call.target, vectors=made)


def embed(*texts: str, **more: Any) -> Call:
    """A call of some texts."""
    return replace(a_call(), **{"operation": "embed", "payload": EmbedRequest(texts), **more})


def a_batcher(own: Rules | None) -> tuple[Batcher, Book, list[tuple[Call, int]]]:
    """A batcher, its rules, and what it has counted."""
    book, counted = Book(own), []
    return Batcher(book, lambda _: None, lambda call, count: counted.append((call, count))), book, counted  # type: ignore[arg-type,return-value]


LONG, OFF = "x" * 200, Options(cache="off")


@pytest.mark.parametrize(
    ("own", "texts", "more", "shared"),
    [
        ({}, ["a"], {}, True),
        ({}, ["a", "b", "c"], {}, True),
        ({}, [LONG], {}, True),
        ({}, [LONG, "a"], {}, False),
        ({}, ["a", "b", "c", "d"], {}, False),
        ({}, ["a"], {"operation": "chat"}, False),
        ({}, ["a"], {"idempotent": False}, False),
        ({}, ["a"], {"options": OFF}, False),
        ({}, ["a"], {"payload": EmbedRequest(("a",), {"odd": object()})}, False),
        ({}, ["a"], {"fallbacks": (OTHER,)}, True),
        ({"single_flight": False}, ["a"], {}, False),
        ({"described": True}, ["a"], {}, False),
        ({"form": Unlike()}, ["a"], {}, False),
        (None, ["a"], {}, False),
    ],
)
async def test_who_may_share_a_place(own: Any, texts: list[str], more: dict[str, Any], shared: bool) -> None:
    """Calls that one request carries whole, whose equals can be told, and whose callers want to share."""
    batcher, _, _ = a_batcher(None if own is None else rules(**own))
    assert batcher.shares(embed(*texts, **more)) is shared


async def test_with_fallbacks_every_target_must_let_equals_share() -> None:
    """One that does not leaves the call to single flight."""
    batcher, book, _ = a_batcher(rules())
    book.own["other"] = None
    assert not batcher.shares(embed("a", fallbacks=(OTHER,)))
    assert not batcher.shares(embed("a", target=OTHER, fallbacks=(TARGET,)))


async def test_what_single_flight_has_asked_is_not_asked_again() -> None:
    """The rules are looked up once for a call, and never taken for those of another call."""
    batcher, book, counted = a_batcher(rules())
    service, one, other = Service(), embed("a"), embed("b")
    assert batcher.shares(one)
    await batcher(one, service)
    assert book.asked == [one]
    assert batcher.shares(one)
    book.own["openai"] = None
    await batcher(other, service)
    assert book.asked == [one, one, other]
    assert service.calls[1] is other
    assert (batcher.led, batcher.shared, counted) == (1, 0, [])


async def test_places_are_counted_and_the_first_of_a_request_is_told() -> None:
    """Two places led, one shared; the request that three calls had is counted under the first of them."""
    batcher, _, counted = a_batcher(rules())
    calls = [embed("a"), embed("b"), embed("a")]
    service = Service()
    await asyncio.gather(*(batcher(call, service) for call in calls))
    assert len(service.calls) == 1
    assert (batcher.led, batcher.shared) == (2, 1)
    assert counted == [(calls[0], 2)]


async def test_one_item_beyond_the_bounds_goes_as_it_is() -> None:
    """It is not cut: there is nothing to cut."""
    batcher, _, _ = a_batcher(rules())
    service, call = Service(), embed(LONG, options=OFF)
    await batcher(call, service)
    assert [one is call for one in service.calls] == [True]


async def test_a_call_that_is_cut_waits_in_no_queue_that_is_full() -> None:
    """It is refused, and the error knows whose it is."""
    batcher, _, _ = a_batcher(rules(most_waiting=2, places=1))
    service = Service()
    tasks = [asyncio.ensure_future(batcher(embed("a"), service))]  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    tasks += [asyncio.ensure_future(batcher(embed(text), service)) for text in "bc"]  # type: ignore[arg-type]
    await asyncio.sleep(0.1)
    for texts in (["d", "e", "f", "g"], ["d"]):
        with pytest.raises(QueueFullError) as caught:
            await batcher(embed(*texts, request_id="mine"), service)
        assert (caught.value.target, caught.value.request_id) == (TARGET, "mine")
    await asyncio.gather(*tasks)


async def test_a_call_asks_anew_once() -> None:
    """It shared a request with less time than its own twice: the second time it is told so."""
    batcher, _, _ = a_batcher(rules())
    service = Service()

    def call(deadline: float, priority: int = Priority.NORMAL) -> asyncio.Task[Any]:
        made = batcher(embed("a", deadline=deadline, priority=priority), service)
        return asyncio.ensure_future(made)  # type: ignore[arg-type]

    first = call(0.7)
    await asyncio.sleep(0.1)
    patient = call(20.0)
    await asyncio.sleep(0)
    urgent = call(1.2, Priority.HIGH)  # a request of its own, half a second later
    made = await asyncio.gather(first, urgent, patient, return_exceptions=True)
    assert [type(one) for one in made] == [DeadlineExceededError] * 3
    assert asyncio.get_running_loop().time() == 1.2
    assert len(service.calls) == 2


async def test_a_model_is_asked_whether_this_call_can_be_stacked() -> None:
    """With its description; no other call is."""
    book = Book(rules(described=True))
    batcher = Batcher(book, lambda _: "known", lambda *_: None)  # type: ignore[arg-type,return-value]
    await batcher(call := embed("a"), Service())
    assert book.stacked == [call]


async def test_all_may_leave_while_a_server_is_asked_for_its_bounds() -> None:
    """The answer is for nobody then, and the loop hears of nothing."""
    heard: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    batcher, _, _ = a_batcher(rules(told_by="info"))

    async def refuses(call: Call) -> Any:
        await asyncio.sleep(1)
        raise RateLimitError("not now", target=call.target)

    tasks = [asyncio.ensure_future(batcher(embed(text), refuses)) for text in "ab"]  # type: ignore[arg-type]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await asyncio.sleep(1)
    assert heard == []
    assert batcher._gatherings == {}


async def test_closing_ends_what_is_under_way() -> None:
    """At once: nobody waits for the service; and closing again finds nothing to end."""
    batcher, _, _ = a_batcher(rules())
    tasks = [asyncio.ensure_future(batcher(embed(text), Service())) for text in "ab"]  # type: ignore[arg-type]
    await asyncio.sleep(0.5)
    batcher.close()
    assert not any(task.done() for task in tasks)
    for _ in range(2):
        await batcher.aclose()
    made = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in made] == [ClientClosedError] * 2
    assert asyncio.get_running_loop().time() == 0.5
