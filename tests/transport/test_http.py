"""The HTTP transport on real sockets: what goes out, what comes in, what breaks."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import traceback
from collections.abc import AsyncIterator
from typing import Any

import httpx
import httpx2
import pytest

from ipfs_accel_async.errors import (
    AccelError,
    ConnectError,
    DecodeError,
    InterruptedCallError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TransportError,
)
from ipfs_accel_async.transport._aiohttp import AiohttpTransport
from ipfs_accel_async.transport.http import HttpTransport
from ipfs_accel_async.wire.http import Request
from tests.transport.raw_server import raw_server, read_request, response

pytestmark = pytest.mark.sockets
LIMIT = 1_000_000
KEY = b"sk-canary-0123456789"


def a_request(url: str, body: bytes = b'{"a":1}') -> Request:
    """A POST with a key and a JSON body."""
    headers = ((b"authorization", b"Bearer " + KEY), (b"content-type", b"application/json"), (b"x-request-id", b"id"))
    return Request("POST", f"{url}/v1/chat/completions", headers, body)


@pytest.fixture(params=["default", "httpx", "httpx2"])
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[HttpTransport]:
    """The default transport, and those over a client that was passed in."""
    client: Any = {"default": None, "httpx": httpx, "httpx2": httpx2}[request.param]
    given = client and client.AsyncClient(trust_env=False)
    made = HttpTransport(given, connect_timeout=5.0, max_response_bytes=LIMIT)
    yield made
    await made.aclose()
    if given is not None:
        assert not given.is_closed, "a client that was passed in stays open"
        await given.aclose()


async def read_all(incoming: Any) -> bytes:
    """The whole body."""
    body = b""
    try:
        while data := await incoming.read():
            body += data
    finally:
        await incoming.aclose()
    return body


async def test_a_request_arrives_as_it_was_built(transport: HttpTransport) -> None:
    """Method, path, headers and body arrive; the response's status, headers and body come back."""
    seen: list[tuple[bytes, bytes]] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(response(b'{"ok":true}', "X-Request-Id: theirs"))
        await writer.drain()

    async with raw_server(script) as url:
        incoming = await transport.send(a_request(url))
        assert (incoming.status, incoming.headers.get("x-request-id")) == (200, "theirs")
        assert await read_all(incoming) == b'{"ok":true}'
    head, body = seen[0]
    lines = [line.lower() for line in head.split(b"\r\n")]
    assert lines[0] == b"post /v1/chat/completions http/1.1"
    assert lines.count(b"authorization: bearer " + KEY) == 1
    assert sum(line.startswith(b"content-length:") for line in lines) == 1
    assert sum(line.startswith(b"content-type:") for line in lines) == 1
    assert body == b'{"a":1}'


async def test_connections_are_kept_for_the_next_call(transport: HttpTransport) -> None:
    """Ten calls in a row use one connection."""
    connections = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_request(reader)
            writer.write(response(b"{}"))

    async with raw_server(script) as url:
        for _ in range(10):
            assert await read_all(await transport.send(a_request(url))) == b"{}"
        await transport.aclose()
    assert connections == 1


