"""One way to embed ten thousand texts, in a process of its own; prints items a second, the median of some rounds."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from base64 import b64decode
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks._run import pin, raise_file_limit
from benchmarks.clients import HEADERS, KEY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Job = Callable[[int], Awaitable[None]]

MODEL = "e"
TASKS = 1_000


def texts(count: int) -> list[str]:
    """Texts that tell their number."""
    return [f"a text of some few words with the number {place}" for place in range(count)]


def check(vector: Any, place: int) -> None:
    """Whether a vector is that of its text."""
    if int(vector[0]) != place:
        raise AssertionError(f"the vector of {int(vector[0])} came for {place}")


def _ours(job: Mapping[str, Any], **settings: Any) -> Any:
    from ipfs_accel_async import Client

    return Client(
        keys={"openai": KEY},
        base_urls={"openai": job["url"]},
        max_concurrent_requests=job["cap"],
        queue_size=20_000,
        **settings,
    )


async def awaits(job: Mapping[str, Any], measure: Any, **settings: Any) -> None:
    """Tasks that each await their texts one by one."""
    async with _ours(job, **settings) as ai:

        async def one(places: range, many: list[str]) -> None:
            for place in places:
                check((await ai.embed(f"openai:{MODEL}", many[place])).vectors[0], place)

        async def run(count: int) -> None:
            many = texts(count)
            await asyncio.gather(*(one(range(task, count, TASKS), many) for task in range(TASKS)))

        await measure(run)


async def unshared(job: Mapping[str, Any], measure: Any) -> None:
    """The same without single flight, which compares every call with those under way."""
    await awaits(job, measure, single_flight=False)


async def rarely(job: Mapping[str, Any], measure: Any) -> None:
    """The same in a program that lets the garbage collector run less often; its memory is freed by counting."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    await awaits(job, measure)


async def apart(job: Mapping[str, Any], measure: Any) -> None:
    """The same with a request each."""
    await awaits(job, measure, batching=False)


async def lone(job: Mapping[str, Any], measure: Any) -> None:
    """One call after the other, by nobody else, in turn with gathering and without; `delay`, in seconds, is between."""
    took: dict[bool, list[float]] = {True: [], False: []}
    async with _ours(job, batching=True) as ours, _ours(job, batching=False) as plain:

        async def run(count: int) -> None:
            for text in texts(count):
                for gathers, ai in ((True, ours), (False, plain)):
                    start = time.perf_counter()
                    await ai.embed(f"openai:{MODEL}", text)
                    took[gathers].append(time.perf_counter() - start)

        await measure(run)
    FURTHER["delay"] = median(took[True]) - median(took[False])


