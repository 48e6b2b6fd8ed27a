"""An ``httpx.AsyncBaseTransport`` over aiohttp's connection pool."""

from __future__ import annotations

import asyncio
import atexit
import os
from functools import lru_cache, partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

import aiohttp
import httpx
from yarl import URL

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.transport._progress import CURRENT, Connection, Connector, Outgoing

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable, Iterator

    from ipfs_accel_async.tls import TLS
    from ipfs_accel_async.wire.http import Progress

_WRITTEN_BY_AIOHTTP = {b"host", b"content-length", b"transfer-encoding"}
_ONE_PIECE = 2**20  # aiohttp warns of longer ones: written at once, they would hold up the loop
HEADER_LIMITS: Any = {"max_line_size": 8190, "max_field_size": 8190, "max_headers": 128}  # bytes, bytes, count
_PAST_THE_LIMITS = ("Got more than", "Too many headers")  # aiohttp has no other sign of it outside its parser
_NO_AUTO_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


OPEN: WeakSet[aiohttp.ClientSession] = WeakSet()
"""Sessions that were made and not closed. A forked child has copies, with the same sockets and epoll behind them."""


def _let_go() -> None:
    """Forget connections without touching them.

    What a child does to them, closing included, it does to its parent's. At the end of the process, where no loop is
    left that could close them in order, aiohttp would write of each.
    """
    for session in list(OPEN):
        if session.connector is not None:
            session.connector._conns.clear()  # noqa: SLF001 - there is no public way
        session.detach()
    OPEN.clear()


atexit.register(_let_go)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


class HeadTooLarge(httpx.RemoteProtocolError):
    """The status line or the headers of an answer pass :data:`HEADER_LIMITS`."""


class Body(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A request body that is whole already, and says so: no joining of parts."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self.data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.data


class ResponseBody(httpx.AsyncByteStream):
    """Raw body bytes as they arrive."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._content = response.content

    def __aiter__(self) -> Self:  # an iterator instead of a generator: one frame less a chunk
        return self

    async def __anext__(self) -> bytes:
        try:
            data = await self._content.readany()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _as_httpx(error, reading=True) from error
        if not data:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Give the connection back if the body was read to its end, else drop it."""
        self._response.close()


class AiohttpTransport(httpx.AsyncBaseTransport):
    """httpx's transport interface over one aiohttp session, made on first use in the running loop.

    No limit on connections: who admits calls is the dispatcher. No redirects, cookies, proxies or decompression.

    Args:
        connect_timeout: Seconds for TCP and TLS.
    """

    def __init__(self, connect_timeout: float = 10.0) -> None:
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and give the response, its body unread.

        Raises:
            httpx.TransportError: As httpx's own transport would.
        """
        body = request.stream.data if isinstance(request.stream, Body) else await request.aread()
        headers = [pair for pair in request.headers.raw if pair[0].lower() not in _WRITTEN_BY_AIOHTTP]
        response = await self.fetch(request.method, str(request.url), headers, body)
        return httpx.Response(response.status, headers=response.raw_headers, stream=ResponseBody(response))

    async def fetch(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        progress: Progress | None = None,
        tls: TLS | None = None,
    ) -> aiohttp.ClientResponse:
        """The same without httpx's values, which cost as much as half of the exchange itself.

        Raises:
            httpx.TransportError: As httpx's own transport would.
        """
        session = self._session or self._open()
        target = _parsed(url)
        CURRENT.set(progress)
        data: BytesIO | bytes | None = body or None
        if len(body) > _ONE_PIECE:
            data = BytesIO(body) if progress is None else Outgoing(body, progress)
        try:
            return await session.request(
                method,
                target,
                headers=[(key.decode("ascii"), value.decode("latin-1")) for key, value in headers],
                data=data,
                allow_redirects=False,
                ssl=True if target.scheme != "https" else ssl_context() if tls is None else tls.context(_usual),
            )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _as_httpx(error) from error

    def _open(self) -> aiohttp.ClientSession:
        connector = Connector(limit=0, ttl_dns_cache=300)
        made: Any = partial(Connection, loop=asyncio.get_running_loop())
        connector._factory = made  # noqa: SLF001 - there is no public way
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=_NO_AUTO_HEADERS,
            **HEADER_LIMITS,
        )
        OPEN.add(self._session)
        return self._session

    async def aclose(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


@lru_cache(maxsize=1024)
def _parsed(url: str) -> URL:
    return URL(url, encoded=True)


@lru_cache(maxsize=1)
def ssl_context() -> ssl.SSLContext:
    """The one context of the process, made on first use: loading certificates costs some 20 ms."""
    return _usual()


def _usual() -> ssl.SSLContext:
    """A context that trusts the usual authorities.

    Raises:
        ConfigError: The file of certificates that the environment names cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # an SSLError is one
        why = error.strerror or "there is no certificate in it"
    raise ConfigError(f"the file that SSL_CERT_FILE names cannot be read: {why}")


def _as_httpx(error: Exception, *, reading: bool = False) -> httpx.TransportError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout("connecting took too long")
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError)):
        return httpx.ConnectError("no connection")
    if isinstance(error, asyncio.TimeoutError):
        return httpx.ReadTimeout("the server was silent for too long")
    if isinstance(error, aiohttp.InvalidURL):
        return httpx.UnsupportedProtocol("the URL cannot be used")
    if isinstance(error, aiohttp.ServerDisconnectedError) or reading:
        return httpx.ReadError("the server closed the connection")
    if isinstance(error, aiohttp.ClientResponseError):
        if error.message.startswith(_PAST_THE_LIMITS):
            return HeadTooLarge("the answer's head is too large")
        return httpx.RemoteProtocolError("the answer is no valid HTTP")
    return httpx.ReadError("the connection broke")
