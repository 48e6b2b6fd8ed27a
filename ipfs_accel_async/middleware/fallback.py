"""When a target fails, ask the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.errors import (
    AccelError,
    AllTargetsFailedError,
    BadRequestError,
    ClientClosedError,
    ContentFilteredError,
)

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result

_FINAL = (ContentFilteredError, ClientClosedError)
"""Another target does not help, or must not be asked: a refusal for content is not routed around."""


class Fallback:
    """Goes through the call's targets in order; the deadline stays that of the call.

    A bad request is final too, unless only its length is at fault: the next model's context may be longer. A target
    whose next attempt would come too late leaves time for the next one.
    """

    async def __call__(self, call: Call, next: Handler) -> Result:  # noqa: A002
        """Answer `call` by the first target that can.

        Raises:
            AllTargetsFailedError: None could; `causes` has one error each.
            AccelError: The error of a call without fallbacks, or one that no target can mend.
        """
        if not call.fallbacks:
            return await next(call)  # type: ignore[no-any-return]
        causes: list[AccelError] = []
        trace = call.trace
        for target in (call.target, *call.fallbacks):
            start = len(trace.tries)
            trace.avoid = None  # keys are numbered for each target
            try:
                return await next(call.with_target(target))  # type: ignore[no-any-return]
            except AccelError as error:
                if isinstance(error, _FINAL) or type(error) is BadRequestError:
                    raise
                error.trace = trace.since(start, error)
                causes.append(error)
        failed = AllTargetsFailedError(
            "; ".join(f"{error.target}: {type(error).__name__}" for error in causes),
            request_id=call.request_id,
            attempts=call.attempts,
            retryable=any(error.retryable for error in causes),
        )
        failed.causes = tuple(causes)
        raise failed from causes[-1]
