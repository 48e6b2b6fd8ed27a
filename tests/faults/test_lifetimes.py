"""Group E, and X10: loops, processes, clocks, and clients that are used when they should not be."""

from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ipfs_accel_async import Client, Keys
from ipfs_accel_async.errors import ClientClosedError, ConfigError
from tests.answering import header
from tests.faults.scenarios import scenario
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import PATIENT, watched


def program(source: str, **environment: str) -> subprocess.Popen[str]:
    """A program of its own, warnings being errors."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
    )


def run_python(source: str) -> tuple[str, str, int]:
    """Output, error output and exit code of a program."""
    with program(source) as process:
        out, err = process.communicate(timeout=60)
    return out, err, process.returncode


@scenario("E01")
def test_a_client_may_be_made_outside_a_loop() -> None:
    """And used in two loops, one after the other."""
    ai = Client(transport=VirtualServer(), keys={"openai": "sk-test"}, base_urls={"openai": "http://server.test/v1"})
    for _ in range(2):
        assert asyncio.run(ai.chat("openai:m", "hi")).text == "hello"
    asyncio.run(ai.aclose())


@scenario("E02")
async def test_two_loops_at_once_are_refused() -> None:
    """A thread with a loop of its own gets an error that says what to do; the first loop is not disturbed."""
    async with watched(VirtualServer(always=says(wait=5.0))) as ai:
        first = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await asyncio.sleep(0)

        def elsewhere() -> BaseException | None:
            try:
                asyncio.run(ai.chat("openai:m", "hi"))
            except ConfigError as error:
                return error
            return None

        refused = await asyncio.to_thread(elsewhere)
        assert "one client a loop" in str(refused)
        assert (await first).text == "hello"


@scenario("E04")
@pytest.mark.parametrize("turns", range(10))
async def test_closed_with_work_in_flight(turns: int) -> None:
    """At any turn, twice at once: every call ends, those that wait with ClientClosedError, within the grace."""
    server = VirtualServer(refuses(503), always=says(wait=2.0))
    async with watched(server, max_concurrent_requests=1, **PATIENT) as ai:
        tasks = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(4)]
        for _ in range(turns):
            await asyncio.sleep(0)
        await asyncio.gather(ai.aclose(1.0), ai.aclose(1.0))
        assert asyncio.get_running_loop().time() <= 2.0
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, ClientClosedError) or getattr(end, "text", "") == "hello" for end in ends)


@scenario("E05")
async def test_used_after_the_close() -> None:
    """Refused at once, whatever is asked for; nothing is sent."""
    server = VirtualServer()
    async with watched(server) as ai:
        await ai.aclose()
        for refused in (ai.chat("openai:m", "hi"), ai.embed("openai:m", "hi"), ai.request("openai", "GET", "/models")):
            with pytest.raises(ClientClosedError):
                await refused
        with pytest.raises(ClientClosedError):
            async with ai.stream("openai:m", "hi"):
                pass
    assert server.requests == []


@scenario("E08")
@pytest.mark.parametrize("years", [10, -10])
async def test_the_wall_clock_decides_nothing(years: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It jumps by years while a call waits to be retried: the schedule is the same."""
    server = VirtualServer(*[refuses(503)] * 3)
    async with watched(server, retry_jitter=0) as ai:
        call = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await asyncio.sleep(0.5)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + years * 31_557_600)
        await call
        assert server.times == [0.0, 1.0, 3.0, 7.0]
        assert ai.report()["uptime_seconds"] == 7.0


@scenario("E09")
async def test_an_hour_asleep() -> None:
    """Waiting calls end by their deadlines when it wakes; an open breaker lets one probe through, not a burst."""
    server = VirtualServer(*[refuses(503)] * 2, always=says(wait=1.0))
    async with watched(server, max_retries=0, failure_threshold=2, max_concurrent_requests=50) as ai:
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(2)), return_exceptions=True)
        assert ai.report()["circuit_breaker"]["state"] == "open"
        slow = asyncio.ensure_future(ai.chat("openai:other", "hi", timeout=60))
        await asyncio.sleep(0)
        asyncio.get_running_loop().advance(3_600)  # type: ignore[attr-defined]
        await asyncio.gather(slow, return_exceptions=True)
        before = len(server.requests)
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(50)), return_exceptions=True)
        assert len(server.requests) - before == 1


@scenario("E10")
async def test_a_blocked_loop_blames_nobody() -> None:
    """Twenty calls run out of time because somebody computed for five seconds: the breaker stays closed."""
    async with watched(VirtualServer(always=says(wait=2.5)), max_concurrent_requests=20, failure_threshold=1) as ai:
        tasks = [asyncio.ensure_future(ai.chat("openai:m", "hi", timeout=3)) for _ in range(20)]
        await asyncio.sleep(0.1)
        asyncio.get_running_loop().advance(5.0)  # type: ignore[attr-defined]
        await asyncio.gather(*tasks, return_exceptions=True)
        assert ai.report()["circuit_breaker"]["state"] == "closed"


@scenario("E13")
async def test_a_callers_context_is_its_own() -> None:
    """The source of a token sees the context of the call it is asked for, though others waited before it."""
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server, keys={"openai": Keys(lambda: f"sk-{who.get()}")}, max_concurrent_requests=1) as ai:

        async def call(name: str) -> None:
            who.set(name)
            await ai.chat("openai:m", name)

        await asyncio.gather(*(call(f"caller{number}") for number in range(5)))
        assert who.get() == "nobody"
    sent: list[Any] = [header(request, "authorization") for request in server.requests]
    assert sent == [f"Bearer sk-caller{number}" for number in range(5)]


SHIELDED = """
import asyncio
from ipfs_accel_async import Client, MockTransport

async def slow(request):
    await asyncio.sleep(60)

async def main():
    ai = Client(transport=MockTransport(slow), keys={"openai": "sk-test"})
    call = asyncio.shield(ai.chat("openai:m", "hi"))
    await asyncio.sleep(0.01)
    call.cancel()

asyncio.run(main())
"""


@scenario("X10")
def test_a_shielded_call_when_the_loop_stops() -> None:
    """Nothing on standard error, with warnings as errors."""
    assert run_python(SHIELDED) == ("", "", 0)


FORKED = """
import asyncio, os
from ipfs_accel_async import Client
from tests.faults.server import FaultServer

async def main():
    async with FaultServer() as server:
        async with Client(keys={"openai": "sk-test"}, base_urls={"openai": server.url + "/v1"}) as ai:
            await ai.chat("openai:m", "hi")
            child = os.fork()
            if not child:
                try:
                    asyncio.run(ai.chat("openai:m", "from the child"))
                except Exception as error:
                    print(type(error).__name__, flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print((await ai.chat("openai:m", "hi")).text, server.accepted, len(server.requests))

asyncio.run(main())
"""


@scenario("E03")
def test_a_forked_child_does_not_read_its_parents_answers() -> None:
    """The child is refused before it touches the connection, and the parent goes on over the same one."""
    assert run_python(FORKED) == ("ForkedClientError\nhello 1 2\n", "", 0)
