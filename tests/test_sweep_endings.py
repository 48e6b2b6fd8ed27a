"""How calls end in the corners: cancelled while something is fetched or read, closed in the step of a deadline."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async import Client, ClientClosedError, ConfigError
from ipfs_accel_async.keys import Keys
from tests.faults.virtual import VirtualServer, refuses, says, streams
from tests.soak.quiet import unquiet

DELTA = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'


async def test_a_reader_that_is_cancelled_is_counted_as_cancelled() -> None:
    """One that breaks off is not: it had what it wanted."""
    server = VirtualServer(always=streams(DELTA, 5.0, DELTA, b"data: [DONE]\n\n"))
    async with Client(transport=server, keys={"openai": "k"}) as ai:

        async def read() -> None:
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()

        reading = asyncio.ensure_future(read())
        await asyncio.sleep(1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert ai.report()["cancelled_requests"] == 1
        assert ai.report()["total_requests"] == 0
        async with ai.stream("openai:m", "hi") as stream:
            await anext(stream)
        assert ai.report()["cancelled_requests"] == 1
        assert ai.report()["success_rate"] == 1.0
        assert unquiet(ai) == []


async def test_closing_in_the_step_of_a_deadline() -> None:
    """A call whose time is up in the very step in which its client is closed ends once, and so do the others."""
    server = VirtualServer(always=says(wait=1_000.0))
    ai = Client(transport=server, keys={"openai": "k"})
    running = [asyncio.ensure_future(ai.chat("openai:m", "hi", timeout=seconds)) for seconds in (10.3, 10.5, 500)]
    await asyncio.sleep(1)
    closing = asyncio.ensure_future(ai.aclose(grace=9))
    await asyncio.sleep(0)
    asyncio.get_running_loop().advance(9.6)  # type: ignore[attr-defined]  # over the grace, then over two deadlines
    await closing
    ended = [type(error).__name__ for error in await asyncio.gather(*running, return_exceptions=True)]
    assert set(ended) <= {"RequestTimeoutError", "ClientClosedError"}
    assert ended[2] == "ClientClosedError"
    assert unquiet(ai) == []


async def test_those_under_way_are_ended_in_the_order_of_their_calls() -> None:
    """So that the same load is closed in the same way each time."""
    ai = Client(transport=VirtualServer(always=says(wait=1_000.0)), keys={"openai": "k"}, max_concurrent_requests=50)
    order: list[int] = []

    async def call(number: int) -> None:
        try:
            await ai.chat("openai:m", "hi")
        except ClientClosedError:
            order.append(number)

    running = [asyncio.ensure_future(call(number)) for number in range(50)]
    await asyncio.sleep(1)
    await ai.aclose(grace=0)
    await asyncio.gather(*running)
    assert order == list(range(50))


async def test_a_call_that_is_closed_while_it_waits_to_be_sent_again_says_how_often_it_was() -> None:
    """Whether it waits in the queue or comes back to it after the close."""
    server = VirtualServer(always=lambda _: refuses(500, wait=0.5))
    ai = Client(transport=server, keys={"openai": "k"}, max_concurrent_requests=1, retry_jitter=0, failure_threshold=99)
    running = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(4)]
    await asyncio.sleep(2.2)
    closing = asyncio.ensure_future(ai.aclose(grace=3.0))
    errors = await asyncio.gather(*running, return_exceptions=True)
    await closing
    assert {type(error) for error in errors} == {ClientClosedError}
    assert sum(error.attempts for error in errors if isinstance(error, ClientClosedError)) == len(server.requests)
    assert unquiet(ai) == []


async def test_a_token_that_cannot_be_fetched_is_no_attempt_and_its_error_can_be_read() -> None:
    """Nothing was sent, and there is nothing to cut out of the message."""

    def fails() -> str:
        raise LookupError("no account")

    server = VirtualServer()
    async with Client(transport=server, keys={"openai": Keys(fails)}) as ai:
        with pytest.raises(ConfigError, match="the callable that gives the token raised LookupError") as caught:
            await ai.chat("openai:m", "hi")
        assert caught.value.attempts == 0
        assert server.requests == []
        assert unquiet(ai) == []
