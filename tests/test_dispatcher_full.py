"""Who goes when the queue is full, and who is told in advance that it would take too long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async.errors import DeadlineExceededError, QueueFullError
from ipfs_accel_async.types import Priority
from tests.doubles import Handler, a_call, a_dispatcher, lane_of

HIGH, LOW = Priority.HIGH, Priority.LOW


def of(tenant: str, name: str, **more: Any) -> Any:
    """A call of a tenant."""
    return a_call(name=name, tags={"tenant": tenant}, **more)


async def run(dispatcher: Any, handler: Handler, *calls: Any) -> list[Any]:
    """Calls that come one after the other in one step; how they ended."""
    return await asyncio.gather(*(dispatcher(call, handler) for call in calls), return_exceptions=True)


@pytest.mark.parametrize("order", ["arrival", "deadline"])
async def test_nobody_in_a_hurry_is_refused_for_those_that_go_later(order: str) -> None:
    """By deadline, those who wait are not ahead of it: no prediction. In order of arrival they are."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1, queue_order=order), Handler(10.0)
    for _ in range(20):
        await dispatcher(a_call(), handler)
    tasks = [asyncio.ensure_future(dispatcher(a_call(timeout=1_000), handler)) for _ in range(6)]
    await asyncio.sleep(0)
    hurried = asyncio.ensure_future(dispatcher(a_call(name="hurried", timeout=15), handler))
    await asyncio.gather(hurried, *tasks, return_exceptions=True)
    assert isinstance(hurried.exception(), DeadlineExceededError) == (order == "arrival")
    assert ("hurried" in handler.started) == (order == "deadline")


async def test_only_the_own_tenants_calls_surely_go_first() -> None:
    """Six of another tenant wait: a call is not refused for them; with six of its own it is."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(10.0)
    for _ in range(20):
        await dispatcher(a_call(), handler)
    tasks = [asyncio.ensure_future(dispatcher(of("bulk", str(n)), handler)) for n in range(7)]
    await asyncio.sleep(0)
    people = asyncio.ensure_future(dispatcher(of("people", "p", timeout=25), handler))
    with pytest.raises(DeadlineExceededError, match=r"some 60\.0 s"):
        await dispatcher(of("bulk", "late", timeout=25), handler)
    await asyncio.gather(people, *tasks)


DROPPING: dict[str, Any] = {"max_concurrent_requests": 1, "queue_overflow_policy": "drop-lowest"}


async def test_a_full_queue_makes_room_at_the_expense_of_who_has_most_in_it() -> None:
    """A flood's last calls go, even for a call of lower priority of a tenant that has less waiting."""
    dispatcher, handler = a_dispatcher(**DROPPING, queue_size=4), Handler(1.0)
    calls = [of("x", "running"), *(of("bulk", f"bulk{n}", priority=HIGH) for n in range(4)), of("a", "a", priority=LOW)]
    ends = await run(dispatcher, handler, *calls)
    assert [isinstance(end, QueueFullError) for end in ends] == [False, False, False, False, True, False]
    assert "displaced" in str(ends[4])
    assert lane_of(dispatcher).rejections == 1


async def test_of_equally_loaded_tenants_the_last_in_order_goes() -> None:
    """The newcomer counts for its own tenant: it may be the one, and it may be another's."""
    for priority, refused in ((LOW, 3), (HIGH, 2)):
        dispatcher, handler = a_dispatcher(**DROPPING, queue_size=2), Handler(1.0)
        calls = [of("x", "running"), of("a", "a"), of("b", "b"), of("c", "c", priority=priority)]
        ends = await run(dispatcher, handler, *calls)
        assert [isinstance(end, QueueFullError) for end in ends] == [at == refused for at in range(4)]


async def test_weights_count_in_a_full_queue_too() -> None:
    """Three of a tenant of weight three are no more than one of a tenant of weight one."""
    dispatcher, handler = a_dispatcher(**DROPPING, queue_size=4, tenant_weights={"a": 4.0}), Handler(1.0)
    calls = [of("x", "running"), *(of("a", f"a{n}", priority=LOW) for n in range(3)), of("b", "b0"), of("b", "b1")]
    ends = await run(dispatcher, handler, *calls)
    assert [isinstance(end, QueueFullError) for end in ends] == [False] * 5 + [True]


