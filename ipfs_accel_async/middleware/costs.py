"""What a call costs of a rate limit: expected before it is sent, and as used once it has ended."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import (
    APIError,
    ConfigError,
    ConnectError,
    CostExceedsLimitError,
    InvalidRequestError,
    RateLimitError,
)
from ipfs_accel_async.estimates import estimate_input, most_output, tokens_of
from ipfs_accel_async.policy.expectation import Expectation
from ipfs_accel_async.policy.quota import Cost

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.policy.quota import Quota, Said

MAX_MODELS = 1_000
_ONE = Cost()


class Costs:
    """Expects the cost of calls, and learns from their usage, model by model.

    Args:
        count: Counts the tokens of a text.
    """

    def __init__(self, count: Callable[[str], int] = tokens_of) -> None:
        self._count = count
        self._known: OrderedDict[tuple[str, str], Expectation] = OrderedDict()

    def of(self, call: Call, quota: Quota) -> Cost:
        """What `call` is expected to cost; its tokens are only estimated for a quota that counts them."""
        if not quota.counts_tokens:
            return _ONE
        expectation = self._expectation(call)
        estimated = self._estimated(call)
        most = most_output(call.payload)
        output = 0 if most == 0 else expectation.output(most)
        return Cost(1, expectation.input(estimated), output)

    def spent(self, call: Call, reserved: Cost, outcome: Outcome) -> Cost | None:
        """What an attempt used: None if nothing was sent, the reserved cost where nobody knows.

        Args:
            call: The call.
            reserved: What was expected.
            outcome: How the attempt ended.
        """
        error, answer = outcome.error, outcome.answer
        if error is None and answer is None:
            return None if outcome.kind == "ignored" else reserved
        attempt = call.trace.current
        if (
            isinstance(error, (ConnectError, ConfigError, InvalidRequestError))
            or attempt is None
            or attempt.sent is None
        ):
            return None
        usage = None if answer is None else answer.usage
        if usage is not None and (usage.input_tokens > 0 or usage.output_tokens > 0):
            used = max(usage.input_tokens, 0)
            output = max(usage.output_tokens, 0)
            if outcome.kind == "ok" and reserved.tokens:
                self._expectation(call).add(self._estimated(call), used, output)
            return Cost(1, used, output, min(max(usage.cached_tokens, 0), used))
        return _ONE if isinstance(error, APIError) else reserved  # a refused request counts, its tokens do not

    def _estimated(self, call: Call) -> int:
        trace = call.trace
        if trace.input_tokens is None:
            trace.input_tokens = estimate_input(call.payload, self._count)
        return trace.input_tokens

    def _expectation(self, call: Call) -> Expectation:
        scope = (call.target.provider, call.target.model)
        found = self._known.get(scope)
        if found is None:
            if len(self._known) >= MAX_MODELS:
                self._known.popitem(last=False)
            found = self._known[scope] = Expectation()
        return found


def tell(quota: Quota, outcome: Outcome, at: float, now: float, *, learn: bool) -> None:
    """Let a quota know what an answer or an error said of the limits.

    Args:
        quota: Of the attempt's quota group and model.
        outcome: How the attempt ended.
        at: When its headers came.
        now: The time.
        learn: Whether limits that nobody set, and a 429 tells, count from now on.
    """
    error = outcome.error
    for limits in said_by(outcome):
        quota.calibrate(limits, at, learn=learn and error is not None)
    if isinstance(error, RateLimitError) and error.retry_after is not None:
        quota.park(now + error.retry_after)


def said_by(outcome: Outcome) -> tuple[Said, ...]:
    """What an answer's headers, or an error's headers and body, say of the limits."""
    if isinstance(outcome.error, APIError):
        return outcome.error.rate_limits
    limits = None if outcome.answer is None else outcome.answer.rate_limits
    return () if limits is None else (limits,)


def too_large(call: Call, quota: Quota, cost: Cost) -> CostExceedsLimitError | None:
    """The error of a call that alone costs more than a limit allows in its whole window; None if it fits."""
    name = quota.too_large(cost)
    if name is None:
        return None
    return CostExceedsLimitError(
        f"the call is expected to cost {quota.cost_of(name, cost):,.0f}, and {name} is {quota.limit_of(name):,.0f}:"
        " shorten it, or lower max_tokens",
        target=call.target,
        code=f"exceeds_{name}",
        request_id=call.request_id,
        attempts=call.attempts,
        phase="queue",
    )
