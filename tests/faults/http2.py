"""A server of HTTP/2 by prior knowledge that takes back what it accepted: GOAWAY, refused and reset streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded

from tests.answering import completion

if TYPE_CHECKING:
    from types import TracebackType

Act = Callable[["Session", int], None]
PLAIN = "application/json"
EVENTS = "text/event-stream"


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: Http2Server) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False))
        self._server = server
        self._bodies: dict[int, bytes] = {}
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.sessions.append(self)
        self._server.open += 1
        self.h2.initiate_connection()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._server.open -= 1

    def data_received(self, data: bytes) -> None:
        """Play an act for each request that is complete."""
        for event in self.h2.receive_data(data):
            self._hear(event)
        self.flush()

    def _hear(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._bodies[event.stream_id] = b""
        elif isinstance(event, DataReceived):
            self._bodies[event.stream_id] += event.data
        elif isinstance(event, StreamEnded):
            self._server.requests.append(json.loads(self._bodies[event.stream_id] or b"null"))
            act = self._server.acts.pop(0) if self._server.acts else good
            act(self, event.stream_id)

    def head(self, stream: int, kind: str = PLAIN) -> None:
        """Status 200."""
        self.h2.send_headers(stream, [(":status", "200"), ("content-type", kind)])

    def flush(self) -> None:
        """Write what is due."""
        self._transport.write(self.h2.data_to_send())

    def drop(self) -> None:
        """Close once all is written."""
        self.flush()
        self._transport.close()


class Http2Server:
    """Each request takes the next act; afterwards all are good.

    Attributes:
        requests: Bodies that came, in order.
        sessions: Connections so far.
        open: Connections that are open now.
        tasks: None: it has no tasks of its own.
    """

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.requests: list[object] = []
        self.sessions: list[Session] = []
        self.open = 0
        self.url = ""
        self._server: asyncio.Server

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(lambda: Session(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()


def good(session: Session, stream: int) -> None:
    """The good answer."""
    session.head(stream)
    session.h2.send_data(stream, json.dumps(completion()).encode(), end_stream=True)


def refuse(session: Session, stream: int) -> None:
    """The stream is refused: nothing of it was looked at (RFC 9113, 8.7)."""
    session.h2.reset_stream(stream, 7)


def go_away(last: int) -> Act:
    """The connection ends; streams above `last` were not looked at (RFC 9113, 6.8)."""

    def act(session: Session, stream: int) -> None:
        session.h2.close_connection(0, last_stream_id=last)
        session.drop()

    return act


def answer_and_go_away(session: Session, stream: int) -> None:
    """The good answer, and nothing more on this connection."""
    good(session, stream)
    session.h2.close_connection(0, last_stream_id=stream)
    session.flush()


def silent(session: Session, stream: int) -> None:
    """Nothing."""


def begin(data: bytes, *, code: int | None = None) -> Act:
    """A stream of server-sent events that begins; with a code it is then reset."""

    def act(session: Session, stream: int) -> None:
        session.head(stream, EVENTS)
        session.h2.send_data(stream, data)
        if code is not None:
            session.flush()
            session.h2.reset_stream(stream, code)

    return act
