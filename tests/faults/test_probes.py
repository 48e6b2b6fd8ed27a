"""Group K, what is about time: probes that hang, and first tokens that are slow."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import AccelError, CircuitOpenError, OverloadedError, RequestTimeoutError
from tests.faults.scenarios import scenario
from tests.faults.virtual import VirtualServer, refuses, says, streams
from tests.faults.watching import watched

TOKEN = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
LAST = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


OPENS = {"max_retries": 0, "failure_threshold": 2, "reset_timeout": 30.0, "max_reset_timeout": 120.0}


async def opened(ai: Client) -> None:
    """Fail until the breaker is open."""
    for _ in range(2):
        with pytest.raises(OverloadedError):
            await ai.chat("openai:m", "hi")


def state_of(ai: Client) -> Any:
    """The state of the model's breaker."""
    return ai.report()["circuit_breaker"]["state"]


@scenario("K04")
async def test_a_probe_that_hangs_has_failed_when_its_time_is_up() -> None:
    """Open again at that instant, for longer; what the probe still brings closes it."""
    server = VirtualServer(refuses(503), refuses(503), says(wait=200.0))
    async with watched(server, **OPENS, probe_timeout=20.0, timeout=1_000) as ai:
        await opened(ai)
        await asyncio.sleep(30)
        probe = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await asyncio.sleep(19.9)
        assert state_of(ai) == "half-open"
        await asyncio.sleep(0.1)
        assert state_of(ai) == "open"
        with pytest.raises(CircuitOpenError) as caught:
            await ai.chat("openai:m", "hi")
        assert 30 <= (caught.value.retry_after or 0) <= 60
        assert [change["state"] for change in ai.report()["circuit_breaker"]["state_changes"]].count("open") == 2
        await probe
        assert state_of(ai) == "closed"
        await ai.chat("openai:m", "hi")


@scenario("K04")
async def test_a_callers_own_short_deadline_is_not_the_endpoints_fault() -> None:
    """The probe's caller gives up: still half-open, and the next call is the probe."""
    server = VirtualServer(refuses(503), refuses(503), says(wait=200.0))
    async with watched(server, **OPENS) as ai:
        await opened(ai)
        await asyncio.sleep(30)
        with pytest.raises(RequestTimeoutError):
            await ai.chat("openai:m", "hi", timeout=3)
        assert state_of(ai) == "half-open"
        await ai.chat("openai:m", "hi")
        assert state_of(ai) == "closed"


@scenario("K04")
async def test_a_long_stream_is_a_probe_that_has_answered() -> None:
    """With its first token it closes the breaker, though its end is far."""
    server = VirtualServer(refuses(503), refuses(503), streams(TOKEN, 500.0, LAST))
    async with watched(server, **OPENS, stream_idle_timeout=1_000, timeout=1_000) as ai:
        await opened(ai)
        await asyncio.sleep(30)
        async with ai.stream("openai:m", "hi") as stream:
            assert state_of(ai) == "closed"
            await ai.chat("openai:m", "hi")
            await stream.collect()
        assert state_of(ai) == "closed"


async def stream_all(ai: Client, count: int) -> list[BaseException | None]:
    """Streams one after the other, and their errors."""
    ends: list[BaseException | None] = []
    for _ in range(count):
        try:
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()
            ends.append(None)
        except AccelError as error:
            ends.append(error)
    return ends


SLOW = {"slow_first_token": 5.0, "slow_first_token_rate": 0.8, "failure_rate_calls": 10, "timeout": 10_000}


@scenario("K08")
async def test_slow_first_tokens_open_the_breaker() -> None:
    """Eight slow ones of ten are enough, seven are not."""
    slow, quick = streams(TOKEN, LAST, wait=6.0), streams(TOKEN, LAST, wait=0.1)
    async with watched(VirtualServer(*[quick] * 3, *[slow] * 7, quick), **SLOW) as ai:
        assert await stream_all(ai, 10) == [None] * 10
        assert state_of(ai) == "closed"
    async with watched(VirtualServer(*[quick] * 2, *[slow] * 8), **SLOW) as ai:
        ends = await stream_all(ai, 11)
        assert ends[:10] == [None] * 10
        assert isinstance(ends[10], CircuitOpenError)
        assert state_of(ai) == "open"


@scenario("K08")
async def test_slow_probes_open_it_again_and_long_streams_do_not() -> None:
    """A probe whose first token is slow has failed; seconds after the first token are nobody's fault."""
    slow, long = streams(TOKEN, LAST, wait=6.0), streams(TOKEN, 8.0, LAST, wait=0.1)
    server = VirtualServer(*[slow] * 11, always=long)
    async with watched(server, **SLOW, reset_timeout=30.0, max_reset_timeout=30.0) as ai:
        await stream_all(ai, 10)
        await asyncio.sleep(30)
        assert state_of(ai) == "half-open"
        await stream_all(ai, 1)
        assert state_of(ai) == "open"
        await asyncio.sleep(30)
        assert await stream_all(ai, 30) == [None] * 30
        assert state_of(ai) == "closed"
