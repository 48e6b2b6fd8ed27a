"""Transports: the only importers of httpx and aiohttp. What they promise stands here; they load on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Headers, Request


class Incoming(Protocol):
    """A response whose body is still on its way."""

    @property
    def status(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Headers:
        """Response headers."""

    async def read(self) -> bytes:
        """The next decoded bytes, empty at the end of the body.

        Raises:
            TransportError: The connection broke.
            ResponseTooLargeError: The body passes the cap.
        """

    async def aclose(self) -> None:
        """Free the connection; one that was read to its end is kept for the next call. Idempotent."""


class Transport(Protocol):
    """Sends one request, once: retries are not its business."""

    async def send(self, request: Request) -> Incoming:
        """Send and wait for the response's head.

        Raises:
            TransportError: No answer came.
        """

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""
