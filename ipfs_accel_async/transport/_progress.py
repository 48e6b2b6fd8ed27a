"""Where a request is, told by the HTTP libraries: connecting, in TLS, writing, or waiting for the first byte.

A call on a warm connection pays one assignment for it.
"""

from __future__ import annotations

from contextvars import ContextVar
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Awaitable, Callable

    from ipfs_accel_async.wire.http import Progress

CURRENT: ContextVar[Progress | None] = ContextVar("progress", default=None)
"""Of the request that this task sends; a connector is not told otherwise for whom it connects."""
_SECURED: ContextVar[bool] = ContextVar("secured", default=False)
"""Whether the connection that is being made is one over TLS."""
_WRITING = {"write", "first byte"}


class Connector(aiohttp.TCPConnector):
    """aiohttp's connector; says when it has to make a connection first."""

    async def _create_connection(self, *arguments: Any) -> Any:
        progress = CURRENT.get()
        if progress is None:
            return await super()._create_connection(*arguments)
        progress.phase = "connect"
        _SECURED.set(arguments[0].is_ssl())
        made = await super()._create_connection(*arguments)
        progress.phase = "first byte"
        return made


class Connection(ResponseHandler):
    """aiohttp's protocol; what breaks the framing of a body ends the body too.

    aiohttp tells only whoever waits for a head: with a bad chunk in a later packet the reader of the body would wait
    for ever, though the connection is closed. It is made when TCP has connected, and TLS has not begun.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        super().__init__(loop)
        progress = CURRENT.get()
        if progress is not None and _SECURED.get():
            progress.phase = "tls"

    def close(self) -> None:
        """Close; at once where a peer that reads nothing would keep it open until all is written."""
        if self.transport is not None and self.transport.get_write_buffer_size():
            self.abort()
        else:
            super().close()

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Fail whoever waits."""
        body = self._payload
        super().set_exception(exc, *cause)
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("the body is broken"))


class Outgoing(BytesIO):
    """A body that is written piece by piece, and says so until its last piece is on its way.

    Args:
        body: All of it.
        progress: Where to say so.
    """

    def __init__(self, body: bytes, progress: Progress) -> None:
        super().__init__(body)
        self._size = len(body)
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        """The next piece."""
        piece = super().read(size)
        if self._progress.phase in _WRITING:  # an answer may come before the whole body is written
            self._progress.phase = "write" if self.tell() < self._size else "first byte"
        return piece


def follower(progress: Progress) -> Callable[[str, Any], Awaitable[None]]:
    """For the extension ``trace`` of httpx's own transport (HTTPX documentation, "Extensions")."""

    async def told(event: str, _: Any) -> None:
        if event == "connection.connect_tcp.started":
            progress.phase = "connect"
        elif event == "connection.start_tls.started":
            progress.phase = "tls"
        elif event.endswith("send_request_body.started"):
            progress.phase = "write"
        elif event.endswith("send_request_body.complete"):
            progress.phase = "first byte"

    return told
