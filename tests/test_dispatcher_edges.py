"""What the dispatcher tells of itself: whether there is room, before any call and after the last."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.doubles import TARGET, Handler, a_call, a_dispatcher, lane_of, quiet

OTHER = replace(TARGET, provider="groq")


async def test_there_is_room_while_a_call_would_go_at_once() -> None:
    """Before the first call, between calls, and not while all places are taken; of another endpoint all the same."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=2), Handler()
    assert dispatcher.room(TARGET)
    async with asyncio.TaskGroup() as group:
        group.create_task(dispatcher(a_call(), handler))
        await asyncio.sleep(0)
        assert dispatcher.room(TARGET)
        group.create_task(dispatcher(a_call(), handler))
        await asyncio.sleep(0)
        assert not dispatcher.room(TARGET)
        assert dispatcher.room(OTHER)
    assert dispatcher.room(TARGET)
    assert quiet(dispatcher)


async def test_reserved_places_are_no_room() -> None:
    """Whether there is room is asked for calls of ordinary priority."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=2, reserved_for_high=1), Handler()
    async with asyncio.TaskGroup() as group:
        group.create_task(dispatcher(a_call(), handler))
        await asyncio.sleep(0)
        assert not dispatcher.room(TARGET)


async def test_the_peaks_are_those_of_all_time() -> None:
    """In flight and waiting: what was, not what is."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=3), Handler()
    await asyncio.gather(*(dispatcher(a_call(), handler) for _ in range(5)))
    await dispatcher(a_call(), handler)
    lane = lane_of(dispatcher)
    assert (lane.active, lane.peak_active, lane.peak_waiting) == (0, 3, 2)
    assert lane.service.count == 6
