"""The transport of a client: by the scheme of a request's URL, each loaded when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.transport._ending import Ending

if TYPE_CHECKING:
    from ipfs_accel_async.transport import Incoming, Transport
    from ipfs_accel_async.wire.http import Request


class Schemes:
    """``http`` and ``https`` go to HTTP, ``s3+http`` and ``s3+https`` to aioboto3, ``local`` to engines here.

    Args:
        client: An ``httpx.AsyncClient`` for HTTP, to use as given; None for the default.
        connect_timeout: Seconds for TCP and TLS.
        max_response_bytes: Cap on a decoded body.
    """

    def __init__(self, client: Any, *, connect_timeout: float, max_response_bytes: int) -> None:
        self._client = client
        self._connect_timeout = connect_timeout
        self._max_response_bytes = max_response_bytes
        self._made: dict[str, Transport] = {}
        self._ending: Ending | None = None

    async def send(self, request: Request) -> Incoming:
        """Send one request, once.

        Raises:
            ConfigError: Nothing serves such a URL.
            TransportError: No answer came.
        """
        scheme = request.url.partition("://")[0]
        transport = self._made.get(scheme)
        if transport is None:
            if self._ending is None:
                self._ending = Ending(self, self._made)
                await self._ending.begin()
            transport = self._made[scheme] = self._make(scheme)
        return await transport.send(request)

    def _make(self, scheme: str) -> Transport:
        if scheme in {"http", "https"}:
            from ipfs_accel_async.transport.http import HttpTransport

            http = HttpTransport(
                self._client, connect_timeout=self._connect_timeout, max_response_bytes=self._max_response_bytes
            )
            self._made["http"] = self._made["https"] = http
            return http
        if scheme in {"s3+http", "s3+https"}:
            from ipfs_accel_async.transport.s3 import S3Transport

            s3 = S3Transport(connect_timeout=self._connect_timeout, max_response_bytes=self._max_response_bytes)
            self._made["s3+http"] = self._made["s3+https"] = s3
            return s3
        if scheme == "local":
            from ipfs_accel_async.transport.local import LocalTransport

            return LocalTransport()
        raise ConfigError(f"there is no transport for {scheme}:// URLs")

    async def aclose(self) -> None:
        """Close every transport that was made. Idempotent."""
        ending, self._ending = self._ending, None
        if ending is not None:
            await ending.aclose()
