"""The exchange: codec x transport, the commit point, the end of streams."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from ipfs_accel_async import registry
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import (
    InterruptedCallError,
    NotFoundError,
    OverloadedError,
    ProtocolError,
    StreamIncompleteError,
    UnexpectedRedirectError,
)
from ipfs_accel_async.exchange import MAX_ERROR_BODY, Exchange
from ipfs_accel_async.stream import Stream
from ipfs_accel_async.transport.mock import MockTransport
from ipfs_accel_async.wire.http import Headers, Request
from tests.doubles import a_call

SSE = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}


def chunk(text: str, **more: Any) -> bytes:
    """One OpenAI chunk as a frame."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None, **more}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + orjson.dumps(body) + b"\n\n"


DONE = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
ERROR = b'data: {"error":{"message":"busy","type":"server_error","code":"server_is_overloaded","param":null}}\n\n'


class Script:
    """A transport whose one response gives the chunks of a list, and raises the exceptions in it."""

    def __init__(
        self, *chunks: bytes | BaseException | float, status: int = 200, headers: dict[str, str] = SSE
    ) -> None:
        self.chunks = list(chunks)
        self.status = status
        self.headers = Headers([(k.encode(), v.encode()) for k, v in headers.items()])
        self.closed = 0
        self.reads = 0

    async def send(self, request: Request) -> Script:
        return self

    async def read(self) -> bytes:
        self.reads += 1
        item = self.chunks.pop(0) if self.chunks else b""
        if isinstance(item, float):
            await asyncio.sleep(item)
            return await self.read()
        if isinstance(item, BaseException):
            raise item
        return item

    async def aclose(self) -> None:
        self.closed += 1


def exchange(transport: Any) -> Exchange:
    """An exchange of the OpenAI codec with a transport."""
    return Exchange({"openai": registry.codec("openai")}, transport)


async def streamed(transport: Any) -> Stream:
    """A stream through that exchange."""
    answer = await exchange(transport)(a_call(stream=True))
    assert isinstance(answer, Stream)
    return answer


async def test_a_stream_is_handed_over_with_its_first_token() -> None:
    """The role chunk and comments commit nothing; the first text does."""
    role = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
    script = Script(b": ping\n\n", role, chunk("Hel"), chunk("lo"), DONE)
    stream = await streamed(script)
    assert script.reads == 3
    async with stream:
        assert (await stream.collect()).text == "Hello"
    assert script.closed == 1


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        ([ERROR], OverloadedError),
        ([], StreamIncompleteError),
        ([InterruptedCallError("cut")], StreamIncompleteError),
        ([b"data: {broken\n\n"], ProtocolError),
    ],
)
async def test_before_the_first_token_errors_are_the_calls_own(chunks: list[Any], kind: type[ProtocolError]) -> None:
    """An error before anything was handed over is raised by the call, retryable, and the response is closed."""
    script = Script(*chunks)
    with pytest.raises(kind) as caught:
        await streamed(script)
    assert caught.value.retryable
    assert script.closed == 1


@pytest.mark.parametrize("end", [[], [InterruptedCallError("cut")], [chunk("x")[:40]]])
async def test_a_stream_that_ends_early_is_an_error_with_its_partial(end: list[Any]) -> None:
    """A clean end, a cut, and a half frame before the end mark are all StreamIncompleteError."""
    stream = await streamed(Script(chunk("Hel"), chunk("lo"), *end))
    with pytest.raises(StreamIncompleteError) as caught:
        await stream.collect()
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Hello"
    assert (caught.value.phase, caught.value.attempts, str(caught.value.target)) == ("stream", 1, "openai:m")


async def test_what_came_before_a_fault_is_delivered_first() -> None:
    """Two good events and an error in one read: the two are delivered, then the error is raised."""
    stream = await streamed(Script(chunk("a"), chunk("b") + chunk("c") + ERROR))
    got = []
    with pytest.raises(OverloadedError):
        async for delta in stream:
            got.append(delta.text)
    assert got == ["a", "b", "c"]


@pytest.mark.parametrize("tail", [b"data: [DONE]\n\n", b"data: {broken\n\n", chunk("late"), ERROR])
async def test_nothing_after_the_end_mark_counts(tail: bytes) -> None:
    """Whatever follows the end mark is ignored, in the same read or a later one."""
    for chunks in ([chunk("a"), DONE + tail], [chunk("a"), DONE, tail]):
        stream = await streamed(Script(*chunks))
        async with stream:
            assert (await stream.collect()).text == "a"


async def test_a_server_that_lingers_after_the_end_mark_is_left() -> None:
    """Closing waits a tenth of a second for the connection to become free, not longer."""
    script = Script(chunk("a"), DONE, 60.0)
    stream = await streamed(script)
    async with stream:
        await stream.collect()
    assert asyncio.get_running_loop().time() <= 0.2
    assert script.closed == 1


async def test_json_where_a_stream_was_asked_for() -> None:
    """One JSON body instead of a stream is a protocol error, and an error body in it is that error."""
    with pytest.raises(ProtocolError, match="one JSON body where a stream"):
        choices = [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}]
        await streamed(Script(orjson.dumps({"id": "c", "model": "m", "choices": choices}), headers=JSON))
    body = b'{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found","param":null}}'
    with pytest.raises(NotFoundError):
        await streamed(Script(body, headers=JSON))


async def test_redirects_are_errors() -> None:
    """A 3xx is never followed."""
    with pytest.raises(UnexpectedRedirectError, match="307"):
        await exchange(Script(status=307, headers={"location": "http://elsewhere.invalid/"}))(a_call())


async def test_a_huge_error_body_is_not_read_to_its_end() -> None:
    """Of an error's body at most 64 KiB and one chunk are read."""
    script = Script(*[b"x" * 16_384] * 1_000, status=503, headers={"content-type": "text/plain"})
    with pytest.raises(OverloadedError):
        await exchange(script)(a_call())
    assert script.reads <= MAX_ERROR_BODY // 16_384 + 1
    assert script.closed == 1


async def test_a_key_that_the_server_echoes_is_cut_out() -> None:
    """An error message never shows the key that was sent."""
    from ipfs_accel_async.keys import Secret

    key = "sk-canary-0123456789"
    body = {"error": {"message": f"Incorrect API key provided: {key}.", "type": "x", "code": "invalid_api_key"}}
    mock = MockTransport(lambda _: MockTransport.reply(body, status=401, headers=JSON))
    call: Call = a_call().with_key(Secret(key))
    with pytest.raises(Exception, match="Incorrect API key") as caught:
        await exchange(mock)(call)
    assert key not in str(caught.value)
    assert mock.open == 0


async def test_cancelling_any_await_closes_the_response() -> None:
    """Cancelled while the body or the first token is on its way, the response is closed."""
    for chunks in ([60.0, chunk("a")], [chunk("a")[:20], 60.0]):
        script = Script(*chunks)
        task = asyncio.ensure_future(streamed(script))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert script.closed == 1