async def test_a_tenant_that_has_left_the_queue_takes_nothing_with_it() -> None:
    """Cancelled calls do not count, and leave nothing behind in the order from the other end."""
    dispatcher, handler = a_dispatcher(**DROPPING, queue_size=100), Handler(1.0)
    tasks = [asyncio.ensure_future(dispatcher(of("x", "running"), handler))]
    await asyncio.sleep(0)
    for _ in range(30):
        gone = [asyncio.ensure_future(dispatcher(of("a", "a"), handler)) for _ in range(50)]
        await asyncio.sleep(0)
        for task in gone[:-1]:
            task.cancel()
        await asyncio.gather(*gone[:-1], return_exceptions=True)
        tasks.append(gone[-1])
    queue = lane_of(dispatcher).queue
    mirrors = queue._mirrors or {}
    assert {tenant: mirror.waiting for tenant, mirror in mirrors.items()} == {"a": 30}
    assert mirrors["a"].kept <= 2 * 30 + 17
    await asyncio.gather(*tasks)
    assert mirrors == {}


async def test_the_queue_is_as_long_as_there_are_places() -> None:
    """With two a place: four may wait for two places, one for none at all is refused; never more than queue_size."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=2, queue_per_place=1.6, queue_size=10), Handler(1.0)
    ends = await run(dispatcher, handler, *(a_call() for _ in range(9)))
    assert sum(isinstance(end, QueueFullError) for end in ends) == 9 - 2 - 4
    lane = lane_of(dispatcher)
    assert (lane.queue_size, lane.places) == (4, 2)
    lane.caps[0].resize(9)
    assert lane.queue_size == 10
    lane.caps[0].resize(0)
    assert lane.queue_size == 0


async def test_a_refusal_says_what_there_is_and_is_counted() -> None:
    """Who is refused at once, and who is displaced: where it was, how full it is, and whose call it was."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1, queue_size=1), Handler(1.0)
    ends = await run(dispatcher, handler, *(a_call(name=str(number)) for number in range(4)))
    for number in (2, 3):
        error = ends[number]
        assert isinstance(error, QueueFullError)
        assert error.message.startswith("the queue is full: 1 in flight, 1 waiting; raise queue_size")
        assert (error.phase, error.request_id, error.attempts) == ("queue", str(number), 0)
        assert error.target is not None
    assert lane_of(dispatcher).rejections == 2
    dispatcher = a_dispatcher(**DROPPING, queue_size=1)
    ends = await run(dispatcher, handler, a_call(), a_call(name="low", priority=LOW), a_call(priority=HIGH))
    assert ends[1].message.startswith("displaced from a full queue by a higher priority: 1 in flight, 0 waiting")
    assert (ends[1].phase, ends[1].request_id) == ("queue", "low")


async def test_a_pause_refuses_nobody_in_advance() -> None:
    """With no places at all nobody knows when there will be some."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(10.0)
    for _ in range(20):
        await dispatcher(a_call(), handler)
    lane = lane_of(dispatcher)
    lane.caps[0].resize(0)
    tasks = [asyncio.ensure_future(dispatcher(a_call(timeout=1), handler)) for _ in range(4)]
    await asyncio.sleep(5)
    assert (lane.queue.waiting, lane.active) == (4, 0)
    lane.caps[0].resize(4)
    dispatcher.wake()
    await asyncio.gather(*tasks)


async def test_a_wait_that_just_fits_is_waited_for() -> None:
    """Two calls of ten seconds ahead, and twenty seconds left."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(10.0)
    for _ in range(20):
        await dispatcher(a_call(), handler)
    tasks = [asyncio.ensure_future(dispatcher(a_call(), handler)) for _ in range(3)]
    await asyncio.sleep(0)
    just = asyncio.ensure_future(dispatcher(a_call(timeout=20), handler))
    late = asyncio.ensure_future(dispatcher(a_call(timeout=20), handler))
    await asyncio.gather(*tasks, just, late, return_exceptions=True)
    assert just.exception() is None
    assert isinstance(late.exception(), DeadlineExceededError)
    assert late.exception().phase == "queue"  # type: ignore[union-attr]
