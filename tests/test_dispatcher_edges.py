"""What the dispatcher tells of itself: whether there is room, before any call and after the last."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ipfs_accel_async.call import Call
from ipfs_accel_async.types import Priority
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


async def test_a_reserved_place_needs_no_room_in_the_queue() -> None:
    """A full queue of another model's ordinary calls is none of its business."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=2, reserved_for_high=1, queue_size=1), Handler()
    async with asyncio.TaskGroup() as group:
        for name in ("first", "waits"):
            group.create_task(dispatcher(a_call(name=name), handler))
        await asyncio.sleep(0)
        assert lane_of(dispatcher).queue.waiting == 1
        await dispatcher(a_call(name="high", priority=Priority.HIGH, target=replace(TARGET, model="other")), handler)
    assert handler.started == ["first", "high", "waits"]


async def test_the_peaks_are_those_of_all_time() -> None:
    """In flight and waiting: what was, not what is."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=3), Handler()
    await asyncio.gather(*(dispatcher(a_call(), handler) for _ in range(5)))
    await dispatcher(a_call(), handler)
    lane = lane_of(dispatcher)
    assert (lane.active, lane.peak_active, lane.peak_waiting) == (0, 3, 2)
    assert lane.service.count == 6


class Later:
    """A gate that lends nothing before an instant."""

    def __init__(self, at: float) -> None:
        self.at = at

    def try_take(self, call: Call, now: float) -> float:
        return self.at


async def test_an_instant_has_one_timer_and_what_has_none_has_no_timer() -> None:
    """Asking again and again before it arms no second one; where only something given back helps there is none."""
    for at in (50.0, float("inf")):
        gate = Later(at)
        dispatcher = a_dispatcher([gate])
        task = asyncio.ensure_future(dispatcher(a_call(), Handler()))
        await asyncio.sleep(0)
        (group,) = lane_of(dispatcher).queue.groups.values()
        timer = group.timer
        assert (timer is None) == (at == float("inf"))
        for _ in range(3):
            dispatcher.wake()
            assert group.timer is timer
        gate.at = 60.0
        dispatcher.wake()
        assert group.timer is not None
        assert group.timer.when() == 60.0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert quiet(dispatcher)
