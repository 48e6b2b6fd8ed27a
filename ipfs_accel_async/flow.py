"""An answer that comes in pieces and holds its permit until it is closed: what all streams have in common."""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from ipfs_accel_async.call import Outcome, Trace
from ipfs_accel_async.errors import AccelError, InvalidRequestError, RequestTimeoutError, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.types import Target

Piece = TypeVar("Piece")
Piece_co = TypeVar("Piece_co", covariant=True)


class Source(Protocol[Piece_co]):
    """Where a stream's pieces come from: the exchange, a cache, a test."""

    async def read(self) -> Sequence[Piece_co]:
        """The next pieces; empty once the end has come. Raises on a stream that ends without it."""

    async def aclose(self) -> None:
        """Free the connection. Idempotent."""


class Flow(Generic[Piece]):
    """An answer in pieces: ``async with``, then ``async for``.

    It holds its permit until it is closed. Leaving the block closes it, at once and without reading the rest.
    """

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_done",
        "_empty",
        "_ended",
        "_error",
        "_loop",
        "_reading",
        "_source",
        "deadline",
        "idle",
        "trace",
    )

    def __init__(
        self, source: Source[Piece], empty: Answer, first: Sequence[Piece] = (), trace: Trace | None = None
    ) -> None:
        self._source = source
        self._empty: Any = empty
        self._buffer: deque[Piece] = deque(first)
        self._done: list[Callable[[Outcome], None]] | None = []
        self._ended = False
        self._error: BaseException | None = None
        self._reading = False
        self._loop = asyncio.get_running_loop()
        self.deadline = float("inf")
        self.idle = float("inf")
        self.trace = trace or Trace()

    @property
    def target(self) -> Target:
        """Who answers."""
        return self._empty.target  # type: ignore[no-any-return]

    @property
    def request_id(self) -> str:
        """Our id of the call."""
        return self._empty.request_id  # type: ignore[no-any-return]

    @property
    def partial(self) -> Any:
        """The answer as far as it has come."""
        return self._empty

    @property
    def closed(self) -> bool:
        """Whether it has given back what it held."""
        return self._done is None

    @property
    def ended(self) -> bool:
        """Whether it has come to its end, and whole."""
        return self._ended and self._error is None

    def on_close(self, done: Callable[[Outcome], None]) -> None:
        """Have `done` called once, when the stream is closed."""
        if self._done is None:
            done(self._outcome())
        else:
            self._done.append(done)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Piece:
        if not self._buffer:
            await self._fill()
        return self._buffer.popleft()

    async def batch(self) -> list[Piece]:
        """The pieces that are there, or the next that come; none at the end. Raises what reading raises."""
        if self._error is not None:
            raise self._error
        pieces: list[Piece] = []
        try:
            pieces.append(await self.__anext__())
            while self._buffer:
                pieces.append(await self.__anext__())
        except StopAsyncIteration:
            pass
        except AccelError:
            if not pieces:  # else it comes next: what was before it is delivered first
                raise
        return pieces

    async def _fill(self) -> None:
        if self._ended:
            await self.aclose()
            raise StopAsyncIteration
        if self._done is None or self._reading:
            message = "the stream is closed" if self._done is None else "another task is reading this stream"
            raise InvalidRequestError(message, target=self.target, request_id=self.request_id)
        self._reading = True
        silent = self._loop.time() + self.idle  # only while somebody reads: a slow reader is not the service's silence
        limit = min(self.deadline, silent)
        scope = asyncio.timeout_at(None if limit == float("inf") else limit)
        try:
            async with scope:
                self._buffer.extend(await self._source.read())
        except BaseException as error:
            raised = self._typed(error, expired=scope.expired(), silent=silent < self.deadline)
            if isinstance(raised, AccelError):  # a cancelled reader may go on; a failed stream is over
                self._error = raised
                await self.aclose()
            if raised is error:
                raise
            raise raised from None
        finally:
            self._reading = False
        if not self._buffer:  # the source's contract: it raises rather than end too early
            self._ended = True
            await self._fill()

    def _typed(self, error: BaseException, *, expired: bool, silent: bool) -> BaseException:
        if expired and isinstance(error, TimeoutError):
            message = (
                f"the stream brought nothing for {self.idle:g} s (the setting stream_idle_timeout)"
                if silent
                else "the deadline passed while the stream was being read"
            )
            return RequestTimeoutError(
                message,
                target=self.target,
                request_id=self.request_id,
                attempts=self._empty.attempts,
                retryable=False,
                phase="idle" if silent else "total",
            )
        return error

    async def aclose(self) -> None:
        """Close: permits come back in this very step, then the connection is freed. Idempotent."""
        if self._done is None:
            return
        done, self._done = self._done, None
        outcome = self._outcome()
        for tell in done:  # innermost first, as an exception would pass them
            tell(outcome)
        await self._source.aclose()

    def __del__(self) -> None:
        """Reclaim what a forgotten stream holds, and say so: it would keep its permit for ever."""
        done = getattr(self, "_done", None)
        if done is None or self._loop.is_closed():
            return
        self._done = None
        message = f"a stream of {self.target} was never closed: read it inside its 'async with'"
        self._loop.call_soon_threadsafe(_reclaim, done, self._outcome(), self._source)
        warnings.warn(message, ResourceWarning, source=self, stacklevel=2)  # last: it may be made an error

    def _outcome(self) -> Outcome:
        if self._error is not None:
            return Outcome(outcome_of(self._error), self._error, self.partial)
        return Outcome("ok" if self._ended else "ignored", None, self.partial)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None and issubclass(kind, asyncio.CancelledError) and not self._ended and self._error is None:
            self._error = asyncio.CancelledError()  # its reader was cancelled, which is not the same as breaking off
        await self.aclose()


_REAPING: set[asyncio.Task[None]] = set()
"""Closings of forgotten streams' connections; a task that nobody holds may be collected while it runs."""


def _reclaim(done: list[Callable[[Outcome], None]], outcome: Outcome, source: Source[Any]) -> None:
    for tell in done:
        tell(outcome)
    task = asyncio.get_running_loop().create_task(source.aclose())
    _REAPING.add(task)
    task.add_done_callback(_reaped)


def _reaped(task: asyncio.Task[None]) -> None:
    _REAPING.discard(task)
    if not task.cancelled():
        task.exception()  # nobody waits for it; the connection is gone either way
