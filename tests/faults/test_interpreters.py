"""E11, E12: other loops, other ways of running tasks, other seeds. What a client does is the same in each.

Eager tasks are of Python 3.12 and later: elsewhere their tests are skipped, and prove no row.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

import pytest

from ipfs_accel_async.errors import StreamIncompleteError
from tests.answering import error_body
from tests.faults.http import answer, chunk, raw
from tests.faults.scenarios import scenario
from tests.faults.script import close, reset, send, sleep
from tests.faults.server import FaultServer
from tests.faults.streaming import DONE, event
from tests.faults.test_lifetimes import program
from tests.faults.virtual import VirtualServer, refuses, says, streams
from tests.faults.watching import FAST, PATIENT, watched


async def everything(loop: asyncio.AbstractEventLoop) -> list[Any]:
    """Retries, a fatal error, a stream that is left, a queue, cancelled calls: what came of each."""
    told: list[Any] = []
    server = VirtualServer(refuses(503), refuses(429), says(), refuses(400))
    async with watched(server, max_concurrent_requests=2, **PATIENT, **FAST) as ai:
        told.append((await ai.chat("openai:m", "hi")).attempts)
        told += [type(end).__name__ for end in await asyncio.gather(ai.chat("openai:m", "hi"), return_exceptions=True)]
        server.answers = [streams(event("a"), 1.0, event("b"), DONE)]
        async with ai.stream("openai:m", "hi") as stream:
            told.append((await anext(stream)).text)
        server.always = says(wait=1.0)
        began = loop.time()
        tasks = [loop.create_task(ai.chat("openai:m", "hi", priority=number % 3)) for number in range(9)]
        loop.call_later(1.5, tasks[0].cancel)
        loop.call_later(1.5, tasks[5].cancel)
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        told += [type(end).__name__ for end in ends]
        told.append(round(loop.time() - began, 6))
    return told


EXPECTED = [3, "BadRequestError", "a", *["Reply"] * 5, "CancelledError", *["Reply"] * 3, 4.0]


async def test_the_ordinary_way() -> None:
    """What the tests below compare with."""
    assert await everything(asyncio.get_running_loop()) == EXPECTED


@scenario("E11")
async def test_debug_mode_changes_nothing() -> None:
    """Asyncio's debug mode: the same answers, retries and refusals."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    try:
        assert await everything(loop) == EXPECTED
    finally:
        loop.set_debug(False)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
async def test_eager_tasks_change_nothing() -> None:
    """Tasks that run at once when they are made, up to their first wait."""
    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
    try:
        assert await everything(loop) == EXPECTED
    finally:
        loop.set_task_factory(None)


async def on_sockets() -> None:
    """Faults, streams and cancelled calls on real connections, under watch."""
    busy = (send(answer(error_body("busy"), status=503)),)
    head = raw("200 OK", "content-type: text/event-stream", "transfer-encoding: chunked")
    cut = (send(head + chunk(event("a"))), sleep(0.01), close())
    async with FaultServer(busy, (reset(),)) as server, watched(server, **PATIENT, **FAST) as ai:
        assert (await ai.chat("openai:m", "hi")).attempts == 3
        server.answers = [cut]
        with pytest.raises(StreamIncompleteError):
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()
        server.always = (sleep(0.005), send(answer()))
        tasks = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(60)]
        await asyncio.sleep(0.01)
        for task in tasks[::2]:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) or end.text == "hello" for end in ends)  # type: ignore[union-attr]
        assert (await ai.chat("openai:m", "hi" * 2**20)).text == "hello"


@pytest.mark.sockets
async def test_the_ordinary_loop() -> None:
    """What the tests below compare with."""
    await on_sockets()


@pytest.mark.sockets
@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
async def test_eager_tasks_on_sockets() -> None:
    """The same with tasks that run at once."""
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
    await on_sockets()


@scenario("E11")
def test_uvloop_changes_nothing() -> None:
    """The same on uvloop's sockets."""
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(on_sockets())


LOG = """
import asyncio
from tests.virtual_loop import VirtualLoop
from tests.faults.virtual import VirtualServer, refuses, says
from ipfs_accel_async import Client

async def main():
    server = VirtualServer(*[refuses(503), says(wait=1.0), refuses(500)] * 10)
    urls = {name: f"http://{name}.test/v1" for name in ("openai", "groq", "vllm")}
    options = dict(keys=dict.fromkeys(urls, "sk-test"), base_urls=urls, retry_jitter=0, max_concurrent_requests=2)
    async with Client(transport=server, **options) as ai:
        calls = [ai.chat(f"{name}:m{n}", str(n), priority=n % 3) for n in range(10) for name in urls]
        await asyncio.gather(*calls, return_exceptions=True)
    for at, request in zip(server.times, server.requests):
        print(int(at), request.url, len(request.body))

with asyncio.Runner(loop_factory=VirtualLoop) as runner:
    runner.run(main())
"""
SEEDS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1_597, 2_584, 4_181, 4_242)


@scenario("E12")
def test_hash_seeds_change_nothing() -> None:
    """What is sent, where and when is the same in twenty processes."""
    logs: set[str] = set()
    waiting = list(SEEDS)
    while waiting:
        with contextlib.ExitStack() as group:
            pair = [group.enter_context(program(LOG, PYTHONHASHSEED=str(waiting.pop()))) for _ in range(2)]
            for process in pair:
                out, err = process.communicate(timeout=60)
                assert (err, process.returncode) == ("", 0)
                logs.add(out)
    assert len(logs) == 1
    assert len(logs.pop().splitlines()) >= 30
