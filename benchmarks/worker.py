"""One client in one mode, in a process of its own. Started by the benchmarks; measures once for each line it is sent."""

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

    Work = Callable[[], Awaitable[None]]


async def in_flight(work: Work, flight: int, calls: int) -> None:
    """Make `calls` calls, `flight` of them at any moment."""
    left = iter(range(calls))

    async def one() -> None:
        for _ in left:
            await work()

    if flight == 1:
        await one()
    else:
        await asyncio.gather(*(one() for _ in range(flight)))


async def measure(work: Work, flight: int, calls: int, warm_up: int) -> dict[str, float]:
    """CPU and wall microseconds a call, after a warm-up that opens the connections."""
    await in_flight(work, flight, warm_up)
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    await in_flight(work, flight, calls)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu / calls * 1e6, "wall": wall / calls * 1e6}


def work_of(bench: Bench, mode: str) -> Work:
    """One call of a mode, checked: ``chat``, ``stream``, or embeddings as ``base64`` or ``float``."""
    texts = [f"text number {place}" for place in range(_bodies.TEXTS)]

    async def chat() -> None:
        if await bench.chat() != _bodies.TEXT:
            raise AssertionError("the answer is not what the server sent")

    async def stream() -> None:
        if await bench.stream() != _bodies.CHUNKS - 1:  # the last event has no text
            raise AssertionError("pieces are missing")

    async def embed() -> None:
        array = await bench.embed(texts, mode)
        if array.shape != (_bodies.TEXTS, _bodies.DIMENSIONS) or array.dtype != "float32":
            raise AssertionError(f"{array.dtype} {array.shape} came")

    return {"chat": chat, "stream": stream}.get(mode, embed)


async def run(job: dict[str, Any]) -> None:
    """Measure whenever asked to, until the input ends."""
    flight, calls = job["flight"], job["calls"]
    async with CLIENTS[job["client"]](job["url"], flight) as bench:
        work = work_of(bench, job["mode"])
        print("{}", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            # as many warm-up calls as are in flight: connections that idled too long between rounds are opened again
            print(json.dumps(await measure(work, flight, calls, max(flight, min(calls // 5, 50), 1))), flush=True)


def main() -> None:
    """Work on core 0."""
    job = json.loads(sys.argv[1])
    library = CLIENTS[job["client"]].library
    if find_spec(library) is None:
        print(json.dumps({"absent": library}))
        return
    pin(0)
    raise_file_limit()
    asyncio.run(run(job))


if __name__ == "__main__":
    main()
