"""HTTP through httpx: a client passed in is used as given; the default one runs on aiohttp's connection pool.

httpx is the interface because users bring their own clients and mock them with respx. Its own pool is not used by
default: cancelled calls leak its slots, and a call costs ten to twenty times the CPU (docs/design/transport.md).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx

from ipfs_accel_async.transport._aiohttp import AiohttpTransport, Body, ResponseBody
from ipfs_accel_async.transport._faults import typed
from ipfs_accel_async.transport._hpack import leave_headers_out
from ipfs_accel_async.transport._progress import follower
from ipfs_accel_async.wire.http import Headers
from ipfs_accel_async.wire.inflate import Inflater

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from ipfs_accel_async.wire.http import Request

_LIBRARY_TIMEOUT = {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}


@lru_cache(maxsize=1024)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


class DefaultClient(httpx.AsyncClient):
    """The client under :class:`HttpTransport` when none is passed in: aiohttp's pool, no redirects, cookies or proxies.

    Args:
        connect_timeout: Seconds for TCP and TLS.
    """

    def __init__(self, connect_timeout: float) -> None:
        super().__init__(transport=AiohttpTransport(connect_timeout), trust_env=False, follow_redirects=False)

    def transport_for(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """The transport that a request goes to: asked for where `send` asks, so respx and mounts work the same.

        What `send` would do besides (auth flow, redirects, cookies, hooks) this client never has.
        """
        return self._transport_for_url(url)


class HttpTransport:
    """One HTTP request, once.

    Args:
        client: An ``httpx.AsyncClient`` (or httpx2's) to use as given, and not to close; None for the default.
        connect_timeout: Seconds for TCP and TLS, under the default client.
        max_response_bytes: Cap on a decoded body.
    """

    def __init__(self, client: Any, *, connect_timeout: float, max_response_bytes: int) -> None:
        if client is not None:
            leave_headers_out()
        self._given = client
        self._own = None if client is not None else DefaultClient(connect_timeout)
        self._limit = max_response_bytes
        # httpx's stock 5 s between bytes would cut most answers of a model short: there the call's deadline rules
        stock = client is not None and client.timeout.as_dict() == _LIBRARY_TIMEOUT
        connect = {**_LIBRARY_TIMEOUT, "read": None, "write": None, "connect": connect_timeout}
        self._extensions = {"timeout": connect} if stock else {}

    async def send(self, request: Request) -> HttpIncoming:
        """Send and wait for the response's head."""
        try:
            if self._own is None:
                return self._incoming(await self._through(self._given, request))
            transport = self._own.transport_for(_parsed(request.url))
            if isinstance(transport, AiohttpTransport):
                response = await transport.fetch(
                    request.method, request.url, request.headers, request.body, request.progress, request.tls
                )
                return HttpIncoming(response.status, response.raw_headers, ResponseBody(response), self._limit)
            outgoing = httpx.Request(
                request.method, _parsed(request.url), headers=request.headers, stream=Body(request.body)
            )
            return self._incoming(await transport.handle_async_request(outgoing))
        except Exception as error:  # noqa: BLE001 - each becomes a typed one
            within = request.progress is not None and request.progress.phase == "tls"
            failure = typed(error, phase="tls" if within else "first byte")
        raise failure  # outside: not even as its context the original follows, as its frames hold the header bytes

    async def _through(self, client: Any, request: Request) -> httpx.Response:
        follow = {} if request.progress is None else {"trace": follower(request.progress)}
        outgoing = client.build_request(
            request.method,
            request.url,
            headers=list(request.headers),
            content=request.body or None,
            extensions={**self._extensions, **follow},
        )
        sent: httpx.Response = await client.send(outgoing, stream=True, follow_redirects=False)
        return sent

    def _incoming(self, response: httpx.Response) -> HttpIncoming:
        return HttpIncoming(response.status_code, response.headers.raw, response.stream, self._limit)

    async def aclose(self) -> None:
        """Close the default client's connections; a client passed in stays open."""
        if self._own is not None:
            await self._own.aclose()


class HttpIncoming:
    """A response, read raw and inflated here, under the cap.

    Args:
        status: HTTP status.
        headers: As they came.
        stream: The raw body.
        limit: Cap on decoded bytes.
    """

    __slots__ = ("_bytes", "_inflater", "_limit", "_stream", "headers", "status")

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], stream: Any, limit: int) -> None:
        self.status = status
        self.headers = Headers(headers)
        self._stream = stream
        self._limit = limit
        self._bytes: AsyncIterator[bytes] | None = None
        self._inflater: Inflater

    async def read(self) -> bytes:
        """The next decoded bytes, empty at the end of the body."""
        try:
            if self._bytes is None:
                self._inflater = Inflater(self.headers.get("content-encoding") or "identity", self._limit)
                self._bytes = aiter(self._stream)
            while True:
                data = self._inflater.feed(await anext(self._bytes))
                if data:
                    return data
        except StopAsyncIteration:
            return self._inflater.close()
        except Exception as error:  # noqa: BLE001 - as above
            failure = typed(error, phase="body")
        raise failure

    async def aclose(self) -> None:
        """Free the connection."""
        try:
            await self._stream.aclose()
        except Exception as error:  # noqa: BLE001 - as above
            failure = typed(error, phase="body")
        else:
            return
        raise failure
