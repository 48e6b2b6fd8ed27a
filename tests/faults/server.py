"""A loopback server that keeps a record of its requests and answers them by scripts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tests.faults.http import GOOD
from tests.faults.script import ConnectionOverError, Wire

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from tests.faults.script import Script

GONE = (ConnectionOverError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """Value of a header, by its lower-case name."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.encode():
                return value.strip().decode("latin-1")
        return None

    @property
    def path(self) -> str:
        """The request's target, with its query."""
        return self.head.split(b" ")[1].decode("latin-1")


class FaultServer:
    """Each request takes the next script of `answers`, on whichever connection it comes; afterwards all are good.

    Args:
        answers: Scripts of the coming requests.
        greetings: Scripts of the coming connections, played before any request is read.
        tls: Context of a TLS server; None for plain HTTP.

    Attributes:
        requests: What came, in order.
        accepted: Connections so far.
        open: Connections that are open now.
        always: Script of every request for which there is none in `answers`.
        port: Where it listens.
    """

    def __init__(self, *answers: Script, greetings: tuple[Script, ...] = (), tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.greetings = list(greetings)
        self.always = GOOD
        self.requests: list[Seen] = []
        self.accepted = 0
        self.open = 0
        self.port = 0
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """Its own tasks, which are none of the client's."""
        return self._tasks

    def seen(self, request_id: str) -> int:
        """How often a call's request came."""
        return sum(request.header("x-request-id") == request_id for request in self.requests)

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def up(self, port: int = 0) -> None:
        """Listen, on a free port or again on a given one."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", port or self.port, ssl=self._tls, ssl_handshake_timeout=5 if self._tls else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse connections and drop those there are."""
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.down()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted += 1
        self.open += 1
        wire = Wire(reader, writer)
        try:
            for step in self.greetings.pop(0) if self.greetings else ():
                await step(wire)
            while True:
                self.requests.append(await read_request(reader))
                for step in self.answers.pop(0) if self.answers else self.always:
                    await step(wire)
        except (*GONE, OSError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Seen:
    """Head and body of the next request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(Seen(head, b"").header("content-length") or 0)
    return Seen(head, await reader.readexactly(length))
