"""The outermost layer: counts every call once, however it ends."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import AccelError, RejectedError
from ipfs_accel_async.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.metrics.meter import Meter


class Observe:
    """Feeds the meter of a call's provider.

    Args:
        meter_for: The meter that counts a provider's calls.
    """

    def __init__(self, meter_for: Callable[[str], Meter]) -> None:
        self._meter_for = meter_for

    async def __call__(self, call: Call, next: Handler) -> Result:  # noqa: A002
        """Answer `call` and count it: a stream when it is closed."""
        call.trace.submitted = call.submitted
        try:
            answer: Result = await next(call)
        except BaseException as error:
            self._ended(call, error, None)
            raise
        if isinstance(answer, Flow):
            answer.on_close(partial(self._closed, call))
        else:  # `settle` does the same, for a coroutine more
            self._ended(call, None, answer)
        return answer

    def retried(self, call: Call, error: AccelError) -> None:
        """Count a retry and its cause; the retry layer tells."""
        meter = self._meter_for(call.target.provider)
        meter.retries += 1
        meter.retry_causes[type(error).__name__] += 1

    def hedged(self, call: Call, won: bool) -> None:
        """Count a second attempt beside a slow one; the hedge layer tells."""
        meter = self._meter_for(call.target.provider)
        meter.hedges += 1
        meter.hedges_won += won

    def gathered(self, call: Call, calls: int) -> None:
        """Count a request that several calls shared, and how many they were; the batcher tells."""
        meter = self._meter_for(call.target.provider)
        meter.batches += 1
        meter.batched += calls

    def _closed(self, call: Call, outcome: Outcome) -> None:
        self._ended(call, outcome.error, outcome.answer)

    def _ended(self, call: Call, error: BaseException | None, answer: Answer | None) -> None:
        now = asyncio.get_running_loop().time()
        trace = call.trace
        trace.ended = now
        if error is not None:
            trace.error = type(error).__name__
            if isinstance(error, AccelError):
                error.trace = trace
        elif answer is not None:
            object.__setattr__(answer, "trace", trace)  # frozen, but nobody has it yet
        target = answer.target if answer is not None else call.target
        meter = self._meter_for(target.provider)
        meter.queue_time.add(trace.queue_seconds)
        if trace.attempts > 1:
            meter.retried_requests += 1
        if isinstance(error, asyncio.CancelledError):
            meter.cancelled += 1
            return
        if trace.first_delta_at is not None:
            meter.first_token.add(trace.first_delta_at - call.submitted)
        name = None
        if error is not None:
            name = type(error).__name__
            meter.rejections += isinstance(error, RejectedError)
            meter.timeouts += isinstance(error, TimeoutError)
        usage = answer.usage if answer is not None else None
        meter.ended(target.model or f"({call.operation})", now - call.submitted, now, name, usage)
