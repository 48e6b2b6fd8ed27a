"""A reply that comes in pieces, and holds its permit until it is closed."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol, Self

from ipfs_accel_async.call import Outcome, Trace
from ipfs_accel_async.errors import (
    AccelError,
    InvalidRequestError,
    RequestTimeoutError,
    StreamIncompleteError,
    outcome_of,
)
from ipfs_accel_async.fold import Fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from ipfs_accel_async.answers import Delta, Reply
    from ipfs_accel_async.types import Target


class Source(Protocol):
    """Where a stream's deltas come from: the exchange, a cache, a test."""

    async def read(self) -> Sequence[Delta]:
        """The next deltas; empty once the end mark has come. Raises on a stream that ends without it."""

    async def aclose(self) -> None:
        """Free the connection. Idempotent."""


class Stream:
    """A reply that comes in pieces: ``async with``, then ``async for``.

    It holds its permit until it is closed. Leaving the block closes it, at once and without reading the rest.
    """

    __slots__ = (
        "_buffer",
        "_done",
        "_empty",
        "_ended",
        "_error",
        "_fold",
        "_reading",
        "_source",
        "deadline",
        "trace",
    )

    def __init__(self, source: Source, empty: Reply, first: Sequence[Delta] = (), trace: Trace | None = None) -> None:
        self._source = source
        self._empty = empty
        self._buffer: deque[Delta] = deque(first)
        self._fold = Fold()
        self._done: list[Callable[[Outcome], None]] | None = []
        self._ended = False
        self._error: BaseException | None = None
        self._reading = False
        self.deadline = float("inf")
        self.trace = trace or Trace()

    @property
    def target(self) -> Target:
        """Who answers."""
        return self._empty.target

    @property
    def request_id(self) -> str:
        """Our id of the call."""
        return self._empty.request_id

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

    def on_close(self, done: Callable[[Outcome], None]) -> None:
        """Have `done` called once, when the stream is closed."""
        if self._done is None:
            done(self._outcome())
        else:
            self._done.append(done)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delta:
        if not self._buffer:
            await self._fill()
        delta = self._buffer.popleft()
        self._fold.add(delta)
        if delta.end:
            self._ended = True
        return delta

    async def collect(self) -> Reply:
        """Read to the end and give the whole reply."""
        async for _ in self:
            pass
        return self.reply

    async def _fill(self) -> None:
        if self._ended:
            await self.aclose()
            raise StopAsyncIteration
        if self._done is None or self._reading:
            message = "the stream is closed" if self._done is None else "another task is reading this stream"
            raise InvalidRequestError(message, target=self.target, request_id=self.request_id)
        self._reading = True
        scope = asyncio.timeout_at(None if self.deadline == float("inf") else self.deadline)
        try:
            async with scope:
                self._buffer.extend(await self._source.read())
        except BaseException as error:
            raised = self._typed(error, expired=scope.expired())
            if isinstance(raised, AccelError):  # a cancelled reader may go on; a failed stream is over
                self._error = raised
                await self.aclose()
            if raised is error:
                raise
            raise raised from None
        finally:
            self._reading = False
        if not self._buffer:  # the source's contract: it raises rather than end without an end mark
            self._ended = True
            await self._fill()

    def _typed(self, error: BaseException, *, expired: bool) -> BaseException:
        if expired and isinstance(error, TimeoutError):
            message = "the deadline passed while the stream was being read"
            return RequestTimeoutError(
                message,
                target=self.target,
                request_id=self.request_id,
                attempts=self._empty.attempts,
                retryable=False,
                phase="stream",
            )
        if isinstance(error, StreamIncompleteError):
            error.partial = self.partial
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

    def _outcome(self) -> Outcome:
        if self._error is not None:
            return Outcome(outcome_of(self._error), self._error, self.partial)
        return Outcome("ok" if self._ended else "ignored", None, self.partial)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
