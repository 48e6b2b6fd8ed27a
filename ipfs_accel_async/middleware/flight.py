"""One request that several calls wait for: its task, its members, and what each of them is given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import AccelError
from ipfs_accel_async.middleware.fanout import Fanout, Reader
from ipfs_accel_async.middleware.sharing import answer_for, error_for
from ipfs_accel_async.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.settings import Settings


class Flight:
    """A request and the calls that wait for it.

    Args:
        call: The first of them: it is sent, and what happens is written into its trace.
        settings: Of its provider.
        retire: Called when no other call may join.

    Attributes:
        latest: The latest deadline of the calls that joined.
    """

    __slots__ = ("_fanout", "_members", "_retire", "_settings", "_task", "_waiters", "call", "latest")

    def __init__(self, call: Call, settings: Settings, retire: Callable[[], None]) -> None:
        self.call = call
        self.latest = call.deadline
        self._settings = settings
        self._retire = retire
        self._members = 0
        self._fanout: Fanout | None = None
        self._task: asyncio.Task[Result]
        self._waiters: dict[asyncio.Future[None], None] = {}  # in the order in which they came

    def begin(self, next: Handler) -> asyncio.Task[Result]:  # noqa: A002
        """Start the request; whoever calls this owns the task."""
        self._task = asyncio.get_running_loop().create_task(self._run(next))
        return self._task

    async def _run(self, next: Handler) -> Result:  # noqa: A002
        try:
            answer: Result = await next(self.call)
        except BaseException:
            self._retire()  # a failure is nobody's answer but theirs who have waited for it
            raise
        else:
            if isinstance(answer, Stream):
                answer.idle = self._settings.stream_idle_timeout
                self._fanout = Fanout(answer, self._settings.replay_bytes, self._retire, self._left)
            else:
                self._retire()
            return answer
        finally:  # in this step the task ends, in the next one they find it done
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def answer(self, call: Call, *, led: bool) -> Result | None:
        """The answer, for one of the calls.

        Args:
            call: The call.
            led: Whether it is the one that was sent.

        Returns:
            None where a stream has outgrown its buffer before this call could begin to read: it is to ask anew.

        Raises:
            AccelError: As the request ended; an error of its own for each.
        """
        self._members += 1
        self.latest = max(self.latest, call.deadline)
        try:
            if not self._task.done():
                waiter = asyncio.get_running_loop().create_future()
                self._waiters[waiter] = None
                try:
                    await waiter
                finally:
                    del self._waiters[waiter]
            answer = await self._task  # it is done: this gives its answer or raises its error
        except BaseException as error:
            if not led:
                call.trace.phase, call.trace.tries = self.call.trace.phase, list(self.call.trace.tries)
            await self._leave()
            if led or not isinstance(error, AccelError):
                raise
            raise error_for(call, error) from error.__cause__
        if self._fanout is not None and self._fanout.begin:
            await self._leave()
            return None
        if not led:
            call.trace.cache, call.trace.tries = "shared", self.call.trace.tries
        if self._fanout is not None and isinstance(answer, Stream):
            if not led:
                call.trace.first_delta_at = asyncio.get_running_loop().time()
            return answer.beside(Reader(self._fanout, call, led=led), call)
        self._members -= 1
        return answer if led else answer_for(call, answer)

    async def _leave(self) -> None:
        """One goes without an answer; with the last one the request ends, and has given back what it held."""
        if self._left():
            return
        self._retire()
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait((self._task,))
        if self._fanout is not None:
            await self._fanout.stream.aclose()

    def _left(self) -> int:
        self._members -= 1
        return self._members
