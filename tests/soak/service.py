"""A service in memory that fails in every way a service can, as often as it is told to."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import ConnectError, InterruptedCallError, RequestTimeoutError, TLSError
from ipfs_accel_async.wire.http import Headers
from tests.answering import completion, error_body

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from ipfs_accel_async.wire.http import Request
    from tests.soak.ledger import Ledger

Item = bytes | float | type[BaseException]
"""Of a body: bytes that a read gives, seconds that it waits before, or what it raises."""

JSON = Headers(((b"content-type", b"application/json"),))
SSE = Headers(((b"content-type", b"text/event-stream"),))
HTML = Headers(((b"content-type", b"text/html"),))
LATER = Headers(((b"content-type", b"application/json"), (b"retry-after", b"2")))
FOREVER = 1e9

WHOLE = json.dumps(completion()).encode()
VECTORS = json.dumps(
    {"model": "m", "data": [{"index": 0, "embedding": [0.5, 0.25]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
).encode()
DELTA = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
LAST = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
BROKEN = b'data: {"error":{"message":"overloaded","type":"server_error","code":"overloaded"}}\n\n'
STATUSES = (500, 502, 503, 504, 529, 408, 429, 400, 404, 413, 422)  # a 401 would put the few keys aside for minutes
REFUSALS = {status: json.dumps(error_body(f"answer {status}")).encode() for status in STATUSES}

HEADLESS: dict[str, type[BaseException]] = {
    "refused": ConnectError,
    "tls": TLSError,
    "reset": InterruptedCallError,
    "connect timeout": RequestTimeoutError,
}
BODIES = ("cut", "reset in the body", "malformed", "login page", "empty", "slow", "silent")
FLOWS = ("cut", "reset in the body", "malformed", "in-band error", "one JSON body", "slow", "silent", "comments")
REFUSING = tuple(str(status) for status in STATUSES)


class Service:
    """A transport of the OpenAI wire.

    Args:
        ledger: Hears of each request.
        rng: Decides.
        share: Share of requests that meet a fault; in an outage nearly all do.

    Attributes:
        open: Responses that are not closed.
        closed: Whether the transport is; a request after that is against the rules.
    """

    def __init__(self, ledger: Ledger, rng: random.Random, share: float) -> None:
        self._ledger = ledger
        self._rng = rng
        self._share = share
        self.open = 0
        self.closed = False

    def _fault(self, streams: bool, now: float) -> str:
        down = now % 400.0 > 385.0
        if self._rng.random() >= (0.95 if down else self._share):
            return "none"
        ways = (REFUSING, tuple(HEADLESS), FLOWS if streams else BODIES)
        return self._rng.choice(ways[self._rng.randrange(3)])

    async def send(self, request: Request) -> Body:
        """Answer one request."""
        now = asyncio.get_running_loop().time()
        streams = b'"stream":true' in request.body
        fault = self._fault(streams, now)
        if self.closed:
            self._ledger.wrong.append(f"a request at {now} after the transport was closed")
        request_id = next(value for name, value in request.headers if name.lower() == b"x-request-id")
        self._ledger.request(request_id.decode(), fault, now)
        await asyncio.sleep(10.0 if fault == "connect timeout" else self._rng.expovariate(2.5))
        if fault in HEADLESS:
            raise HEADLESS[fault](f"simulated: {fault}", phase="connect" if fault == "connect timeout" else None)
        self.open += 1
        if fault.isdigit():
            return Body(self, int(fault), LATER if fault in {"429", "503"} else JSON, (REFUSALS[int(fault)],))
        if streams:
            return Body(self, 200, JSON if fault == "one JSON body" else SSE, self._flow(fault))
        good = VECTORS if request.url.endswith("/embeddings") else WHOLE
        return Body(self, 200, HTML if fault == "login page" else JSON, _body(fault, good))

    def _flow(self, fault: str) -> Sequence[Item]:
        parts: list[Item] = []
        for _ in range(self._rng.randrange(1, 6)):
            parts += (self._rng.random() * 0.2, DELTA)
        at = self._rng.randrange(0, len(parts), 2)
        if fault == "cut":
            return parts[:at]
        if fault == "reset in the body":
            return [*parts[:at], InterruptedCallError]
        if fault == "malformed":
            return [*parts[:at], b'data: {"choices":[\n\n', *parts[at:], LAST, DONE]
        if fault == "in-band error":
            return [*parts[:at], BROKEN]
        if fault == "one JSON body":
            return [WHOLE]
        if fault == "silent":
            return [*parts[:at], FOREVER]
        if fault == "comments":
            return [*parts[:at], *([20.0, b": still here\n\n"] * 30)]
        return [30.0 if fault == "slow" else 0.0, *parts, LAST + DONE]

    async def aclose(self) -> None:
        """Refuse what comes after."""
        self.closed = True


def _body(fault: str, good: bytes) -> Sequence[Item]:
    if fault == "cut":
        return (good[: len(good) // 2], InterruptedCallError)
    if fault == "reset in the body":
        return (InterruptedCallError,)
    if fault == "malformed":
        return (good[:-3],)
    if fault == "login page":
        return (b"<html>please log in</html>",)
    if fault == "empty":
        return ()
    if fault == "slow":
        return (good[:9], 15.0, good[9:20], 15.0, good[20:])
    return (FOREVER,) if fault == "silent" else (good,)


class Body:
    """A response on its way."""

    __slots__ = ("_at", "_closed", "_items", "_service", "headers", "status")

    def __init__(self, service: Service, status: int, headers: Headers, items: Sequence[Item]) -> None:
        self.status = status
        self.headers = headers
        self._service = service
        self._items = items
        self._at = 0
        self._closed = False

    async def read(self) -> bytes:
        """The next bytes."""
        while self._at < len(self._items):
            item = self._items[self._at]
            self._at += 1
            if isinstance(item, bytes):
                return item
            if isinstance(item, float):
                if item:
                    await asyncio.sleep(item)
                continue
            raise item("simulated: the connection broke")
        return b""

    async def aclose(self) -> None:
        """Close, once."""
        if not self._closed:
            self._closed = True
            self._service.open -= 1
