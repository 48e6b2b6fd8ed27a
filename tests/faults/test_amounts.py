"""Rows whose point is how many: tickets that are cancelled, names of models, tries of an endpoint that flaps."""

from __future__ import annotations

import asyncio
import gc
import math
import random
import sys
import time
from typing import Any

import pytest

from ipfs_accel_async.errors import AccelError, ResponseTooLargeError
from ipfs_accel_async.types import Target
from tests.doubles import Handler, a_call, a_dispatcher, lane_of, quiet
from tests.faults.scenarios import scenario
from tests.faults.streaming import DONE, event
from tests.faults.virtual import VirtualServer, refuses, says, streams
from tests.faults.watching import PATIENT, watched


@scenario("Q06")
async def test_a_hundred_thousand_cancelled_tickets_leave_no_memory() -> None:
    """In lots of twenty thousand, in any order, behind a call that holds the only permit: the memory comes back."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1, queue_size=40_000), Handler(1e9)
    first = asyncio.ensure_future(dispatcher(a_call(), handler))
    await asyncio.sleep(0)
    lane, rng = lane_of(dispatcher), random.Random(6)
    used: list[int] = []
    for _ in range(5):
        tasks = [asyncio.ensure_future(dispatcher(a_call(), handler)) for _ in range(20_000)]
        await asyncio.sleep(0)
        assert lane.queue.waiting == 20_000
        rng.shuffle(tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert lane.queue.waiting == 0
        del task, tasks
        gc.collect()
        used.append(sys.getallocatedblocks())
    assert max(used) - used[0] < 20_000  # eighty thousand more tickets, and not a quarter of a block for each
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert quiet(dispatcher)


@scenario("K15")
async def test_a_hundred_thousand_model_names_are_bounded_everywhere() -> None:
    """Names that users make up: breakers, rows of the report and samples of hedging stay as few as they may be."""
    async with watched(VirtualServer(), max_retries=0, hedge=True, **PATIENT) as ai:
        await ai.chat("openai:m", "hi")
        runtime = ai._engine.runtime()
        breakers, meter = runtime.scopes.breakers, runtime._meter("openai")
        now = asyncio.get_running_loop().time()
        for number in range(100_000):
            name = f"made-up-{number}"
            target = Target("openai", name, "http://server.test/v1")
            breakers.of(target).record(breakers.of(target).acquire(now), "ok", now)
            meter.model(name)
        assert len(breakers.items()) <= 1_000
        assert len(meter.models) == 201
        assert len(ai.report()["models"]) <= 201
        assert len(ai.statistics()["breakers"]) <= 1_010


@scenario("C13")
async def test_an_endpoint_that_flaps_is_tried_no_more_often_than_its_breaker_says() -> None:
    """A second up, a second down, a call each tenth of a second: no call twice, and the breaker sets the pace."""
    loop = asyncio.get_running_loop()

    def by_turns(_: Any) -> Any:
        return says() if int(loop.time()) % 2 == 0 else refuses(503)

    seconds, wait = 300, 5.0
    server = VirtualServer(always=by_turns)
    settings = {"max_retries": 0, "failure_threshold": 3, "reset_timeout": wait, "max_reset_timeout": wait}
    async with watched(server, **settings) as ai:
        sent, opened = 0, 0
        while loop.time() < seconds:
            before = ai.report()["circuit_breaker"]["state"]
            try:
                await ai.chat("openai:m", "hi")
                sent += 1
            except AccelError as error:
                sent += error.attempts
            opened += before != "open" and ai.report()["circuit_breaker"]["state"] == "open"
            await asyncio.sleep(0.1)
        assert sent == len(server.requests)
        assert 0 < opened <= math.ceil(seconds / wait)


@scenario("G18")
async def test_a_million_keys_take_four_times_what_a_quarter_of_them_takes() -> None:
    """Fourteen megabytes in one object: the time grows as the bytes do, and not as their square: sixteen times."""
    took: dict[int, float] = {}
    for keys in (250_000, 1_000_000):
        body = b'{"choices":[{"message":{"content":"hello"}}],%s}' % b",".join(b'"k%d":1' % n for n in range(keys))
        for _ in range(3):
            async with watched(VirtualServer(says(body)), max_retries=0) as ai:
                began = time.process_time()
                assert (await ai.chat("openai:m", "hi")).text == "hello"
                took[keys] = min(took.get(keys, math.inf), time.process_time() - began)
    assert took[1_000_000] <= 8 * max(took[250_000], 0.02)


@scenario("S06")
async def test_a_large_event_passes_below_the_cap() -> None:
    """Eight megabytes of text in one event."""
    text = "x" * 8 * 2**20
    async with (
        watched(VirtualServer(streams(event(text), DONE)), max_retries=0) as ai,
        ai.stream("openai:m", "hi") as stream,
    ):
        assert len((await stream.collect()).text) == len(text)


def image(size: int) -> bytes:
    """An event with an image of so many bytes in base64."""
    return b'data: {"type":"image_generation.completed","b64_json":"%s"}\n\n' % (b"A" * size)


@scenario("S06")
async def test_an_image_may_be_larger_than_words() -> None:
    """64 MiB in one event of a stream of images; above 128 MiB it is refused, as words are above 16 MiB."""
    async with (
        watched(VirtualServer(streams(image(2**26))), max_retries=0) as ai,
        ai.openai.images.stream_generate("a cube", model="m") as stream,
    ):
        events = [event async for event in stream]
    assert len(events[0].data["b64_json"]) == 2**26
    server = VirtualServer(streams(image(2**27)), streams(event("x" * 2**24), DONE))
    async with watched(server, max_retries=0, frames=False) as ai:
        with pytest.raises(ResponseTooLargeError):
            async with ai.openai.images.stream_generate("a cube", model="m") as stream:
                await anext(stream)
        with pytest.raises(ResponseTooLargeError):
            async with ai.stream("openai:m", "hi") as words:
                await words.collect()
