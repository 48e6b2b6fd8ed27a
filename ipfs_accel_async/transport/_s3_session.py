"""The HTTP session under aioboto3: its own follows redirects, keeps cookies and reads answers of any length."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession  # type: ignore[import-untyped]

from ipfs_accel_async.errors import ResponseTooLargeError
from ipfs_accel_async.transport._aiohttp import HEADER_LIMITS, OPEN

MAX_XML_BYTES = 16 * 2**20  # a full page of a listing is under 2 MiB


class Session(AIOHTTPSession):  # type: ignore[misc]
    """aiobotocore's session, each request sent once and to nobody else.

    A followed redirect would carry ``X-Amz-Security-Token`` to wherever the answer says: aiohttp takes only
    ``Authorization`` off on the way to another host.
    """

    async def _get_session(self, proxy_url: str | None) -> Once:
        once: Once | None = self._sessions.get(proxy_url)
        if once is None:
            session = aiohttp.ClientSession(
                connector=self._create_connector(proxy_url),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                response_class=Bounded,
                skip_auto_headers={"Content-Type"},
                auto_decompress=False,
                trust_env=False,
                **HEADER_LIMITS,
            )
            OPEN.add(session)
            once = self._sessions[proxy_url] = Once(await self._exit_stack.enter_async_context(session))
        return once


class Once:
    """What aiobotocore asks of a session: one request.

    Args:
        session: Sends it.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def request(self, method: str, **options: Any) -> aiohttp.ClientResponse:
        """Send, without following redirects."""
        return await self._session.request(method, allow_redirects=False, **options)


class Bounded(aiohttp.ClientResponse):
    """A response that is read whole (XML, errors) under a cap; objects are not, they are streamed."""

    async def read(self) -> bytes:
        """The whole body.

        Raises:
            ResponseTooLargeError: It passes :data:`MAX_XML_BYTES`.
        """
        pieces = []
        size = 0
        try:
            while piece := await self.content.readany():
                pieces.append(piece)
                size += len(piece)
                if size > MAX_XML_BYTES:
                    raise ResponseTooLargeError(f"the answer of S3 is above the cap of {MAX_XML_BYTES} bytes for XML")
        except BaseException:
            self.close()
            raise
        return b"".join(pieces)
