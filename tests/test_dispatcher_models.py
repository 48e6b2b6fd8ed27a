"""What a gate holds back: its own model's calls, behind the first of them, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async.call import Call, Outcome
from ipfs_accel_async.caps import Cap
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.errors import DispatcherError, QueueFullError
from ipfs_accel_async.lanes import Lane
from ipfs_accel_async.options import Options
from ipfs_accel_async.settings import Settings
from ipfs_accel_async.types import Priority, Target
from tests.doubles import TARGET, Handler, a_call, a_dispatcher, a_stream, lane_of, quiet

OTHER = replace(TARGET, model="other")


class ModelGate:
    """Lets the calls of a model go from an instant on; counts what it was asked, and by whom."""

    key = None

    def __init__(self, at: Mapping[str, float]) -> None:
        self.at = dict(at)
        self.asked: list[str] = []
        self.out = 0

    def try_take(self, call: Call, now: float) -> ModelGate | float:
        self.asked.append(call.request_id)
        at = self.at.get(call.options.key or call.target.model, 0.0)
        if at > now:
            return at
        self.out += 1
        return self

    def settle(self, outcome: Outcome, now: float) -> None:
        self.out -= 1


def started(dispatcher: Dispatcher, handler: Handler, *calls: Call) -> list[asyncio.Task[Any]]:
    """Tasks of calls."""
    return [asyncio.ensure_future(dispatcher(call, handler)) for call in calls]  # type: ignore[list-item]


async def test_a_held_model_does_not_hold_the_others_back() -> None:
    """Three calls wait for their model's limit; those of another one go at once, and later the three in order."""
    dispatcher, handler = a_dispatcher([ModelGate({"m": 50.0})], max_concurrent_requests=1), Handler(1.0)
    tasks = started(dispatcher, handler, *(a_call(name=f"m{number}") for number in range(3)))
    await asyncio.sleep(0)
    for number in range(3):
        await dispatcher(a_call(name=f"o{number}", target=OTHER), handler)
    assert handler.started == ["o0", "o1", "o2"]
    assert asyncio.get_running_loop().time() == 3.0
    await asyncio.gather(*tasks)
    assert handler.started[3:] == ["m0", "m1", "m2"]
    assert asyncio.get_running_loop().time() == 53.0
    assert quiet(dispatcher)


async def test_a_full_queue_of_held_calls_lets_others_go() -> None:
    """There is room in flight for another model, so that its calls need no place in the queue."""
    dispatcher = a_dispatcher([ModelGate({"m": 50.0})], max_concurrent_requests=1, queue_size=2)
    handler = Handler(1.0)
    tasks = started(dispatcher, handler, a_call(), a_call())
    await asyncio.sleep(0)
    await dispatcher(a_call(name="other", target=OTHER), handler)
    assert handler.started == ["other"]
    with pytest.raises(QueueFullError):
        await dispatcher(a_call(), handler)
    await asyncio.gather(*tasks)


async def test_a_held_key_does_not_hold_the_model_back() -> None:
    """Calls that name a key wait for it; those of the same model that name none do not."""
    dispatcher, handler = a_dispatcher([ModelGate({"team": 50.0})]), Handler(1.0)
    tasks = started(dispatcher, handler, a_call(name="named", options=Options(key="team")))
    await asyncio.sleep(0)
    await dispatcher(a_call(name="any"), handler)
    await asyncio.gather(*tasks)
    assert handler.started == ["any", "named"]


async def test_held_calls_stay_in_order_and_are_asked_for_through_the_first() -> None:
    """Calls that come while their model is held are not asked for, but for one that goes before all of them."""
    gate = ModelGate({"m": 50.0})
    dispatcher, handler = a_dispatcher([gate], max_concurrent_requests=9), Handler(1.0)
    tasks = started(dispatcher, handler, *(a_call(name=name) for name in "abc"))
    await asyncio.sleep(0)
    assert gate.asked == ["a", "a"]  # at once, and as a ticket
    tasks += started(dispatcher, handler, a_call(name="urgent", priority=Priority.HIGH), a_call(name="d"))
    await asyncio.sleep(0)
    assert gate.asked == ["a", "a", "urgent"]
    await asyncio.gather(*tasks)
    assert handler.started == ["urgent", "a", "b", "c", "d"]
    assert gate.asked[3:] == ["urgent", "a", "b", "c", "d"]


async def test_when_the_first_gives_up_the_next_is_asked_for() -> None:
    """What the first could not have may be enough for the second: it does not wait for the first one's instant."""

    class Large(ModelGate):
        def try_take(self, call: Call, now: float) -> ModelGate | float:
            return 50.0 if call.request_id == "large" else super().try_take(call, now)

    dispatcher, handler = a_dispatcher([Large({})]), Handler(1.0)
    large, small = started(dispatcher, handler, a_call(name="large"), a_call(name="small"))
    await asyncio.sleep(3)
    assert handler.started == []
    large.cancel()
    await small
    assert asyncio.get_running_loop().time() == 4.0
    assert quiet(dispatcher)
    assert lane_of(dispatcher).queue.groups == {}


