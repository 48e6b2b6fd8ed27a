"""One client in one mode, in a process of its own; measures once for each line that the benchmark sends it."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks import _bodies
from benchmarks._run import pin, raise_file_limit
from benchmarks.clients import CLIENTS
from benchmarks.decode import Decode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Work = Callable[[], Awaitable[None]]


async def in_flight(work: Work, flight: int, calls: int, seconds: float = float("inf")) -> int:
    """Make calls, `flight` of them at any moment, until there were `calls` or the time is up; how many there were."""
    made = 0
    end = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal made
        while made < calls:
            made += 1
            await work()
            if time.perf_counter() > end:
                return

    if flight == 1:
        await one()
    else:
        await asyncio.gather(*(one() for _ in range(flight)))
    return made


async def measure(work: Work, job: Mapping[str, Any]) -> dict[str, float]:
    """Microseconds a call: the client's CPU and wall time, and the server's CPU in the same span."""
    flight, calls = job["flight"], job["calls"]
    # one call for each place warms up: connections that idled too long since the last round are opened again
    await in_flight(work, flight, max(flight, min(calls // 5, 50), 1), job["seconds"])
    gc.collect()
    asked, spent = server_cost(job["url"])
    wall, cpu = time.perf_counter(), time.process_time()
    made = await in_flight(work, flight, calls, job["seconds"])
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    asked_since, spent_since = server_cost(job["url"])
    answered = asked_since - asked
    server = (spent_since - spent) / answered if answered else 0.0  # decoding alone asks nobody
    return {"cpu": cpu / made * 1e6, "wall": wall / made * 1e6, "server": server * 1e6}


def server_cost(url: str) -> tuple[int, float]:
    """Requests that the server has answered, and the CPU seconds that took."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port)) as sock:
        sock.sendall(b"GET /cost HTTP/1.1\r\n\r\n")
        _, _, body = sock.recv(65536).partition(b"\r\n\r\n")
    found = json.loads(body)
    return found["requests"], found["cpu"]


def work_of(bench: Any, mode: str) -> Work:
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


BENCHES = {**CLIENTS, "decode": Decode}
"""The clients, and the decoding alone."""


async def run(job: Mapping[str, Any]) -> None:
    """Measure whenever asked to, until the input ends."""
    async with BENCHES[job["client"]](job["url"], job["flight"]) as bench:
        work = work_of(bench, job["mode"])
        print("{}", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await measure(work, job)), flush=True)


def main() -> None:
    """Work on core 0."""
    job = json.loads(sys.argv[1])
    library = BENCHES[job["client"]].library
    if find_spec(library) is None:
        print(json.dumps({"absent": 1}))
        return
    pin(0)
    raise_file_limit()
    asyncio.run(run(job))


if __name__ == "__main__":
    main()
