"""One deadline over queue, retries, failover and stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import AccelError, DeadlineExceededError, RequestTimeoutError
from ipfs_accel_async.flow import Flow

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result

_NEVER_SENT = {"queue", "backoff"}


class Deadline:
    """Ends a call at its deadline, wherever it is; the error's `phase` says where that was."""

    async def __call__(self, call: Call, next: Handler) -> Result:  # noqa: A002
        """Answer `call` in time.

        Raises:
            DeadlineExceededError: The time was up in the queue or between attempts.
            RequestTimeoutError: The time was up while the service was being asked.
        """
        scope = asyncio.timeout_at(call.deadline)
        try:
            async with scope:
                reply: Result = await next(call)
        except TimeoutError as error:
            if isinstance(error, AccelError) or not scope.expired():
                raise
        else:
            if isinstance(reply, Flow):
                reply.deadline = call.deadline
            return reply
        raise _too_late(
            call
        )  # outside: its context would be the cancellation, with the frames of whoever was cancelled


def _too_late(call: Call) -> AccelError:
    phase = call.trace.phase
    kind = DeadlineExceededError if phase in _NEVER_SENT else RequestTimeoutError
    where = {"queue": "waiting in the queue", "backoff": "waiting to try again"}.get(phase, f"the phase {phase!r}")
    return kind(
        f"the deadline passed in {where}" if phase not in _NEVER_SENT else f"the deadline passed while {where}",
        target=call.target,
        request_id=call.request_id,
        attempts=call.attempts,
        retryable=False,
        phase=phase,
    )
