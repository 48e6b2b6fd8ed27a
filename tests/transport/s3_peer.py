"""A loopback server for the S3 transport: it remembers each request and answers as it is told."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ipfs_accel_async.transport.s3 import S3Transport
from ipfs_accel_async.wire.http import Request

ACCESS, SECRET, SESSION = "AKIDEXAMPLE", "canary-secret-0123456789", "canary-session-9876543210"
KEY = f"{ACCESS}:{SECRET}"
Answer = Callable[[web.BaseRequest], web.StreamResponse | Awaitable[web.StreamResponse]]


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: Any


@dataclass
class Peer:
    """The server: where it is, what it saw, and how it answers."""

    answer: Answer
    url: str = ""
    seen: list[Seen] = field(default_factory=list)

    @property
    def connections(self) -> int:
        """How many connections the requests came on."""
        return len({seen.peer for seen in self.seen})


@contextlib.asynccontextmanager
async def s3_peer(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """Serve on a free loopback port."""
    peer = Peer(answer)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        assert request.transport is not None
        port = request.transport.get_extra_info("peername")
        peer.seen.append(Seen(request.method, request.raw_path, headers, body, port))
        made = peer.answer(request)
        return made if isinstance(made, web.StreamResponse) else await made

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    peer.url = f"s3+http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield peer
    finally:
        await runner.cleanup()


def xml(body: str = "", *, status: int = 200, **headers: str) -> Answer:
    """An answer with XML in it."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=status, text=body, content_type="application/xml", headers=sent)


def error(status: int, code: str, **headers: str) -> Answer:
    """An answer with an error of S3 in it."""
    said = f"<Error><Code>{code}</Code><Message>because</Message><RequestId>R1</RequestId></Error>"
    return xml(said, status=status, **headers)


def a_request(url: str, operation: str, body: bytes = b"", *, key: str = KEY, **params: Any) -> Request:
    """A request to S3; parameters in lower case are options or further headers."""
    headers = [(b"authorization", f"S3 {key}".encode())] if key else []
    headers += [(b"x-request-id", b"id-1"), (b"accept", b"application/json"), (b"s3-addressing", b"path")]
    for name in [name for name in params if name.islower()]:
        headers.append((name.replace("_", "-").encode(), params.pop(name).encode()))
    return Request(operation, url, tuple(headers), body, params)


async def read_all(incoming: Any) -> bytes:
    """The whole body; the response is closed."""
    body = b""
    try:
        while data := await incoming.read():
            body += data
    finally:
        await incoming.aclose()
    return body


@contextlib.asynccontextmanager
async def s3_transport(limit: int = 1_000_000) -> AsyncIterator[S3Transport]:
    """The transport, closed at the end."""
    transport = S3Transport(connect_timeout=5.0, max_response_bytes=limit)
    try:
        yield transport
    finally:
        await transport.aclose()
