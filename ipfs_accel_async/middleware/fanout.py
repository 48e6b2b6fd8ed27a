"""One stream, many readers: each reads from a buffer of its own place, and whoever is ahead reads on for all."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import AccelError, StreamIncompleteError
from ipfs_accel_async.middleware.cache import weight
from ipfs_accel_async.middleware.sharing import error_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipfs_accel_async.answers import Delta
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.stream import Stream


class Fanout:
    """A stream and what has come of it.

    Nothing is read ahead of its fastest reader, in whose task the stream is read; when that one leaves in the middle,
    the next one goes on. While everything is kept, others may join and get the beginning at once. Beyond `most` only
    what the slowest reader still needs is kept, and who is further behind than that is given up: nobody waits for it.

    Args:
        stream: The stream.
        most: Bytes to keep.
        retire: Called, once at least, when nobody can join any more.
        left: Called when a reader leaves; gives how many callers there still are, those included that have not begun
            to read.
    """

    def __init__(
        self, stream: Stream, most: int, retire: Callable[[], None], left: Callable[[], int] = lambda: 0
    ) -> None:
        self.stream = stream
        self.error: AccelError | None = None
        self.done = False
        self.begin = 0
        self.end = 0
        self.readers: set[Reader] = set()
        self._most = most
        self._retire = retire
        self._left = left
        self._kept: deque[Delta] = deque()
        self._size = 0
        self._turn: asyncio.Event | None = None

    def since(self, place: int) -> list[Delta]:
        """What has come from a place on."""
        return list(islice(self._kept, place - self.begin, None))

    async def advance(self) -> None:
        """Have more come, or the end: read it, or wait for the reader that does."""
        if self._turn is not None:
            await self._turn.wait()
            return
        turn = self._turn = asyncio.Event()
        try:
            deltas = await self.stream.batch()
            self.done = not deltas or deltas[-1].end
            self._add(deltas)
        except AccelError as error:
            self.error = error
            self.done = True
        finally:
            self._turn = None
            turn.set()
        if self.done:
            self._retire()

    def _add(self, deltas: Sequence[Delta]) -> None:
        self._kept.extend(deltas)
        self.end += len(deltas)
        self._size += sum(map(weight, deltas))
        if self._size <= self._most:
            return
        self._retire()
        slowest = min(reader.place for reader in self.readers)
        fastest = max(reader.place for reader in self.readers)
        while self.begin < slowest or (self._size > self._most and self.begin < fastest):
            self._size -= weight(self._kept.popleft())
            self.begin += 1

    async def leave(self, reader: Reader) -> None:
        """A reader goes; with the last one, or when all has come, the stream is closed."""
        self.readers.discard(reader)
        others = self._left()
        if self.done or not others:
            self._retire()
            await self.stream.aclose()


class Reader:
    """The source of one reader's stream.

    Args:
        fanout: The shared stream.
        call: The call that it answers.
        led: Whether it was this call that was sent; others are given no token counts, as they cost none.
    """

    def __init__(self, fanout: Fanout, call: Call, *, led: bool) -> None:
        self.place = 0
        self._fanout = fanout
        self._call = call
        self._led = led
        fanout.readers.add(self)

    async def read(self) -> Sequence[Delta]:
        """The next deltas.

        Raises:
            StreamIncompleteError: It fell too far behind the others; else whatever the stream raises.
        """
        fanout = self._fanout
        while self.place == fanout.end:
            if fanout.error is not None:
                raise fanout.error if self._led else error_for(self._call, fanout.error)
            if fanout.done:
                return ()
            await fanout.advance()
        if self.place < fanout.begin:
            raise StreamIncompleteError(
                "this reader fell too far behind the others that share the stream: read faster, raise replay_bytes,"
                " or switch single_flight off",
                target=self._call.target,
                request_id=self._call.request_id,
                phase="stream",
            )
        deltas = fanout.since(self.place)
        self.place = fanout.end
        return deltas if self._led else [delta._replace(usage=None) for delta in deltas]

    async def aclose(self) -> None:
        """Leave."""
        await self._fanout.leave(self)
