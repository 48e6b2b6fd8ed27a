"""What comes in is bounded, on real sockets: heads, lines without end, bombs, bodies of errors, nesting."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from ipfs_accel_async import (
    AccelError,
    Client,
    DecodeError,
    NotFoundError,
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
)
from ipfs_accel_async.wire.sse import DEFAULT_CAP
from tests.transport.raw_server import raw_server, read_request, response

pytestmark = pytest.mark.sockets
OK = "HTTP/1.1 200 OK\r\n"
MANY = OK + "".join(f"x-{number}: y\r\n" for number in range(129)) + "content-length: 2\r\n\r\n{}"
HEADS = {
    "many headers": MANY,
    "a long header": f"{OK}x-long: {'y' * 8_200}\r\ncontent-length: 2\r\n\r\n{{}}",
    "a long name": f"{OK}{'y' * 8_200}: x\r\ncontent-length: 2\r\n\r\n{{}}",
    "a long status line": f"HTTP/1.1 200 {'y' * 8_200}\r\ncontent-length: 2\r\n\r\n{{}}",
}


@asynccontextmanager
async def client_of(answer: Callable[[asyncio.StreamWriter], Any], **options: Any) -> AsyncIterator[Client]:
    """A client of a server that reads a request and answers as told."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            await answer(writer)

    addresses = ("openai", "ollama", "gemini")
    async with raw_server(script) as url:
        options = {"max_retries": 0, "timeout": 60, **options}
        keys = dict.fromkeys(addresses, "k")
        async with Client(base_urls=dict.fromkeys(addresses, url), keys=keys, **options) as ai:
            yield ai


@contextmanager
def memory() -> Iterator[list[int]]:
    """The peak of what was allocated in the block, when it has ended."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
    finally:
        peak.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


@pytest.mark.parametrize("head", HEADS)
async def test_a_head_above_the_cap_is_refused(head: str) -> None:
    """By number and by bytes, with an error that says so and is not retried."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(HEADS[head].encode())
        await writer.drain()

    async with client_of(answer, max_retries=3) as ai:
        with pytest.raises(ResponseTooLargeError, match="status line or headers") as caught:
            await ai.request("openai", "GET", "/x")
    assert (caught.value.attempts, caught.value.retryable, caught.value.phase) == (1, False, "first byte")


async def test_a_large_head_within_the_cap_is_read() -> None:
    """A hundred headers of half a thousand bytes are an ordinary gateway's."""
    lines = [f"x-{number}: {'y' * 500}" for number in range(100)]

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"{}", *lines))
        await writer.drain()

    async with client_of(answer) as ai:
        assert (await ai.request("openai", "GET", "/x")).status == 200


STREAMS = {
    "openai": ("text/event-stream", b'data: {"a": "'),
    "gemini": ("text/event-stream", b'{"error": "'),
    "ollama": ("application/x-ndjson", b'{"a": "'),
}


@pytest.mark.parametrize("provider", STREAMS)
async def test_a_line_without_end_is_refused_within_the_cap(provider: str) -> None:
    """Of a gigabyte no more is taken in than the cap of one event and what the sockets hold."""
    kind, begin = STREAMS[provider]
    sent = 0

    async def answer(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(f"{OK}content-type: {kind}\r\nconnection: close\r\n\r\n".encode() + begin)
        while sent < 2**30:
            writer.write(bytes(b"x" * 2**18))
            sent += 2**18
            await writer.drain()

    async with client_of(answer) as ai:
        with memory() as peak, pytest.raises(ResponseTooLargeError, match="cap"):
            async with ai.stream(f"{provider}:m", "hi") as stream:
                await stream.collect()
        assert ai.statistics()["under_way"] == 0
    assert sent < 2 * DEFAULT_CAP
    assert peak[0] < 4 * DEFAULT_CAP


async def test_a_bomb_below_the_cap_is_refused_for_its_ratio() -> None:
    """200 KiB that would be 200 MiB, under a cap of 256 MiB: a fraction of it is ever inflated."""
    bomb = gzip.compress(bytes(200 * 2**20), 9)

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(response(bomb, "content-encoding: gzip"))
        await writer.drain()

    async with client_of(answer) as ai:
        with memory() as peak, pytest.raises(ResponseTooLargeError, match="bombs"):
            await ai.request("openai", "GET", "/x")
        assert ai.statistics()["under_way"] == 0
    assert len(bomb) < 2**18
    assert peak[0] < 80 * 2**20


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_the_body_of_an_error_is_read_no_further_than_needed(encoding: str) -> None:
    """An error page without end is its status, told with the beginning of its text, in a short message."""
    sent = 0

    async def answer(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        head = f"HTTP/1.1 404 No\r\ncontent-encoding: {encoding}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode())
        piece = b"<html>" * 2**14
        while sent < 2**28:
            writer.write(gzip.compress(piece) if encoding == "gzip" else piece)
            sent += len(piece)
            await writer.drain()

    async with client_of(answer) as ai:
        with memory() as peak, pytest.raises(NotFoundError) as caught:
            await ai.chat("openai:m", "hi")
    assert len(str(caught.value)) < 1_000
    assert peak[0] < 64 * 2**20


@pytest.mark.parametrize("body", ["no gzip", "cut"])
async def test_an_error_whose_body_is_broken_is_still_that_error(body: str) -> None:
    """The status has been read, and what it asks for: they count more than a text that cannot be."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        encoding = "gzip" if body == "no gzip" else "identity"
        writer.write(
            response(b"x" * 50, f"content-encoding: {encoding}", "retry-after: 70", status="429 Slow")[
                : None if body == "no gzip" else -20
            ]
        )
        await writer.drain()
        writer.close()

    async with client_of(answer) as ai:
        with pytest.raises(RateLimitError) as caught:
            await ai.chat("openai:m", "hi")
    assert caught.value.retry_after == 70


NESTED = {
    "lists": b"[" * 100_000,
    "closed lists": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}


@pytest.mark.parametrize("nested", NESTED)
@pytest.mark.parametrize("status", [200, 500])
async def test_json_without_bottom_is_a_typed_error(nested: str, status: int) -> None:
    """A hundred thousand levels in an answer, a stream or an error: never a RecursionError."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(response(NESTED[nested], "content-type: application/json", status=f"{status} X"))
        await writer.drain()

    async with client_of(answer) as ai:
        for provider in ("openai", "gemini", "ollama"):
            kind: type[AccelError] = DecodeError if status == 200 else ServerError
            with pytest.raises(kind) as caught:
                await ai.chat(f"{provider}:m", "hi")
            assert len(str(caught.value)) < 1_000
            with pytest.raises(kind):
                async with ai.stream(f"{provider}:m", "hi") as stream:
                    await stream.collect()


async def test_json_at_the_parsers_depth_goes_through_everything() -> None:
    """What the parser lets pass (a thousand levels) neither a codec nor a repr or copy of the answer trips over."""
    deep = b'{"extra":' + b"[" * 900 + b"]" * 900 + b',"choices":[{"message":{"content":"x"}}]}'

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(response(deep, "content-type: application/json"))
        await writer.drain()

    async with client_of(answer) as ai:
        assert (await ai.chat("openai:m", "hi")).text == "x"
        assert (await ai.request("openai", "GET", "/x")).status == 200
