"""A call that would come too late is refused on admission, and never when that is unsure."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async import Client, DeadlineExceededError, MockTransport, Priority
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.errors import QueueFullError
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON, completion, error_body
from tests.doubles import Handler, a_call, a_dispatcher, lane_of, quiet


async def loaded(
    waiting: int, *, learned: int = 20, **settings: object
) -> tuple[Dispatcher, Handler, list[asyncio.Future[object]]]:
    """A dispatcher of two places that has seen calls of ten seconds, with two in flight and some waiting."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=2, **settings), Handler(10.0)
    for _ in range(learned // 2):
        await asyncio.gather(*(dispatcher(a_call(), handler) for _ in range(2)))
    tasks = [asyncio.ensure_future(dispatcher(a_call(), handler)) for _ in range(2 + waiting)]
    await asyncio.sleep(0)
    return dispatcher, handler, tasks


async def test_a_wait_beyond_the_deadline_is_refused_at_once() -> None:
    """Ten ahead at two places of ten seconds are fifty seconds: a call with forty is told so now, and is never sent."""
    dispatcher, handler, tasks = await loaded(10)
    before, now = len(handler.started), asyncio.get_running_loop().time()
    with pytest.raises(
        DeadlineExceededError, match=r"would take some 50\.0 s, and the deadline is in 40\.0 s"
    ) as caught:
        await dispatcher(a_call(timeout=40), handler)
    assert (caught.value.phase, caught.value.retryable) == ("queue", False)
    assert (asyncio.get_running_loop().time(), len(handler.started)) == (now, before)
    await asyncio.gather(*tasks)
    assert quiet(dispatcher)


async def test_a_wait_within_the_deadline_is_served() -> None:
    """With a minute the same call waits and is answered."""
    dispatcher, handler, tasks = await loaded(10)
    await dispatcher(a_call(timeout=70), handler)
    await asyncio.gather(*tasks)


@pytest.mark.parametrize(("waiting", "learned"), [(10, 10), (1, 20)])
async def test_unsure_is_never_a_refusal(waiting: int, learned: int) -> None:
    """Too few calls seen, or fewer ahead than places: the call waits, however short its time."""
    dispatcher, handler, tasks = await loaded(waiting, learned=learned)
    refused = asyncio.ensure_future(dispatcher(a_call(timeout=1), handler))
    await asyncio.sleep(0)
    assert not refused.done()
    await asyncio.gather(*tasks, refused)


async def test_only_those_count_who_go_first() -> None:
    """A call of high priority passes the waiting ones: their number says nothing about its wait."""
    dispatcher, handler, tasks = await loaded(10)
    urgent = asyncio.ensure_future(dispatcher(a_call(timeout=15, priority=Priority.HIGH), handler))
    low = dispatcher(a_call(timeout=15, priority=Priority.LOW), handler)
    with pytest.raises(DeadlineExceededError):
        await low
    await asyncio.gather(*tasks, urgent)


async def test_cancelled_waiters_do_not_count() -> None:
    """Those who have left the queue are not ahead of anybody."""
    dispatcher, _, tasks = await loaded(10)
    for task in tasks[2:]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert lane_of(dispatcher).queue.waiting == 0
    await dispatcher(a_call(timeout=20), Handler(1.0))
    assert quiet(dispatcher)


async def test_nobody_is_displaced_for_a_call_that_comes_too_late() -> None:
    """A full queue that drops the lowest keeps it when the newcomer would be late anyway."""
    dispatcher, handler, tasks = await loaded(10, queue_size=10, queue_overflow_policy="drop-lowest")
    tasks.append(asyncio.ensure_future(dispatcher(a_call(priority=Priority.HIGH), handler)))  # displaces one
    await asyncio.sleep(0)
    with pytest.raises(DeadlineExceededError):
        await dispatcher(a_call(timeout=15), handler)
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(error, QueueFullError) for error in ended) == 1


async def test_a_queue_full_of_lower_priority_makes_room() -> None:
    """Load is shed from the bottom: the urgent call gets in, the last of the low ones is told why."""
    dispatcher, handler = (
        a_dispatcher(max_concurrent_requests=1, queue_size=3, queue_overflow_policy="drop-lowest"),
        Handler(),
    )
    low = [asyncio.ensure_future(dispatcher(a_call(priority=Priority.LOW, name=f"low {n}"), handler)) for n in range(4)]
    await asyncio.sleep(0)
    await dispatcher(a_call(priority=Priority.HIGH, name="urgent"), handler)
    ended = await asyncio.gather(*low, return_exceptions=True)
    assert [isinstance(one, QueueFullError) for one in ended] == [False, False, False, True]
    assert "displaced from a full queue by a higher priority" in str(ended[3])
    assert handler.started[:2] == ["low 0", "urgent"]
    assert quiet(dispatcher)


async def test_a_retry_is_not_judged_by_its_place_at_the_end() -> None:
    """A call that was sent already queues with its old age, so the waiting ones are not ahead of it."""
    dispatcher, handler, tasks = await loaded(10)
    again = a_call(timeout=40)
    again.trace.attempts = 1
    waiting = asyncio.ensure_future(dispatcher(again, handler))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(*tasks, waiting, return_exceptions=True)


async def test_the_client_counts_it_and_asks_a_fallback() -> None:
    """The refusal is a rejected call in the report, and the next target is asked at once."""

    async def slow(request: Request) -> Response:
        if b'"other"' in request.body:
            return MockTransport.reply(completion("from the other"), headers=JSON)
        await asyncio.sleep(10)
        return MockTransport.reply(completion(), headers=JSON)

    async with Client(
        transport=MockTransport(slow),
        keys={"openai": "k", "groq": "k"},
        providers={"groq": {"max_concurrent_requests": 5}},
        max_concurrent_requests=1,
        timeout=10_000,
    ) as ai:
        for _ in range(20):
            await ai.chat("openai:m", "x")
        tasks = [asyncio.ensure_future(ai.chat("openai:m", "x")) for _ in range(6)]
        await asyncio.sleep(0.1)
        with pytest.raises(DeadlineExceededError) as caught:
            await ai.chat("openai:m", "x", timeout=30)
        assert "refused" in {attempt["outcome"] for attempt in ai.explain(caught.value)["attempts"]}
        reply = await ai.chat("openai:m", "x", timeout=30, fallbacks=["groq:other"])
        assert reply.text == "from the other"
        assert ai.report()["errors"]["rejected"] == 1
        assert ai.statistics()["lanes"][0]["service_seconds"] == pytest.approx(10.0)
        await asyncio.gather(*tasks)


async def test_failing_fast_is_not_held_against_anybody() -> None:
    """Calls that fail at once make the mean short, so the prediction errs on the side of waiting."""
    mock = MockTransport(lambda _: MockTransport.reply(error_body("no"), status=400, headers=JSON))
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        await asyncio.gather(*(ai.chat("openai:m", "x") for _ in range(30)), return_exceptions=True)
        assert ai.statistics()["lanes"][0]["service_seconds"] == 0.0
