"""A loopback server that remembers what it was sent and answers what it was told: for official SDKs as oracles."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@dataclass(frozen=True)
class Recorded:
    """One request as it came: path with its query, headers by lower-case name, body parsed.

    `body` is None when there was none, and bytes when it was a form or had tensors behind its JSON.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Recorder:
    """The server: `requests` is what it saw, and `answer` says what it gives to all that follow.

    `base_url` is ``http://127.0.0.1:PORT``, without a trailing slash.
    """

    base_url: str = ""
    requests: list[Recorded] = field(default_factory=list)
    _status: int = 200
    _headers: Mapping[str, str] = field(default_factory=dict)
    _body: bytes = b"{}"

    def answer(self, body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Answer every further request so; `body` is bytes as they go on the wire, or a value to write as JSON."""
        raw = isinstance(body, bytes)
        self._status = status
        self._headers = {"content-type": "text/event-stream" if raw else "application/json", **(headers or {})}
        self._body = body if raw else json.dumps(body).encode()

    @property
    def last(self) -> Recorded:
        """The newest request."""
        return self.requests[-1]

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Record and answer."""
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        form = headers.get("content-type", "").startswith("multipart/") or "inference-header-content-length" in headers
        body = raw if form else json.loads(raw) if raw else None
        self.requests.append(Recorded(request.method, request.path_qs, headers, body))
        return web.Response(status=self._status, headers=self._headers, body=self._body)


@asynccontextmanager
async def recording() -> AsyncIterator[Recorder]:
    """A recorder on a free loopback port, gone when the block ends."""
    recorder = Recorder()
    runner = web.ServerRunner(web.Server(recorder.handle))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        recorder.base_url = f"http://127.0.0.1:{port}"
        yield recorder
    finally:
        await runner.cleanup()
