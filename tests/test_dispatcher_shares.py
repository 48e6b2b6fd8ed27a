"""Who goes next: places kept for high priority, tenants by weight, deadlines."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from ipfs_accel_async.types import Priority
from tests.doubles import Handler, a_call, a_dispatcher, lane_of, quiet

HIGH, NORMAL, LOW = Priority.HIGH, Priority.NORMAL, Priority.LOW


def of(tenant: str, name: str, **more: Any) -> Any:
    """A call of a tenant."""
    return a_call(name=name, tags={"tenant": tenant}, **more)


async def run(dispatcher: Any, handler: Handler, *calls: Any) -> list[Any]:
    """Calls that come one after the other in one step; how they ended."""
    return await asyncio.gather(*(dispatcher(call, handler) for call in calls), return_exceptions=True)


async def test_reserved_places_are_for_high_alone() -> None:
    """Of three places NORMAL and LOW get two; HIGH calls get all three."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=3, reserved_for_high=1), Handler(1.0)
    await run(dispatcher, handler, *(a_call(priority=level) for level in (LOW, NORMAL, LOW, NORMAL)))
    assert handler.peak == 2
    await run(dispatcher, handler, *(a_call(priority=HIGH) for _ in range(5)))
    assert handler.peak == 3
    assert quiet(dispatcher)


async def test_high_goes_at_once_past_those_who_wait_for_a_common_place() -> None:
    """The place that is kept back is taken in the step the call comes."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=2, reserved_for_high=1), Handler(9.0)
    tasks = [asyncio.ensure_future(dispatcher(a_call(name=str(n), priority=LOW), handler)) for n in range(3)]
    await asyncio.sleep(1)
    urgent = asyncio.ensure_future(dispatcher(a_call(name="urgent", priority=HIGH), handler))
    await asyncio.sleep(0)
    assert handler.started == ["0", "urgent"]
    await asyncio.gather(urgent, *tasks)


async def test_low_is_served_under_endless_high_all_the_same() -> None:
    """A common place that comes back goes to who has waited longest for it, be it HIGH or not."""
    dispatcher = a_dispatcher(
        max_concurrent_requests=2, reserved_for_high=1, priority_aging=5.0, queue_overflow_policy="wait"
    )
    handler = Handler(1.0)
    async with asyncio.TaskGroup() as group:
        group.create_task(dispatcher(a_call(name="low", priority=LOW), Handler(0.5)))
        for number in range(60):
            group.create_task(dispatcher(a_call(name=f"high {number}", priority=HIGH), handler))
            if number == 4:
                group.create_task(dispatcher(a_call(name="late low", priority=LOW), handler))
            await asyncio.sleep(0.5)
    assert handler.started.index("late low") <= 2 * (2 + 10 + 2)


async def test_tenants_share_the_places_by_weight() -> None:
    """Of a hundred waiting calls of each, three to one while both wait."""
    dispatcher = a_dispatcher(max_concurrent_requests=1, queue_size=500, tenant_weights={"a": 3.0})
    handler = Handler(1.0)
    await run(dispatcher, handler, *(of(tenant, f"{tenant}{n}") for tenant in "ab" for n in range(100)))
    assert Counter(name[0] for name in handler.started[1:81]) == {"a": 60, "b": 20}
    assert [name for name in handler.started if name[0] == "b"] == [f"b{n}" for n in range(100)]


async def test_a_flood_of_one_tenant_does_not_delay_another() -> None:
    """Five hundred wait; a call of another tenant starts with the next place, and each of its further calls too."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=5, queue_size=1_000), Handler(1.0)
    flood = [asyncio.ensure_future(dispatcher(of("bulk", f"bulk{n}"), handler)) for n in range(500)]
    loop = asyncio.get_running_loop()
    took = []
    for number in range(20):
        await asyncio.sleep(1.37)
        began = loop.time()
        await dispatcher(of("people", f"people{number}"), handler)
        took.append(loop.time() - began)
    assert max(took) <= 2.0
    await asyncio.gather(*flood)
    assert quiet(dispatcher)


async def test_priorities_order_the_calls_of_a_tenant_and_of_equal_tenants() -> None:
    """Tenants that had the same so far go by rank; one that had more waits, whatever its priority."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(1.0)
    calls = [
        of("x", "first"),
        of("a", "a low", priority=LOW),
        of("a", "a high", priority=HIGH),
        of("b", "b normal"),
        of("a", "a high again", priority=HIGH),
    ]
    await run(dispatcher, handler, *calls)
    assert handler.started == ["first", "a high", "b normal", "a high again", "a low"]


async def test_calls_without_the_tag_are_one_tenant_of_weight_one() -> None:
    """They take turns with a tenant that is named."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(1.0)
    calls = [a_call(name="first"), *(a_call(name=f"- {n}") for n in range(3)), *(of("t", f"t {n}") for n in range(3))]
    await run(dispatcher, handler, *calls)
    assert [name[0] for name in handler.started[1:]] == ["-", "t", "-", "t", "-", "t"]


async def test_shares_begin_anew_when_nobody_waits() -> None:
    """What a tenant had in a crowd that is over is not held against it."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(1.0)
    await run(dispatcher, handler, *(of("a", f"a{n}") for n in range(9)), of("b", "b0"))
    handler.started.clear()
    await run(dispatcher, handler, of("x", "x"), of("a", "a first"), of("b", "b second"))
    assert handler.started == ["x", "a first", "b second"]


async def test_a_thousand_tenants_of_one_call_each_go_in_order() -> None:
    """Nobody had anything yet: it is first come, first served."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=3, queue_size=1_000), Handler(0.1)
    await run(dispatcher, handler, *(of(f"t{n}", str(n)) for n in range(1_000)))
    assert handler.started == [str(n) for n in range(1_000)]
    assert lane_of(dispatcher).queue.groups == {}


async def test_the_earliest_deadline_goes_first_if_asked() -> None:
    """Inside a priority by deadline; a level counts as much as its aging."""
    dispatcher = a_dispatcher(max_concurrent_requests=1, queue_order="deadline", priority_aging=10.0)
    handler = Handler(1.0)
    calls = [
        a_call(name="first", timeout=500),
        a_call(name="late", timeout=400),
        a_call(name="soon", timeout=100),
        a_call(name="low", timeout=95, priority=LOW),
        a_call(name="high", timeout=109, priority=HIGH),
        a_call(name="soon too", timeout=100),
    ]
    await run(dispatcher, handler, *calls)
    assert handler.started == ["first", "high", "soon", "soon too", "low", "late"]
