"""What the dispatcher writes down of a call: how long it waited, when it was sent, how it ended, why it was refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async.call import Call, Outcome
from ipfs_accel_async.caps import Cap
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.errors import AccelError, CircuitOpenError, ClientClosedError, DispatcherError, TransportError
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.lanes import Lane
from ipfs_accel_async.settings import Settings
from ipfs_accel_async.trace import Attempt
from ipfs_accel_async.types import Priority
from tests.doubles import TARGET, Handler, a_call, a_dispatcher, a_reply, lane_of, quiet

KEY = Secret("sk-lent")


class Gate:
    """Lends a key, or refuses whom it does not like; hears of the end."""

    key = KEY

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.heard: list[tuple[str, float]] = []

    def try_take(self, call: Call, now: float) -> Gate:
        if call.request_id == self.refused:
            raise CircuitOpenError("open")
        call.trace.endpoint = "http://127.0.0.7"
        return self

    def settle(self, outcome: Outcome, now: float) -> None:
        self.heard.append((outcome.kind, now))


def ended(one: Attempt) -> tuple[Any, ...]:
    """When it came, how long it waited, when and how it ended."""
    return one.at, one.queued, one.ended, one.outcome, one.error


async def test_an_attempt_is_written_down() -> None:
    """When it was granted, how long it waited for that, when it ended and how; the wait counts for the call too."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(2.0)
    first, second = a_call(), a_call()
    await asyncio.gather(dispatcher(first, handler), dispatcher(second, handler))
    seen = [
        (one.at, one.queued, one.ended, one.outcome, one.error) for call in (first, second) for one in call.trace.tries
    ]
    assert seen == [(0.0, 0.0, 2.0, "ok", ""), (2.0, 2.0, 4.0, "ok", "")]
    assert (first.trace.queue_seconds, second.trace.queue_seconds) == (0.0, 2.0)
    assert [(one.operation, one.target) for one in second.trace.tries] == [("chat", TARGET)]
    assert lane_of(dispatcher).service.count == 2


async def test_each_attempt_counts_its_own_wait() -> None:
    """The second one of a call that waited before: the call has the sum."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(2.0)
    await asyncio.sleep(5)
    call = a_call()
    call.trace.queue_seconds = 10.0
    await asyncio.gather(dispatcher(a_call(), handler), dispatcher(call, handler))
    assert (call.trace.tries[0].queued, call.trace.queue_seconds) == (2.0, 12.0)
    assert call.trace.phase == "queue"


async def test_a_lease_of_a_call_that_was_cancelled_in_the_step_it_was_granted_was_not_used() -> None:
    """Its gate hears that it says nothing of the service."""
    gate = Gate()
    dispatcher, handler = a_dispatcher([gate], max_concurrent_requests=1), Handler(2.0)
    waiting: list[asyncio.Future[object]] = []

    async def first() -> None:
        await dispatcher(a_call(), handler)
        waiting[0].cancel()  # its ticket has just been granted, and its task has not run since

    running = asyncio.ensure_future(first())
    await asyncio.sleep(0)
    waiting.append(asyncio.ensure_future(dispatcher(a_call(), handler)))
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    await running
    assert gate.heard == [("ok", 2.0), ("ignored", 2.0)]
    assert quiet(dispatcher)


async def test_an_attempt_that_failed_has_its_errors_name() -> None:
    """And how the guards counted it."""
    dispatcher = a_dispatcher([gate := Gate()])
    call = a_call()
    with pytest.raises(TransportError):
        await dispatcher(call, Handler(3.0, lambda _: TransportError("gone")))
    (tried,) = call.trace.tries
    assert (tried.outcome, tried.error, tried.ended) == ("failed", "TransportError", 3.0)
    assert gate.heard == [("failed", 3.0)]


async def test_what_was_refused_is_written_down_too() -> None:
    """At once or after a wait: when, after how long, and by which error; nothing was sent, so no time was served."""
    dispatcher, handler = a_dispatcher([Gate("bad")], max_concurrent_requests=1), Handler(2.0)
    at_once, later = a_call(name="bad"), a_call(name="bad")
    later.trace.queue_seconds = 10.0
    with pytest.raises(CircuitOpenError):
        await dispatcher(at_once, handler)
    ends = await asyncio.gather(dispatcher(a_call(), handler), dispatcher(later, handler), return_exceptions=True)
    assert isinstance(ends[1], CircuitOpenError)
    seen = [
        (one.at, one.queued, one.ended, one.outcome, one.error) for call in (at_once, later) for one in call.trace.tries
    ]
    assert seen == [(0.0, 0.0, 0.0, "refused", "CircuitOpenError"), (2.0, 2.0, 2.0, "refused", "CircuitOpenError")]
    assert [(one.operation, one.target) for one in later.trace.tries] == [("chat", TARGET)]
    assert later.trace.queue_seconds == 12.0
    assert lane_of(dispatcher).service.count == 1


async def test_a_refusal_out_of_the_queue_lets_those_behind_it_go() -> None:
    """They go in the same instant, and nothing is left over."""
    dispatcher, handler = a_dispatcher([Gate("bad")], max_concurrent_requests=3), Handler(2.0)
    names = ["a", "b", "c", "bad", "bad", "d", "e", "f"]
    ends = await asyncio.gather(*(dispatcher(a_call(name=name), handler) for name in names), return_exceptions=True)
    assert [isinstance(end, AccelError) for end in ends] == [name == "bad" for name in names]
    assert asyncio.get_running_loop().time() == 4.0
    assert quiet(dispatcher)


async def test_a_failing_gates_error_says_where() -> None:
    """One line, with the call's name and target, whatever the gate's own error says."""

    class Broken(Gate):
        def try_take(self, call: Call, now: float) -> Gate:
            raise ZeroDivisionError("secret")

    with pytest.raises(DispatcherError) as caught:
        await a_dispatcher([Broken()])(a_call(name="mine"), Handler())
    assert caught.value.message == "a gate of the dispatcher failed with ZeroDivisionError; the call was not sent"
    assert (caught.value.request_id, caught.value.attempts) == ("mine", 0)


async def test_closing_says_to_whom_it_happened() -> None:
    """To who waits, and to who comes; also while a gate held them back."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(2.0)
    tasks = [asyncio.ensure_future(dispatcher(a_call(name=name), handler)) for name in ("runs", "waits")]
    await asyncio.sleep(1)
    next(iter(lane_of(dispatcher).queue.groups.values())).held = lane_of(dispatcher).queue.head(high=False)
    dispatcher.close()
    late = asyncio.ensure_future(dispatcher(a_call(name="late"), handler))
    ends = await asyncio.gather(*tasks, late, return_exceptions=True)
    found: list[Any] = ends[1:]
    assert all(isinstance(error, ClientClosedError) for error in found)
    assert [error.message for error in found] == [
        "the client was closed while the call waited",
        "the client is closed",
    ]
    assert [(error.request_id, error.phase, error.target) for error in found] == [
        ("waits", "queue", TARGET),
        ("late", "queue", TARGET),
    ]
    assert quiet(dispatcher)