async def test_what_is_given_back_is_asked_for_before_the_instant() -> None:
    """A gate that said later, or never, is asked again when a call ends, and when somebody wakes the dispatcher."""
    gate = ModelGate({"m": float("inf")})
    dispatcher, handler = a_dispatcher([gate]), Handler(5.0)
    (waiting,) = started(dispatcher, handler, a_call(name="waiting"))
    await asyncio.sleep(0)
    gate.at["m"] = 0.0
    await dispatcher(a_call(name="other", target=OTHER), handler)
    await waiting
    assert handler.started == ["other", "waiting"]
    assert asyncio.get_running_loop().time() == 10.0
    gate.at["m"] = float("inf")
    (waiting,) = started(dispatcher, handler, a_call(name="second"))
    await asyncio.sleep(0)
    gate.at["m"] = 0.0
    dispatcher.wake()
    await waiting
    assert asyncio.get_running_loop().time() == 15.0


async def test_a_new_instant_replaces_the_old_one() -> None:
    """A limit that moves away while a call waits: the call is asked for at the new instant, and not between."""
    gate = ModelGate({"m": 10.0})
    dispatcher, handler = a_dispatcher([gate]), Handler(1.0)
    (waiting,) = started(dispatcher, handler, a_call(name="waiting"))
    await asyncio.sleep(5)
    gate.at["m"] = 40.0
    dispatcher.wake()
    asked = len(gate.asked)
    await asyncio.sleep(30)
    assert len(gate.asked) == asked
    await waiting
    assert asyncio.get_running_loop().time() == 41.0


async def test_models_due_in_one_instant_go_by_rank() -> None:
    """With one place the better call goes first, whichever timer is first."""
    dispatcher, handler = a_dispatcher([ModelGate({"m": 9.0, "other": 9.0})], max_concurrent_requests=1), Handler(1.0)
    low = a_call(name="low", priority=Priority.LOW)
    await asyncio.gather(*started(dispatcher, handler, low, a_call(name="old", target=OTHER), a_call(name="young")))
    assert handler.started == ["old", "young", "low"]


async def test_a_place_of_one_lane_lets_the_other_go() -> None:
    """Two endpoints share the cap of their provider: what one gives back, a call to the other gets."""
    slots = Cap(1)
    dispatcher, handler = Dispatcher(lambda _: Lane([slots], [], Settings())), Handler(1.0)
    second = Target("openai", "m", "http://127.0.0.2")
    await asyncio.gather(*started(dispatcher, handler, a_call(name="one"), a_call(name="two", target=second)))
    assert handler.started == ["one", "two"]
    assert asyncio.get_running_loop().time() == 2.0


class Broken:
    """Fails for calls named so: when it is asked, or when it is told."""

    key = None

    def try_take(self, call: Call, now: float) -> Broken:
        if call.request_id.startswith("bad"):
            raise ZeroDivisionError
        return self

    def settle(self, outcome: Outcome, now: float) -> None:
        raise KeyError("a fault")

    def begun(self, now: float) -> None:
        raise IndexError("a fault")


async def test_a_gate_that_fails_gives_the_other_leases_back() -> None:
    """At once and out of the queue: typed, with its cause, nothing kept, and the next call goes."""
    lending = ModelGate({})
    dispatcher, handler = a_dispatcher([lending, Broken()], max_concurrent_requests=1), Handler(1.0)
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    with pytest.raises(DispatcherError, match="ZeroDivisionError; the call was not sent") as caught:
        await dispatcher(a_call(name="bad"), handler)
    assert (caught.value.phase, caught.value.target, caught.value.retryable) == ("queue", TARGET, False)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    tasks = started(dispatcher, handler, *(a_call(name=name) for name in ("a", "bad b", "c")))
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end).__name__ for end in ends] == ["Reply", "DispatcherError", "Reply"]
    assert lending.out == 0
    assert quiet(dispatcher)
    assert [type(one["exception"]) for one in told] == [KeyError, KeyError]
    assert "KeyError" in told[0]["message"]


async def test_a_listener_that_fails_at_the_first_token_spoils_no_stream() -> None:
    """The others hear of it, the loop is told, and the stream is handed over."""
    heard: list[float] = []

    class Listening(ModelGate):
        def begun(self, now: float) -> None:
            heard.append(now)

    dispatcher = a_dispatcher([Broken(), Listening({})])
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    stream, _ = a_stream()

    async def streaming(_: object) -> object:
        await asyncio.sleep(2)
        return stream

    assert await dispatcher(a_call(stream=True), streaming) is stream
    assert heard == [2.0]
    await stream.aclose()
    assert [type(one["exception"]) for one in told] == [IndexError, KeyError]
    assert quiet(dispatcher)


async def test_a_whole_answer_has_no_first_token() -> None:
    """Listeners hear of streams only."""

    class Listening(ModelGate):
        def begun(self, now: float) -> None:
            raise AssertionError

    dispatcher = a_dispatcher([Listening({})])
    await dispatcher(a_call(), Handler(1.0))
