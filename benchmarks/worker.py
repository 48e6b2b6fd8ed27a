"""One client in a process of its own: warm it up, measure, print one JSON line. Started by the benchmarks."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from benchmarks import _bodies
from benchmarks._run import pin, raise_file_limit
from benchmarks.clients import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks.clients import Bench

WARM_UP = 20


async def in_flight(call: Callable[[], Awaitable[Any]], flight: int, calls: int) -> None:
    """Make `calls` calls, `flight` of them at any moment."""
    left = iter(range(calls))

    async def one() -> None:
        for _ in left:
            await call()

    if flight == 1:
        await one()
    else:
        await asyncio.gather(*(one() for _ in range(flight)))


async def measure(call: Callable[[], Awaitable[Any]], flight: int, calls: int, warm_up: int) -> tuple[float, float]:
    """CPU and wall microseconds a call, after a warm-up that opens the connections."""
    await in_flight(call, flight, warm_up)
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    await in_flight(call, flight, calls)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / calls * 1e6, wall / calls * 1e6


async def chat(bench: Bench, flight: int, calls: int) -> tuple[float, float]:
    """Unary calls of 943-byte answers."""

    async def call() -> None:
        if await bench.chat() != _bodies.TEXT:
            raise AssertionError("the answer is not what the server sent")

    return await measure(call, flight, calls, max(flight, WARM_UP))


async def stream(bench: Bench, flight: int, calls: int) -> tuple[float, float]:
    """Streams of 100 events, by the event."""

    async def call() -> None:
        if await bench.stream() != _bodies.CHUNKS - 1:
            raise AssertionError("pieces are missing")

    cpu, wall = await measure(call, flight, calls, max(flight, 3))
    return cpu / _bodies.CHUNKS, wall / _bodies.CHUNKS


async def embed(bench: Bench, encoding: str, calls: int) -> tuple[float, float]:
    """Answers of 256 x 1,024 numbers, into an array."""
    texts = [f"text number {place}" for place in range(_bodies.TEXTS)]

    async def call() -> None:
        array = await bench.embed(texts, encoding)
        if array.shape != (_bodies.TEXTS, _bodies.DIMENSIONS) or array.dtype != "float32":
            raise AssertionError(f"{array.dtype} {array.shape} came")

    return await measure(call, 1, calls, 1)


async def run(arguments: dict[str, Any]) -> dict[str, float]:
    """Measure what the arguments ask for; each mode with a client of its own, so that none inherits idle connections."""
    found: dict[str, float] = {}
    made = CLIENTS[arguments["client"]]
    for mode, flight, calls in arguments["modes"]:
        async with made(arguments["url"], flight) as bench:
            if mode == "chat":
                cpu, wall = await chat(bench, flight, calls)
            elif mode == "stream":
                cpu, wall = await stream(bench, flight, calls)
            else:
                cpu, wall = await embed(bench, mode, calls)
        found[f"{mode} {flight} cpu"], found[f"{mode} {flight} wall"] = cpu, wall
    return found


def main() -> None:
    """Measure on core 0."""
    arguments = json.loads(sys.argv[1])
    library = CLIENTS[arguments["client"]].library
    if find_spec(library) is None:
        print(json.dumps({"absent": library}))
        return
    pin(0)
    raise_file_limit()
    print(json.dumps(asyncio.run(run(arguments))))


if __name__ == "__main__":
    main()
