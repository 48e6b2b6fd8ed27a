"""Send again what may succeed, after a while, holding nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import (
    NO_SUCH_NAME,
    AccelError,
    AllKeysExhaustedError,
    AuthenticationError,
    DeadlineExceededError,
    DecodeError,
    RateLimitError,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.policy.backoff import Backoff
    from ipfs_accel_async.policy.budget import RetryBudget
    from ipfs_accel_async.trace import Trace
    from ipfs_accel_async.types import Target

DECODINGS = 1
"""Further tries for an answer that is none, or a name: what is passing goes away, and nothing else does."""


class Retry:
    """Exponential backoff with jitter; a service's Retry-After is the least wait.

    It stands outside dispatcher and breaker: while it sleeps no permit, key or place in the queue is held, and each
    attempt queues again, with the age of the call. What it sees has not reached the caller: the exchange hands a stream
    over only with its first token, so nothing is ever sent twice behind a caller's back. The next attempt prefers
    another key than the one that failed. What a 401 refuses is the key, not the call: it goes on with another one at
    once, whatever the retries, until one serves or none is left. After a 429 it does as well, as one of its retries,
    while another quota group, or another endpoint, has room.

    Args:
        policy_for: Retries and backoff of a target.
        rng: For the jitter.
        retried: Told of each retry and its cause, before the wait.
        budget_for: The retry budget of a target's endpoint: each call deposits, each retry takes out. One that the
            service itself asked for (429) is free.
    """

    def __init__(
        self,
        policy_for: Callable[[Target], tuple[int, Backoff]],
        rng: random.Random,
        retried: Callable[[Call, AccelError], None],
        budget_for: Callable[[Target], RetryBudget] | None = None,
    ) -> None:
        self._policy_for = policy_for
        self._rng = rng
        self._retried = retried
        self._budget_for = budget_for

    async def __call__(self, call: Call, next: Handler) -> Result:  # noqa: A002
        """Answer `call`, in as many attempts as it takes and the policy allows.

        Raises:
            DeadlineExceededError: The next attempt would come too late; `__cause__` is the last error.
            AccelError: The last error, when no attempt is left or another would not help.
        """
        max_retries, backoff = self._policy_for(call.target)
        if call.options.max_retries is not None:
            max_retries = call.options.max_retries
        budget = None if self._budget_for is None else self._budget_for(call.target)
        if budget is not None:
            budget.deposit(asyncio.get_running_loop().time())
        trace, retries, decodings = call.trace, 0, 0
        trace.avoid = None
        refused: AccelError | None = None
        while True:
            try:
                return await next(call)  # type: ignore[no-any-return]
            except AccelError as error:
                now = asyncio.get_running_loop().time()
                if trace.elsewhere and isinstance(error, AuthenticationError):
                    self._go_on(call, error)
                    refused = error
                    continue
                if refused is not None and isinstance(error, AllKeysExhaustedError):
                    raise error from refused
                decodings += isinstance(error, DecodeError) or error.code == NO_SUCH_NAME
                final = _final(call, error, retries, max_retries, decodings)
                if final:
                    _write(trace, final)
                    raise
                retries += 1
                if trace.elsewhere and isinstance(error, RateLimitError):
                    self._go_on(call, error)
                    refused = error
                    continue
                delay = backoff.delay(retries, self._rng, error.retry_after)
                if delay is None:  # the service asks for more patience than the settings have: the error says how much
                    _write(trace, "the service asks for more patience than max_retry_after")
                    raise
                if now + delay >= call.deadline:
                    _write(trace, "the next attempt would come after the deadline")
                    raise _no_time(call, error, delay) from error
                if budget is not None and error.outcome != "throttled" and not budget.try_withdraw(now):
                    error.retry_suppressed = "budget"
                    _write(trace, "the retry budget of the endpoint is spent")
                    raise
                self._retried(call, error)
            _write(trace, "sent again", delay)
            trace.avoid = trace.key
            trace.phase = "backoff"
            await asyncio.sleep(delay)

    def _go_on(self, call: Call, error: AccelError) -> None:
        """At once, with another key or endpoint: this one is of no use now, and there is nobody to wait for."""
        self._retried(call, error)
        where = "to another endpoint" if call.trace.avoid_endpoint else "with another key"
        _write(call.trace, f"sent again {where}", 0.0)
        call.trace.avoid, call.trace.elsewhere = call.trace.key, False
        call.trace.phase = "queue"


def _final(call: Call, error: AccelError, retries: int, max_retries: int, decodings: int) -> str:
    """Why `error` is the last word; empty when it may not be."""
    if not error.retryable:
        return "another attempt would not help"
    if not call.idempotent:
        return "the call must not be sent twice"
    if retries >= max_retries:
        return "no retries are left"
    if decodings <= DECODINGS:
        return ""
    return "the name was not found twice" if error.code == NO_SUCH_NAME else "it was no proper answer twice"


def _write(trace: Trace, verdict: str, delay: float | None = None) -> None:
    if trace.current is not None:
        trace.current.verdict, trace.current.delay = verdict, delay


def _no_time(call: Call, error: AccelError, delay: float) -> DeadlineExceededError:
    return DeadlineExceededError(
        f"the next attempt, in {delay:.1f} s, would come after the deadline; the last one failed: {error.message}",
        target=call.target,
        status=error.status,
        code=error.code,
        request_id=call.request_id,
        provider_request_id=error.provider_request_id,
        attempts=call.attempts,
        retry_after=error.retry_after,
        phase="backoff",
    )