@pytest.mark.parametrize("size", [10, 500_000])
async def test_gzip_is_inflated(transport: HttpTransport, size: int) -> None:
    """A gzip body comes out as it went in."""
    text = bytes(range(256)) * (size // 256 + 1)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(response(gzip.compress(text), "Content-Encoding: gzip"))
        await writer.drain()

    async with raw_server(script) as url:
        assert await read_all(await transport.send(a_request(url))) == text


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_a_body_above_the_cap_is_refused(transport: HttpTransport, encoding: str) -> None:
    """A decompression bomb, and a plain body that is too long, are refused within the cap."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        body = bytes(20 * LIMIT)
        if encoding == "gzip":
            body = gzip.compress(body, 1)
        writer.write(response(body, f"Content-Encoding: {encoding}"))
        await writer.drain()

    async with raw_server(script) as url:
        incoming = await transport.send(a_request(url))
        got = 0
        with pytest.raises(ResponseTooLargeError):
            while data := await incoming.read():
                got += len(data)
        await incoming.aclose()
    assert got <= LIMIT


async def test_an_encoding_that_nobody_asked_for(transport: HttpTransport) -> None:
    """A content encoding we did not offer is a DecodeError on reading, so that whoever reads can close."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(response(b"x", "Content-Encoding: snappy"))
        await writer.drain()

    async with raw_server(script) as url:
        incoming = await transport.send(a_request(url))
        with pytest.raises(DecodeError, match="snappy"):
            await incoming.read()
        await incoming.aclose()


async def test_broken_gzip_is_a_decode_error(transport: HttpTransport) -> None:
    """A body that is not what its encoding says is a DecodeError."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(response(b"this is no gzip", "Content-Encoding: gzip"))
        await writer.drain()

    async with raw_server(script) as url:
        incoming = await transport.send(a_request(url))
        with pytest.raises(DecodeError):
            await incoming.read()
        await incoming.aclose()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.mark.parametrize("how", ["close", "reset", "garbage"])
async def test_a_connection_that_breaks_before_the_answer(transport: HttpTransport, how: str) -> None:
    """Closed, reset or answered with garbage before a response: retryable, and without the key in any message."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        if how == "reset":
            reset(writer)
        elif how == "garbage":
            writer.write(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
            await writer.drain()

    async with raw_server(script) as url:
        with pytest.raises(InterruptedCallError) as caught:
            await transport.send(a_request(url))
    no_leak(caught.value)
    assert caught.value.retryable


def no_leak(error: AccelError) -> None:
    """The error and its chain show no key."""
    assert KEY.decode() not in f"{error!s}{error!r}{error.args}{vars(error)}"
    assert error.__cause__ is None
    assert error.__context__ is None
    frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    package = [frame for frame in frames.stack if "ipfs_accel_async" in frame.filename]
    assert package
    assert not any(KEY.decode() in str(frame.locals) for frame in package)


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_body_that_breaks_off(transport: HttpTransport, how: str) -> None:
    """A body shorter than its length is InterruptedCallError, never a short success."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(response(b"x" * 1_000)[:-500])
        await writer.drain()
        if how == "reset":
            reset(writer)

    async with raw_server(script) as url:
        with pytest.raises(InterruptedCallError):  # a reset may overtake the head
            await read_all(await transport.send(a_request(url)))


async def test_nobody_there(transport: HttpTransport) -> None:
    """A refused connection is a ConnectError: nothing was sent."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ConnectError, match="is it running") as caught:
        await transport.send(a_request(f"http://127.0.0.1:{port}"))
    assert caught.value.phase == "connect"
    no_leak(caught.value)


async def test_an_unknown_host(transport: HttpTransport) -> None:
    """A name that does not resolve is a ConnectError too."""
    with pytest.raises(ConnectError):
        await transport.send(a_request("http://nobody.invalid"))


async def test_redirects_are_not_followed_and_cookies_not_kept(transport: HttpTransport) -> None:
    """A 307 comes back as it is, and what it sets as a cookie is not sent later."""
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append((await read_request(reader))[0])
            writer.write(response(b"", "Location: /elsewhere", "Set-Cookie: a=b; Path=/", status="307 Temporary"))

    async with raw_server(script) as url:
        for _ in range(2):
            incoming = await transport.send(a_request(url))
            assert incoming.status == 307
            await read_all(incoming)
        await transport.aclose()
    assert len(heads) == 2
    assert not any(b"elsewhere" in head for head in heads)


async def test_the_default_transport_keeps_no_cookies() -> None:
    """Under the default client a cookie is never sent back."""
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append((await read_request(reader))[0])
            writer.write(response(b"{}", "Set-Cookie: tenant=1; Path=/"))

    made = HttpTransport(None, connect_timeout=5.0, max_response_bytes=LIMIT)
    async with raw_server(script) as url:
        for _ in range(2):
            await read_all(await made.send(a_request(url)))
        await made.aclose()
    assert not any(b"cookie" in head.lower() for head in heads)


async def test_a_client_with_its_own_timeout_is_used_as_given() -> None:
    """A read timeout that the user set ends the call; httpx's stock five seconds do not apply."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await reader.read()

    async with raw_server(script) as url, httpx.AsyncClient(timeout=0.05, trust_env=False) as client:
        made = HttpTransport(client, connect_timeout=5.0, max_response_bytes=LIMIT)
        with pytest.raises(RequestTimeoutError) as caught:
            await made.send(a_request(url))
    assert caught.value.phase == "first byte"


async def test_stock_timeouts_are_lifted() -> None:
    """A client with httpx's stock timeouts gets none between bytes: the call's deadline rules."""
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, json={})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        made = HttpTransport(client, connect_timeout=7.0, max_response_bytes=LIMIT)
        await read_all(await made.send(a_request("http://127.0.0.1")))
    assert seen == [{"connect": 7.0, "read": None, "write": None, "pool": 5.0}]


async def test_an_exception_of_an_unknown_library_is_typed() -> None:
    """Whatever a client raises becomes a TransportError with the class name and nothing of its message."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise LookupError(KEY.decode())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        made = HttpTransport(client, connect_timeout=7.0, max_response_bytes=LIMIT)
        with pytest.raises(TransportError, match="LookupError") as caught:
            await made.send(a_request("http://127.0.0.1"))
    no_leak(caught.value)
    assert not caught.value.retryable


async def test_the_pool_serves_any_httpx_client() -> None:
    """AiohttpTransport is an httpx transport like any other: a plain client works over it, streams and all."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, body = await read_request(reader)
            writer.write(response(body or head[:4], "Content-Type: text/plain"))

    async with raw_server(script) as url, httpx.AsyncClient(transport=AiohttpTransport()) as client:
        assert (await client.post(url, json={"a": 1})).json() == {"a": 1}
        assert (await client.get(url)).text == "GET "
        async with client.stream("POST", url, content=b"x" * 100_000) as got:
            assert sum([len(chunk) async for chunk in got.aiter_bytes()]) == 100_000