async def static(job: Mapping[str, Any], measure: Any) -> None:
    """Lists of a fixed size by hand, with aiohttp, orjson and numpy; `wave` texts are there at a time."""
    import aiohttp
    import numpy as np
    import orjson

    size, wave, url = job["size"], job["wave"], f"{job['url']}/embeddings"
    slots = asyncio.Semaphore(job["cap"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post(places: range, many: list[str]) -> None:
            body = {"model": MODEL, "input": many[places.start : places.stop], "encoding_format": "base64"}
            async with slots, session.post(url, data=orjson.dumps(body), headers=HEADERS) as got:
                answer = orjson.loads(await got.read())
            rows = b"".join(b64decode(item["embedding"]) for item in answer["data"])
            vectors = np.frombuffer(rows, "<f4").reshape(len(places), -1)
            for place, vector in zip(places, vectors, strict=True):
                check(vector, place)

        async def run(count: int) -> None:
            many = texts(count)
            for start in range(0, count, wave):
                stop = min(start + wave, count)
                pieces = (range(at, min(at + size, stop)) for at in range(start, stop, size))
                await asyncio.gather(*(post(piece, many) for piece in pieces))

        await measure(run)


async def bare(job: Mapping[str, Any], measure: Any) -> None:
    """An await a text by hand: a list and futures, and no deadline, retry, trace or count; Python's own part of it."""
    import aiohttp
    import numpy as np
    import orjson

    loop, size, url = asyncio.get_running_loop(), job["size"], f"{job['url']}/embeddings"
    waiting: list[tuple[str, asyncio.Future[Any]]] = []
    flying: set[asyncio.Task[None]] = set()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post(some: list[tuple[str, asyncio.Future[Any]]]) -> None:
            body = {"model": MODEL, "input": [text for text, _ in some], "encoding_format": "base64"}
            async with session.post(url, data=orjson.dumps(body), headers=HEADERS) as got:
                answer = orjson.loads(await got.read())
            rows = b"".join(b64decode(item["embedding"]) for item in answer["data"])
            for (_, future), vector in zip(some, np.frombuffer(rows, "<f4").reshape(len(some), -1), strict=True):
                future.set_result(vector)

        def send() -> None:
            while waiting and len(flying) < job["cap"] and (len(waiting) >= size or not flying):
                flying.add(task := loop.create_task(post(waiting[:size])))
                del waiting[:size]
                task.add_done_callback(landed)

        def landed(task: asyncio.Task[None]) -> None:
            flying.discard(task)
            loop.call_soon(send)

        def embed(text: str) -> asyncio.Future[Any]:
            future = loop.create_future()
            if not waiting:
                loop.call_soon(send)
            waiting.append((text, future))
            return future

        async def one(places: range, many: list[str]) -> None:
            for place in places:
                check(await embed(many[place]), place)

        async def run(count: int) -> None:
            many = texts(count)
            await asyncio.gather(*(one(range(task, count, TASKS), many) for task in range(TASKS)))

        await measure(run)


async def sdk(job: Mapping[str, Any], measure: Any) -> None:
    """The openai SDK, which sends what it is given: a request each, at the same cap."""
    from openai import AsyncOpenAI

    slots = asyncio.Semaphore(job["cap"])
    async with AsyncOpenAI(api_key=KEY, base_url=job["url"], max_retries=0) as client:

        async def one(places: range, many: list[str]) -> None:
            for place in places:
                async with slots:
                    answer = await client.embeddings.create(model=MODEL, input=many[place])
                check(answer.data[0].embedding, place)

        async def run(count: int) -> None:
            many = texts(count)
            await asyncio.gather(*(one(range(task, count, TASKS), many) for task in range(TASKS)))

        await measure(run)


async def baseten(job: Mapping[str, Any], measure: Any) -> None:
    """Baseten's client, which cuts a list into requests of a fixed size, in Rust."""
    from baseten_performance_client import PerformanceClient, RequestProcessingPreference

    client = PerformanceClient(base_url=job["url"].removesuffix("/v1"), api_key=KEY)

    async def run(count: int) -> None:
        how = RequestProcessingPreference(max_concurrent_requests=job["cap"], batch_size=job["size"])
        answer = await client.async_embed(input=texts(count), model=MODEL, preference=how)
        for place, vector in enumerate(answer.numpy()):
            check(vector, place)

    await measure(run)


FURTHER: dict[str, float] = {}  # what a way found out beside its rate

WAYS: dict[str, tuple[str, Callable[..., Awaitable[None]]]] = {
    "awaits": ("ipfs_accel_async", awaits),
    "unshared": ("ipfs_accel_async", unshared),
    "rarely": ("ipfs_accel_async", rarely),
    "apart": ("ipfs_accel_async", apart),
    "lone": ("ipfs_accel_async", lone),
    "static": ("aiohttp", static),
    "bare": ("aiohttp", bare),
    "sdk": ("openai", sdk),
    "baseten": ("baseten_performance_client", baseten),
}


def main() -> None:
    """Work on core 0."""
    job = json.loads(sys.argv[1])
    library, way = WAYS[job["way"]]
    if find_spec(library) is None:
        print(json.dumps({"absent": 1}))
        return
    pin(0)
    raise_file_limit()
    rates: list[float] = []
    costs: list[float] = []

    async def measure(run: Job) -> None:
        await run(min(job["items"], TASKS))
        for _ in range(job["rounds"]):
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            await run(job["items"])
            rates.append(job["items"] / (time.perf_counter() - wall))
            costs.append((time.process_time() - cpu) / job["items"] * 1e6)

    asyncio.run(way(job, measure))  # type: ignore[arg-type]
    print(json.dumps({"rate": median(rates), "cpu": median(costs), **FURTHER}))


if __name__ == "__main__":
    main()
