"""Who starts when: first come first served inside a priority, and never later than aging allows (invariant 5)."""

from __future__ import annotations

import asyncio
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import Handler, a_call, a_dispatcher, quiet
from tests.virtual_loop import VirtualLoop

AGING = 5.0
STEPS = st.tuples(st.sampled_from([0.0, 0.5, 2.5, 5.0, 7.5, 10.5]), st.integers(0, 2))


async def order_of(steps: list[tuple[float, int]]) -> tuple[list[int], list[float]]:
    """The order in which calls start that all wait behind one, and when each came."""
    dispatcher = a_dispatcher(
        max_concurrent_requests=1, queue_overflow_policy="wait", priority_aging=AGING, queue_size=1
    )
    handler = Handler(1_000.0)
    came = []
    tasks = [asyncio.ensure_future(dispatcher(a_call(name="-1", timeout=1e9), handler))]
    await asyncio.sleep(0)
    for number, (gap, priority) in enumerate(steps):
        await asyncio.sleep(gap)
        came.append(asyncio.get_running_loop().time())
        call = a_call(name=str(number), priority=priority, timeout=1e9)
        tasks.append(asyncio.ensure_future(dispatcher(call, handler)))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert quiet(dispatcher)
    return [int(name) for name in handler.started[1:]], came


@given(st.lists(STEPS, max_size=25))
def test_the_order_is_that_of_age_and_priority(steps: list[tuple[float, int]]) -> None:
    """Exactly: a level is worth one aging. So nobody is overtaken by what came more than two agings later."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        started, came = runner.run(order_of(steps))
    assert started == sorted(range(len(steps)), key=lambda number: (came[number] + steps[number][1] * AGING, number))
    for first, second in combinations(started, 2):
        if steps[first][1] == steps[second][1]:
            assert first < second
        assert came[first] <= came[second] + 2 * AGING
