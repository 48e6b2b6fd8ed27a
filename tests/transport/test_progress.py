"""The phase of a timeout on real sockets: connecting, writing, or waiting for the first byte."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ipfs_accel_async import Client, RequestTimeoutError
from ipfs_accel_async.trace import Trace
from ipfs_accel_async.transport._progress import follower
from ipfs_accel_async.wire.http import Request
from tests.transport.raw_server import raw_server, read_request, response

pytestmark = pytest.mark.sockets
LIBRARIES = pytest.mark.parametrize("given", [False, True], ids=["default", "httpx"])


async def phase_of(url: str, *, given: bool, size: int = 10, seconds: float = 0.25) -> str | None:
    """The phase in which a call with a body of so many bytes runs out of time."""
    async with httpx.AsyncClient(trust_env=False, timeout=None) as library:
        http_client: Any = library if given else None
        async with Client(http_client=http_client, keys={"openai": "k"}, base_urls={"openai": url}) as ai:
            with pytest.raises(RequestTimeoutError) as caught:
                await ai.request("openai", "POST", "/x", json="x" * size, timeout=seconds)
    return caught.value.phase


async def silent(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Accept, and do nothing."""
    await asyncio.sleep(3_600)


async def attentive(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Read the request, and say nothing."""
    await read_request(reader)
    await asyncio.sleep(3_600)


async def test_a_handshake_that_stalls() -> None:
    """A server that never answers the TLS handshake: the time went into that."""
    async with raw_server(silent) as url:
        assert await phase_of(url.replace("http:", "https:"), given=False, seconds=0.4) == "tls"


async def test_httpx_says_when_it_connects() -> None:
    """What its own transport tells becomes the phase; what it tells besides does not."""
    request = Request("POST", "http://127.0.0.1", ())
    object.__setattr__(request, "progress", Trace())
    assert request.progress is not None
    told, seen = follower(request.progress), []
    for event in ("connect_tcp.started", "start_tls.started", "start_tls.complete"):
        await told(f"connection.{event}", {})
        seen.append(request.progress.phase)
    for event in ("send_request_body.started", "send_request_body.complete", "receive_response_headers.started"):
        await told(f"http11.{event}", {})
        seen.append(request.progress.phase)
    assert seen == ["connect", "tls", "tls", "write", "first byte", "first byte"]


@LIBRARIES
async def test_an_upload_that_nobody_reads(given: bool) -> None:
    """Eight megabytes to a server that does not read: the time went into writing."""
    async with raw_server(silent) as url:
        assert await phase_of(url, given=given, size=8 * 2**20) == "write"


@LIBRARIES
@pytest.mark.parametrize("size", [10, 3 * 2**20])
async def test_a_server_that_does_not_answer(given: bool, size: int) -> None:
    """The request is there, whole; the time went into waiting for the answer."""
    async with raw_server(attentive, limit=2**24) as url:
        assert await phase_of(url, given=given, size=size) == "first byte"


@LIBRARIES
async def test_a_body_that_stalls(given: bool) -> None:
    """The head came; the time went into the body, also on a connection that was new."""

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(response(b"{}" * 50)[:-10])
        await asyncio.sleep(3_600)

    async with raw_server(half) as url:
        assert await phase_of(url, given=given) == "body"


async def test_a_warm_connection_is_not_connecting() -> None:
    """The second call on a connection starts with its first byte."""
    calls = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        while True:
            await read_request(reader)
            calls += 1
            if calls > 1:
                await asyncio.sleep(3_600)
            writer.write(response(b"{}", "content-type: application/json"))

    async with raw_server(once) as url, Client(keys={"openai": "k"}, base_urls={"openai": url}) as ai:
        await ai.request("openai", "POST", "/x", json=1)
        with pytest.raises(RequestTimeoutError) as caught:
            await ai.request("openai", "POST", "/x", json=1, timeout=0.1)
        assert caught.value.phase == "first byte"