async def test_the_lent_key_goes_along() -> None:
    """With the endpoint that was chosen too where a gate chooses it, and only there; at once and after a wait."""
    for spread in (False, True):
        dispatcher = Dispatcher(lambda _, spread=spread: Lane([Cap(1)], [Gate()], Settings(), spread=spread))  # type: ignore[misc]
        sent: list[Call] = []

        def answer(call: Call, sent: list[Call] = sent) -> Any:
            sent.append(call)
            return a_reply(call)

        calls = [a_call(), a_call()]
        await asyncio.gather(*(dispatcher(call, Handler(1.0, answer)) for call in calls))
        endpoint = "http://127.0.0.7" if spread else TARGET.endpoint
        assert [(call.key, call.target, call.target.endpoint) for call in sent] == [(KEY, TARGET, endpoint)] * 2
        assert [call.trace.tries[0].target.endpoint for call in calls] == [endpoint] * 2


async def test_what_was_lent_in_vain_was_not_used() -> None:
    """Where a later gate makes a call wait, refuses it or fails: the one before hears when, and no more."""

    class Odd(Gate):
        def try_take(self, call: Call, now: float) -> Any:
            if call.request_id == "later":
                return now + 1.0 if now < 4.0 else self
            raise {"refused": CircuitOpenError("open"), "broken": ZeroDivisionError()}[call.request_id]

    for name in ("later", "refused", "broken"):
        gate = Gate()
        start = asyncio.get_running_loop().time()
        await asyncio.sleep(3)
        await asyncio.gather(a_dispatcher([gate, Odd()])(a_call(name=name), Handler(1.0)), return_exceptions=True)
        assert gate.heard[0] == ("ignored", start + 3.0)
        assert all(kind == "ignored" for kind, _ in gate.heard[:-1])


async def test_high_priority_takes_its_reserved_place_without_a_turn_of_the_loop() -> None:
    """As any call does where there is room."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=2, reserved_for_high=1), Handler(1.0)
    task = asyncio.ensure_future(dispatcher(a_call(name="first"), handler))
    await asyncio.sleep(0)
    coroutine = dispatcher(a_call(name="high", priority=Priority.HIGH), urgent := Handler(0))
    coroutine.send(None)  # runs until the handler's own first await
    assert urgent.started == ["high"]
    coroutine.close()
    await task
    assert quiet(dispatcher)


async def test_high_priority_takes_its_reserved_place_in_the_step_it_comes() -> None:
    """While an ordinary call waits, which has to go on waiting."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=2, reserved_for_high=1), Handler(2.0)
    tasks = [asyncio.ensure_future(dispatcher(a_call(name=name), handler)) for name in ("first", "waits")]
    await asyncio.sleep(1)
    await dispatcher(a_call(name="high", priority=Priority.HIGH), handler)
    assert asyncio.get_running_loop().time() == 3.0
    assert handler.started == ["first", "high", "waits"]
    await asyncio.gather(*tasks)
    assert quiet(dispatcher)


async def test_a_tenant_is_what_the_tag_says() -> None:
    """Two with as many calls take turns; those without a tag are one of them."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1, tenant_weights={"": 2.0}), Handler(1.0)
    calls = [a_call(name="first"), *(a_call(name="t", tags={"tenant": "t"}) for _ in range(3))]
    calls += [a_call(name="none") for _ in range(4)]
    await asyncio.gather(*(dispatcher(call, handler) for call in calls))
    assert handler.started == ["first", "t", "none", "none", "t", "none", "none", "t"]
