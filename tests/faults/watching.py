"""A client under watch: when its scenario ends, nothing may be left over and the books must agree.

Quiet: nothing in flight or queued, every permit and key back, no probe out, no task left, connections closed, and the
loop's exception handler was never called. Ledger: every call ended exactly once, as the report has it; attempts are
the requests that were sent; and no server saw a request more often than that. Secrets: the key is in no error, its
chain or its frames, no log of any logger, and nothing that the client shows.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import Client
from ipfs_accel_async.transport.schemes import Schemes
from tests.faults.scanning import Scanner
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.wire.http import Request

KEY = "sk-CANARY+0123456789/abcdefXYZ=="
FAST = {"initial_retry_delay": 0.0, "retry_jitter": 0.0}
"""Retries that do not wait: on real sockets nobody should."""

PATIENT = {"failure_threshold": 10**9, "failure_rate_calls": 10**9, "retry_budget_reserve": 10_000}
"""Neither breaker nor retry budget step in: for scenarios about something else."""


class Counted:
    """A transport that counts what is sent, by the id of its call."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.sent: Counter[str] = Counter()

    async def send(self, request: Request) -> Any:
        """Count and send."""
        name = next((value.decode() for key, value in request.headers if key.lower() == b"x-request-id"), "")
        self.sent[name] += 1
        return await self.inner.send(request)

    async def aclose(self) -> None:
        """Close."""
        await self.inner.aclose()


class Books:
    """Who was called, and what went wrong behind everybody's back."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.calls: list[Call] = []
        self.ended = 0
        self.loop_errors: list[dict[str, Any]] = []

    def watch(self, client: Client) -> None:
        """Record every call from now on."""
        runtime = client._engine.runtime()
        inner = runtime.handle

        async def handle(call: Call) -> Any:
            self.calls.append(call)
            try:
                return await inner(call)
            except BaseException as error:
                self.scanner.look(error)
                raise
            finally:
                self.ended += 1

        runtime.handle = handle  # type: ignore[method-assign]


@asynccontextmanager
async def watched(
    peer: Any,
    *,
    provider: str = "openai",
    http_client: Any = None,
    path: str = "/v1",
    frames: bool = True,
    **settings: Any,
) -> AsyncIterator[Client]:
    """A client of a fault server or of any transport; on leaving, all must be quiet and the ledger exact.

    Args:
        peer: A :class:`FaultServer` (or something with its `url`), or a transport.
        provider: Whose wire is spoken.
        http_client: An httpx client to send through.
        path: Of the base URL.
        frames: Whether frames of errors are looked into: they hold the answer, which may be huge or echo the key.
        settings: Of the client.
    """
    loop = asyncio.get_running_loop()
    books = Books(Scanner(frames=frames))
    before, handler = asyncio.all_tasks(), loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: books.loop_errors.append(context))
    url = getattr(peer, "url", None)
    inner = peer
    if url is not None:
        cap, connect = settings.get("max_response_bytes", 2**20), settings.get("connect_timeout", 5.0)
        inner = Schemes(http_client, connect_timeout=connect, max_response_bytes=cap)
    transport = Counted(inner)
    options = {"keys": {provider: KEY}, "base_urls": {provider: (url or "http://server.test") + path}, **settings}
    client = Client(transport=transport, **options)
    try:
        books.watch(client)
        with books.scanner:
            yield client
            await asyncio.sleep(0)
            books.scanner.end(client)
        assert books.scanner.found == []
        assert_quiet(client)
        assert_ledger(client, books, transport, peer)
        await client.aclose()
        await client.aclose()
        await assert_nothing_left(peer, before)
        assert books.loop_errors == []
    finally:
        await client.aclose()
        loop.set_exception_handler(handler)


def assert_quiet(client: Client) -> None:
    """Nothing in flight, nothing queued, all permits and keys back, no probe out."""
    statistics = client.statistics()
    assert statistics["under_way"] == 0
    for lane in statistics["lanes"]:
        assert (lane["active"], lane["waiting"]) == (0, 0)
        assert not any(map(sum, lane["keys"]))
    runtime = client._engine._home.current
    assert runtime is not None
    for lane in runtime.dispatcher.lanes.values():
        assert lane.caps[0].free == lane.settings.max_concurrent_requests
    for _, breaker in [*runtime.scopes.breakers.items(), *runtime.scopes.breakers.endpoints()]:
        assert not breaker._out


def assert_ledger(client: Client, books: Books, transport: Counted, peer: Any) -> None:
    """Every call ended once; attempts are what was sent; the server saw no more than that."""
    report = client.report()
    assert books.ended == len(books.calls)
    assert report["total_requests"] + report["cancelled_requests"] == len(books.calls)
    attempts = Counter({call.request_id: call.attempts for call in books.calls})
    assert +attempts == +transport.sent
    if isinstance(peer, FaultServer):
        came = Counter(seen.header("x-request-id") for seen in peer.requests if not seen.head.startswith(b"CONNECT"))
        assert all(times <= transport.sent[name or ""] for name, times in came.items())


async def assert_nothing_left(peer: Any, before: set[asyncio.Task[Any]]) -> None:
    """No task of ours is left, and the server's side of every connection is closed."""
    for _ in range(1_000):
        own = getattr(peer, "tasks", set())
        left = {task for task in asyncio.all_tasks() - before - own if not task.done()}
        if not left and not getattr(peer, "open", 0):
            break
        await asyncio.sleep(0.005)
    assert not left
    assert not getattr(peer, "open", 0)
