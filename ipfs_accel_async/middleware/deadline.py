"""One deadline over queue, retries, failover and stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ipfs_accel_async.errors import AccelError, ClientClosedError, DeadlineExceededError, RequestTimeoutError
from ipfs_accel_async.flow import Flow
from ipfs_accel_async.middleware.scope import Scope
from ipfs_accel_async.middleware.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.core import Handler, Result

_NEVER_SENT = {"queue", "backoff", "key"}
_WHERE = {
    "queue": "while waiting in the queue",
    "backoff": "while waiting to try again",
    "key": "while the callable that gives the key was being asked (the phase 'key')",
    "connect": "while connecting (the phase 'connect')",
    "tls": "in the TLS handshake (the phase 'tls')",
    "write": "while sending the request (the phase 'write')",
}


class Deadline:
    """Ends a call at its deadline, wherever it is; the error's `phase` says where that was.

    It knows every call that is under way, so it also ends them when the client is closed.

    Args:
        idle_for: Seconds that a stream of a provider may be silent.
    """

    def __init__(self, idle_for: Callable[[str], float] = lambda _: float("inf")) -> None:
        self._idle_for = idle_for
        self._timers = Timers()
        self._flows: WeakSet[Flow[Any]] = WeakSet()  # one that is forgotten must be free to go
        self._empty: asyncio.Event | None = None
        self._closing = False

    @property
    def open(self) -> int:
        """Calls and streams under way."""
        return len(self._timers) + sum(not flow.closed for flow in self._flows)

    async def __call__(self, call: Call, next: Handler) -> Result:  # noqa: A002
        """Answer `call` in time.

        Raises:
            DeadlineExceededError: The time was up in the queue or between attempts.
            RequestTimeoutError: The time was up while the service was being asked.
            ClientClosedError: The client was closed meanwhile, and its grace is over.
        """
        scope = Scope()
        try:
            with scope:
                self._timers.enter(scope, call.deadline)
                reply: Result = await next(call)
        except TimeoutError as error:
            if isinstance(error, AccelError) or not scope.expired:
                raise
        else:
            if isinstance(reply, Flow):
                reply.deadline = call.deadline
                reply.idle = self._idle_for(reply.target.provider)
                self._flows.add(reply)
                reply.on_close(self._left)
            return reply
        finally:
            self._timers.leave(scope)
            self._left()
        # outside: its context would be the cancellation, with the frames of whoever was cancelled
        raise _closed(call) if self._closing else _too_late(call)

    def _left(self, _: Outcome | None = None) -> None:
        if self._empty is not None and not self.open:
            self._empty.set()

    async def drain(self, grace: float) -> None:
        """Wait until all calls and streams have ended, `grace` seconds at most; then end those that have not."""
        if self.open and grace > 0:
            self._empty = asyncio.Event()
            try:
                async with asyncio.timeout(grace):
                    await self._empty.wait()
            except TimeoutError:
                pass
        self._closing = True
        now = asyncio.get_running_loop().time()
        for flow in list(self._flows):
            flow.deadline = now  # its connection is closed next: a read that waits hears of that
        for scope in self._timers:
            scope.end()
        await asyncio.sleep(0)  # each of them ends, and gives back what it holds, before the connections close


def _closed(call: Call) -> AccelError:
    return ClientClosedError(
        "the client was closed while this call was under way",
        target=call.target,
        request_id=call.request_id,
        attempts=call.attempts,
        phase=call.trace.phase,
    )


def _too_late(call: Call) -> AccelError:
    phase = call.trace.phase
    kind = DeadlineExceededError if phase in _NEVER_SENT else RequestTimeoutError
    where = _WHERE.get(phase, f"in the phase {phase!r}")
    return kind(
        f"the deadline passed {where}",
        target=call.target,
        request_id=call.request_id,
        attempts=call.attempts,
        retryable=False,
        phase=phase,
    )
