"""The model-server protocol over HTTP: what ``ipfs-accel llvm-serve`` runs.

Running IR is running native code with the server's rights, so: it binds loopback unless told otherwise; code is run or
changed only with the token; and beyond loopback everything but ``GET /health`` needs it.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from typing import TYPE_CHECKING, Self

import orjson
from aiohttp import web

from ipfs_accel_async.errors import ClientClosedError, ConfigError
from ipfs_accel_async.transport.llvm.protocol import answer, failure

if TYPE_CHECKING:
    from aiohttp.web_request import BaseRequest

    from ipfs_accel_async.transport.llvm.engine import Engine

MAX_BODY = 256 * 1024 * 1024


class Server:
    """An engine behind HTTP; an async context manager, which closes the engine too.

    Args:
        engine: Does the work.
        host: Address to bind.
        port: 0 takes a free one.
        token: Bearer token that lets a caller run code; None makes one up, which is only allowed on loopback.

    Attributes:
        token: The token; show it only to who started the server.

    Raises:
        ConfigError: Others than this machine could reach it, and no token was given; or the token cannot be sent.
    """

    def __init__(self, engine: Engine, *, host: str = "127.0.0.1", port: int = 8090, token: str | None = None) -> None:
        self._local = is_loopback(host)
        if token is None and not self._local:
            raise ConfigError(f"to serve on {host}, which other machines can reach, set a token (LLVM_API_KEY)")
        if token is not None and (not token.isascii() or not token.isprintable() or not token or " " in token):
            raise ConfigError("the token must be printable ASCII without spaces, so that a header can carry it")
        self.token = token or secrets.token_urlsafe(24)
        self._engine = engine
        self._host, self._port = host, port
        self._runner: web.ServerRunner | None = None

    def __repr__(self) -> str:
        return f"Server({self._host}:{self._port})"

    @property
    def base_url(self) -> str:
        """Where it is reached, once started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def __aenter__(self) -> Self:
        self._runner = runner = web.ServerRunner(
            web.Server(self._handle, handler_cancellation=True, access_log=None)  # a client that leaves ends its call
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await self.aclose()
            raise
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop listening, end what runs, close the engine. Idempotent."""
        await self._engine.aclose()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: BaseRequest) -> web.StreamResponse:
        trusted = self._is_trusted(request)
        if not trusted and request.path != "/health":
            if not self._local:
                return _response(401, failure("a valid Bearer token is needed here", "token"))
            if not is_loopback(_host_of(request)):  # a web page that resolves its own name to this machine
                return _response(403, failure("this server is for this machine: call it as 127.0.0.1", "host"))
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY:
                return _response(413, failure(f"the body is larger than {MAX_BODY} bytes", "too_large"))
        path = request.rel_url.raw_path
        try:
            return _response(*await answer(self._engine, request.method, path, bytes(body), trusted=trusted))
        except ConfigError as error:
            return _response(500, failure(error.message, "no_worker"))
        except ClientClosedError as error:
            return _response(503, failure(error.message, "closed"))

    def _is_trusted(self, request: BaseRequest) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip().encode("utf-8", "surrogateescape")
        return scheme.lower() == "bearer" and hmac.compare_digest(given, self.token.encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what is bound there."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(request: BaseRequest) -> str:
    host = request.headers.get("Host", "")
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _response(status: int, value: object) -> web.Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json", headers=headers)
