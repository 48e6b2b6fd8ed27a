"""The gate that lets as many calls to a model go at once as the service was seen to take."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import OverloadedError, RateLimitError, RequestTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.policy.limit import AdaptiveLimit, Verdict

MAX_MODELS = 1_000
DROPS = (OverloadedError, RateLimitError, RequestTimeoutError)
"""What says that it was too much: 429, 503, 529, and no answer in time. A bill that is due (402) does not."""


class AdaptiveGate:
    """A limit for each model of one endpoint, made on first use. When there are too many, one that is idle goes.

    Args:
        make: A limit with the settings of the provider.
    """

    def __init__(self, make: Callable[[], AdaptiveLimit]) -> None:
        self._make = make
        self._limits: OrderedDict[str, AdaptiveLimit] = OrderedDict()

    @property
    def places(self) -> int:
        """Calls that may be in flight at once, over all models that were called."""
        return sum(limit.limit for limit in self._limits.values()) or self._make().limit

    @property
    def limits(self) -> dict[str, int]:
        """The limits now, by model."""
        return {model: limit.limit for model, limit in self._limits.items()}

    def try_take(self, call: Call, now: float) -> AdaptiveLease | float:
        """A place; without one, infinity: a call that ends makes room."""
        limit = self._of(call.target.model)
        time = limit.try_take()
        return float("inf") if time is None else AdaptiveLease(limit, time, now)

    def _of(self, model: str) -> AdaptiveLimit:
        limit = self._limits.get(model)
        if limit is None:
            if len(self._limits) >= MAX_MODELS:
                idle = (known for known, limit in self._limits.items() if not limit.in_flight)
                self._limits.pop(next(idle, ""), None)
            limit = self._limits[model] = self._make()
        return limit


class AdaptiveLease:
    """A place that is taken."""

    __slots__ = ("_limit", "_since", "_time")
    key = None

    def __init__(self, limit: AdaptiveLimit, time: int, since: float) -> None:
        self._limit = limit
        self._time = time
        self._since = since

    def begun(self, now: float) -> None:
        """A stream has its first token."""
        self._limit.first_token(now - self._since)

    def settle(self, outcome: Outcome, now: float) -> None:
        """Give it back; only answers and drops say something."""
        verdict: Verdict = "ignored"
        if isinstance(outcome.error, DROPS):
            verdict = "dropped"
        elif outcome.kind == "ok" and outcome.error is None:
            verdict = "ok"
        self._limit.settle(self._time, verdict)
