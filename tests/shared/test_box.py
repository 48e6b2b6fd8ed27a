"""The time that a question to Redis may take: the loop's own delays are not Redis's."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async.shared.link import _box
from tests.virtual_loop import VirtualLoop


def the_loop() -> VirtualLoop:
    """The virtual one."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


async def test_the_time_is_up_when_it_is_up() -> None:
    """To the second, and to the answer that comes just before."""
    async with _box(1.0):
        await asyncio.sleep(0.999)
    started = the_loop().time()
    with pytest.raises(TimeoutError):
        async with _box(1.0):
            await asyncio.sleep(60)
    assert the_loop().time() - started == 1.0


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_a_loop_that_is_held_up_looks_first(times: int) -> None:
    """As often as it is held up; then the answer has its whole time again."""
    loop = the_loop()
    with pytest.raises(TimeoutError):
        async with _box(1.0):
            for _ in range(times):
                loop.advance(3.0)
                for _ in range(3):
                    await asyncio.sleep(0)
            held = loop.time()
            await asyncio.sleep(0.999)
            await asyncio.sleep(60)
    assert loop.time() == held + 1.0


@pytest.mark.parametrize(("late", "over"), [(0.5, True), (0.501, False)])
async def test_half_of_it_late_is_held_up(late: float, over: bool) -> None:
    """Less is how a busy loop always is."""
    ended = False
    try:
        async with _box(1.0):
            the_loop().advance(1.0 + late)
            for _ in range(4):
                await asyncio.sleep(0)
    except TimeoutError:
        ended = True
    assert ended is over
