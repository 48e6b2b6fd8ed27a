"""A transport without a network, for tests: yours and ours."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.wire.http import Headers, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from ipfs_accel_async.wire.http import Request


class MockTransport:
    """Answers requests by a function and remembers them.

    ::

        mock = MockTransport(lambda request: MockTransport.reply({"data": []}))
        async with Client(transport=mock, keys={"openai": "sk-test"}) as ai: ...

    Args:
        handler: Takes the :class:`Request`, gives a :class:`Response` (or an awaitable of one), or raises.
        chunk_size: Bytes a read gives; 0 gives the body whole.

    Attributes:
        requests: Every request, in order.
        open: Responses that were given and not closed yet.
        closed: Whether the transport is.
    """

    def __init__(self, handler: Callable[[Request], Response | Awaitable[Response]], *, chunk_size: int = 0) -> None:
        self._handler = handler
        self._chunk_size = chunk_size
        self.requests: list[Request] = []
        self.open = 0
        self.closed = False

    @staticmethod
    def reply(
        json: Any = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Response:
        """A response of a JSON value, or of bytes.

        Args:
            json: Value to write as the body.
            status: HTTP status.
            headers: Response headers.
            body: The body itself, instead of `json`; a stream's frames, for instance.
        """
        raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in (headers or {}).items()]
        return Response(status, Headers(raw), body if json is None else orjson.dumps(json))

    async def send(self, request: Request) -> MockIncoming:
        """Answer one request."""
        self.requests.append(request)
        given = self._handler(request)
        answer = await given if inspect.isawaitable(given) else given
        self.open += 1
        size = self._chunk_size or len(answer.body) or 1
        return MockIncoming(self, answer, [answer.body[at : at + size] for at in range(0, len(answer.body), size)])

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class MockIncoming:
    """A response that is there already."""

    def __init__(self, transport: MockTransport, response: Response, chunks: Sequence[bytes]) -> None:
        self._transport = transport
        self._chunks = list(reversed(chunks))
        self._closed = False
        self.status = response.status
        self.headers = response.headers

    async def read(self) -> bytes:
        """The next chunk, empty at the end."""
        return self._chunks.pop() if self._chunks else b""

    async def aclose(self) -> None:
        """Count it as closed, once."""
        if not self._closed:
            self._closed = True
            self._transport.open -= 1
