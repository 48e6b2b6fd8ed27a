"""The streams there are: deltas of a reply, events of a native operation, bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from ipfs_accel_async.answers import NO_USAGE, Delta, Event
from ipfs_accel_async.counts import counted
from ipfs_accel_async.errors import InvalidRequestError, StreamIncompleteError
from ipfs_accel_async.flow import Flow, Source
from ipfs_accel_async.fold import Fold, later

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.answers import NativeAnswer, Reply
    from ipfs_accel_async.call import Call, Trace

__all__ = ["ByteStream", "EventStream", "Source", "Stream"]


class Stream(Flow[Delta]):
    """A reply that comes in pieces: ``async with``, then ``async for``.

    It holds its permit until it is closed. Leaving the block closes it, at once and without reading the rest.
    """

    __slots__ = ("_fold", "_reasoned")

    def __init__(
        self,
        source: Source[Delta],
        empty: Reply,
        first: Sequence[Delta] = (),
        trace: Trace | None = None,
        *,
        reasoned: bool = False,
    ) -> None:
        super().__init__(source, empty, first, trace)
        self._fold = Fold()
        self._reasoned = reasoned

    @property
    def partial(self) -> Reply:
        """The reply as far as it has come."""
        return self._fold.into(self._empty)

    @property
    def reply(self) -> Reply:
        """The whole reply.

        Raises:
            InvalidRequestError: The stream has not been read to its end; `partial` has what came.
        """
        if not self._ended:
            message = "the stream has not ended yet: read it to its end first, or take .partial"
            raise InvalidRequestError(message, target=self.target, request_id=self.request_id)
        return self.partial

    def beside(self, source: Source[Delta], call: Call) -> Stream:
        """A stream of the same reply that `source` gives, for a call of its own id and trace."""
        empty = replace(self._empty, request_id=call.request_id, trace=call.trace)
        return Relayed(source, empty, (), call.trace)

    async def __anext__(self) -> Delta:
        if not self._buffer:
            await self._fill()
        delta = self._buffer.popleft()
        self._fold.add(delta)
        if delta.end:
            if self._reasoned and not self._fold.finish_reason:
                await self._cut()
            self._ended = True
        return delta

    async def _cut(self) -> NoReturn:
        """Some servers end a stream that they break off with an end mark, as if it were whole."""
        error = StreamIncompleteError(
            "the stream ended without saying why the model stopped",
            target=self.target,
            request_id=self.request_id,
            attempts=self._empty.attempts,
            phase="stream",
        )
        error.partial = self.partial
        self._error = error
        await self.aclose()
        raise error

    async def collect(self) -> Reply:
        """Read to the end and give the whole reply."""
        async for _ in self:
            pass
        return self.reply

    def _typed(self, error: BaseException, *, expired: bool, silent: bool) -> BaseException:
        if isinstance(error, StreamIncompleteError):
            error.partial = self.partial
        return super()._typed(error, expired=expired, silent=silent)


class Relayed(Stream):
    """A stream whose pieces another stream brings. Silence is told there, where the service is blamed for it."""

    __slots__ = ()

    @property
    def idle(self) -> float:
        """As long as it takes."""
        return float("inf")

    @idle.setter
    def idle(self, seconds: float) -> None:
        """The deadline layer sets it on every stream."""


class EventStream(Flow[Event]):
    """Events of a native operation as they come: progress of a pull, typed events of a response.

    ``async with``, then ``async for event in stream``: each has a `name` and its `data`.

    Attributes:
        last: The latest event read.
        usage: Token counts so far, where the events have them.
    """

    __slots__ = ("last", "usage")

    def __init__(
        self, source: Source[Event], empty: NativeAnswer, first: Sequence[Event] = (), trace: Trace | None = None
    ) -> None:
        super().__init__(source, empty, first, trace)
        self.last: Event | None = None
        self.usage = NO_USAGE

    @property
    def partial(self) -> NativeAnswer:
        """What the headers said, with the counts of the events read."""
        return replace(self._empty, usage=self.usage)  # type: ignore[no-any-return]

    async def __anext__(self) -> Event:
        event = await super().__anext__()
        if event.end:
            self._ended = True
            if event.data is None:  # a bare end mark tells a reader nothing
                return await self.__anext__()
        self.last = event
        found = counted(event.data)
        if found is not NO_USAGE:
            self.usage = later(self.usage, found)
        return event

    async def collect(self) -> list[Event]:
        """Read to the end and give all events."""
        return [event async for event in self]


class ByteStream(Flow[bytes]):
    """Bytes as they come: audio, the content of a file.

    Attributes:
        answer: Status, media type and ids, known from the start; its `body` is empty.
    """

    __slots__ = ()

    @property
    def answer(self) -> NativeAnswer:
        """What the headers said."""
        return self._empty  # type: ignore[no-any-return]

    async def collect(self) -> bytes:
        """Read to the end and give all bytes."""
        return b"".join([chunk async for chunk in self])
