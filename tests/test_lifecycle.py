"""How a client ends: grace for what is under way, typed errors for the rest, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import warnings
from typing import Any

import pytest

from ipfs_accel_async import Client, ClientClosedError, InvalidRequestError, MockTransport, RequestTimeoutError
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON, SSE, Server, completion

CHUNK = b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
END = b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def quiet(ai: Client) -> None:
    """Nothing is held, nothing waits."""
    told = ai.statistics()
    assert told["under_way"] == 0
    for lane in told["lanes"]:
        assert (lane["waiting"], lane["active"]) == (0, 0)
        assert all(not any(loads) for loads in lane["keys"])


async def test_calls_under_way_end_within_the_grace() -> None:
    """Closing waits for them, no longer than they take; what waits in the queue fails at once."""
    server = Server(seconds=3.0)
    loop = asyncio.get_running_loop()
    ai = server.client(max_concurrent_requests=2)
    running = [asyncio.ensure_future(ai.chat("openai:m", f"{n}")) for n in range(2)]
    waiting = asyncio.ensure_future(ai.chat("openai:m", "waits"))
    await asyncio.sleep(1)
    started = loop.time()
    await ai.aclose(grace=60)
    assert loop.time() - started == pytest.approx(2.0)
    assert [(await one).text for one in running] == ["hello", "hello"]
    with pytest.raises(ClientClosedError):
        await waiting
    quiet(ai)


async def test_what_takes_longer_than_the_grace_is_ended() -> None:
    """With a typed error, and its permit given back, before the connections are closed."""
    server = Server(seconds=100.0)
    loop = asyncio.get_running_loop()
    ai = server.client()
    running = [asyncio.ensure_future(ai.chat("openai:m", f"{n}")) for n in range(3)]
    await asyncio.sleep(1)
    await ai.aclose(grace=2)
    assert loop.time() == pytest.approx(3.0)
    for one in running:
        with pytest.raises(ClientClosedError, match="under way"):
            await one
    assert server.mock.closed
    quiet(ai)


async def test_a_call_that_waits_to_be_retried_is_ended_too() -> None:
    """It sleeps holding nothing, but its caller must hear of the end."""
    down = MockTransport.reply({"error": {"message": "down"}}, status=500, headers=JSON)
    server = Server(*[down] * 9)
    ai = server.client(initial_retry_delay=16)
    running = asyncio.ensure_future(ai.chat("openai:m", "x"))
    await asyncio.sleep(1)
    await ai.aclose(grace=0)
    with pytest.raises(ClientClosedError):
        await running


async def test_a_stream_may_be_read_to_its_end_within_the_grace() -> None:
    """It counts as under way until it is closed."""

    def answer(request: Request) -> Response:
        return MockTransport.reply(body=CHUNK * 3 + END, headers=SSE)

    ai = Client(transport=MockTransport(answer, chunk_size=len(CHUNK)), keys={"openai": "k"})
    async with ai.stream("openai:m", "x") as stream:
        await anext(stream)
        closing = asyncio.ensure_future(ai.aclose(grace=60))
        await asyncio.sleep(1)
        assert ai.statistics()["under_way"] == 1
        assert (await stream.collect()).text == "xxx"
    await closing
    quiet(ai)


async def test_leaving_by_an_error_waits_for_nobody() -> None:
    """The error is what matters then; others that use the client are ended."""
    server = Server(seconds=100.0)
    loop = asyncio.get_running_loop()
    with pytest.raises(LookupError):
        async with server.client(close_grace=50) as ai:
            running = asyncio.ensure_future(ai.chat("openai:m", "x"))
            await asyncio.sleep(1)
            raise LookupError
    assert loop.time() == pytest.approx(1.0)
    with pytest.raises(ClientClosedError):
        await running


async def test_closing_may_be_cancelled_and_closes_all_the_same() -> None:
    """Cancelled in its grace, it closes the connections and passes the cancellation on."""
    server = Server(seconds=100.0)
    ai = server.client()
    running = asyncio.ensure_future(ai.chat("openai:m", "x"))
    await asyncio.sleep(1)
    closing = asyncio.ensure_future(ai.aclose(grace=50))
    await asyncio.sleep(1)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert server.mock.closed
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("grace", [-1, float("nan"), float("inf"), True, "5"])
async def test_a_grace_is_a_number_of_seconds(grace: Any) -> None:
    """And the client is closed to further calls whatever was passed."""
    ai = Server().client()
    await ai.chat("openai:m", "x")
    with pytest.raises(InvalidRequestError, match="grace"):
        await ai.aclose(grace)
    await ai.aclose()


async def silent(first: bytes) -> Any:
    """A transport whose stream says something once and then only comments."""
    left = [first]

    class Incoming:
        status = 200
        headers = MockTransport.reply(headers=SSE).headers

        async def read(self) -> bytes:
            if left:
                return left.pop()
            await asyncio.sleep(10)
            return b": still here\n\n"

        async def aclose(self) -> None:
            """Nothing to free."""

    class Transport:
        async def send(self, request: Request) -> Incoming:
            return Incoming()

        async def aclose(self) -> None:
            """Nothing to close."""

    return Transport()


async def test_a_stream_that_falls_silent_is_given_up() -> None:
    """Comments that keep the connection alive are no data; the error says which setting it was."""
    loop = asyncio.get_running_loop()
    async with Client(transport=await silent(CHUNK), keys={"openai": "k"}, stream_idle_timeout=45) as ai:
        with pytest.raises(RequestTimeoutError, match="stream_idle_timeout") as caught:
            async with ai.stream("openai:m", "x") as stream:
                await anext(stream)
                await anext(stream)
        assert loop.time() == pytest.approx(45.0)
        assert caught.value.phase == "idle"
        quiet(ai)


async def test_a_slow_reader_is_not_taken_for_a_silent_service() -> None:
    """The clock runs only while somebody waits for a piece."""
    body = CHUNK * 2 + END
    mock = MockTransport(lambda _: MockTransport.reply(body=body, headers=SSE), chunk_size=len(CHUNK))
    async with Client(transport=mock, keys={"openai": "k"}, stream_idle_timeout=5) as ai:
        async with ai.stream("openai:m", "x") as stream:
            async for _ in stream:
                await asyncio.sleep(60)
        assert stream.reply.text == "xx"


async def test_a_forgotten_stream_is_reclaimed_with_a_warning() -> None:
    """Its permit comes back and its connection is closed, though nobody closed it."""
    mock = MockTransport(lambda _: MockTransport.reply(body=CHUNK * 9, headers=SSE), chunk_size=len(CHUNK))
    async with Client(transport=mock, keys={"openai": "k"}, max_concurrent_requests=1) as ai:
        engine = ai._engine
        from ipfs_accel_async.arguments import chat_request

        payload = chat_request("x", stream=True)
        stream = await engine.call("chat", "openai:m", payload, 1, None, (), {})
        assert ai.statistics()["under_way"] == 1
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            del stream, payload
            gc.collect()
        await asyncio.sleep(0.1)
        assert any("never closed" in str(one.message) for one in told)
        assert mock.open == 0
        quiet(ai)


async def test_statistics_are_plain_values_without_keys() -> None:
    """They go into a log or an answer as they are."""
    server = Server(seconds=1.0)
    async with server.client(max_concurrent_requests=2, keys={"openai": ["sk-SENTINEL-1", "sk-SENTINEL-2"]}) as ai:
        assert ai.statistics() == {"under_way": 0, "lanes": [], "breakers": []}
        jobs = [asyncio.ensure_future(ai.chat("openai:m", "x")) for _ in range(5)]
        await asyncio.sleep(0.5)
        told = ai.statistics()
        (lane,) = told["lanes"]
        assert (told["under_way"], lane["active"], lane["waiting"], lane["free"]) == (5, 2, 3, 0)
        assert lane["keys"] == [(1, 1)]
        assert {(one["model"], one["state"]) for one in told["breakers"]} == {("m", "closed"), ("", "closed")}
        assert "SENTINEL" not in json.dumps(told)
        await asyncio.gather(*jobs)
        quiet(ai)


async def test_completion_is_unchanged() -> None:
    """A client that is used and closed in the ordinary way waits for nothing."""
    loop = asyncio.get_running_loop()
    mock = MockTransport(lambda _: MockTransport.reply(completion(), headers=JSON))
    async with Client(transport=mock, keys={"openai": "k"}) as ai:
        await ai.chat("openai:m", "x")
    assert loop.time() == 0
