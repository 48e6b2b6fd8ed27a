"""The same faults without sockets, on the virtual clock: answers whose bytes come at given times, or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.wire.http import Headers
from tests.answering import JSON, SSE, completion, error_body

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request

Item = bytes | float | BaseException
"""Of a body: bytes that a read gives, seconds that it waits before, or what it raises."""


@dataclass(frozen=True)
class Answer:
    """One answer. `wait` are the seconds before its head."""

    chunks: Sequence[Item] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    wait: float = 0.0


def says(body: Any = None, *, status: int = 200, headers: Mapping[str, str] | None = None, wait: float = 0.0) -> Answer:
    """A JSON answer; the good one by default."""
    data = body if isinstance(body, bytes) else json.dumps(completion() if body is None else body).encode()
    return Answer((data,), status, {**JSON, **(headers or {})}, wait)


def refuses(status: int, code: str | None = None, wait: float = 0.0, **headers: str) -> Answer:
    """An error of the OpenAI wire; underscores in names of headers are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return says(error_body("no", code), status=status, headers=named, wait=wait)


def streams(*chunks: Item, wait: float = 0.0) -> Answer:
    """A stream of server-sent events."""
    return Answer(chunks, 200, SSE, wait)


class VirtualServer:
    """A transport that gives one answer a request, in order, and then `always`.

    Attributes:
        requests: What came, in order.
        times: When, in loop time.
        open: Responses that are not closed.
        now: Requests whose head has not gone out yet.
        peak: The most of these at once.
    """

    def __init__(
        self,
        *answers: Answer | BaseException,
        always: Answer | BaseException | Callable[[Request], Answer | BaseException] | None = None,
    ) -> None:
        self.answers = list(answers)
        self.always = always if always is not None else says()
        self.requests: list[Request] = []
        self.times: list[float] = []
        self.open = 0
        self.now = 0
        self.peak = 0

    async def send(self, request: Request) -> Body:
        """Answer one request."""
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        given: Any = self.answers.pop(0) if self.answers else self.always
        if callable(given):
            given = given(request)
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            await asyncio.sleep(getattr(given, "wait", 0.0))
        finally:
            self.now -= 1
        if isinstance(given, BaseException):
            raise given
        self.open += 1
        return Body(self, given)

    async def aclose(self) -> None:
        """There is nothing to close."""


class Body:
    """A response on its way."""

    def __init__(self, server: VirtualServer, answer: Answer) -> None:
        self.status = answer.status
        self.headers = Headers([(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()])
        self._server = server
        self._items = list(answer.chunks)
        self._closed = False

    async def read(self) -> bytes:
        """The next bytes."""
        while self._items:
            item = self._items.pop(0)
            if isinstance(item, bytes):
                return item
            if isinstance(item, BaseException):
                raise item
            await asyncio.sleep(item)
        return b""

    async def aclose(self) -> None:
        """Close, once."""
        if not self._closed:
            self._closed = True
            self._server.open -= 1
