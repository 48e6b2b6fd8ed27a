"""Counters of one provider. Adding costs about a microsecond; memory stays the same however long it runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ipfs_accel_async.policy.window import Rate, Samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.answers import Usage

MAX_MODELS = 200
OTHER = "(other)"


class ModelMeter:
    """Counters of one model."""

    __slots__ = ("failures", "latency", "requests", "successes", "tokens")

    def __init__(self) -> None:
        self.requests = 0
        self.successes = 0
        self.failures = 0
        self.tokens = 0
        self.latency = Samples(128)


class Meter:
    """Counters of one provider, or of all together.

    Args:
        name: Shown as ``api_name``.
        started: Loop time from which it counts.
        since: Wall-clock stamp of the same moment, in seconds.
    """

    def __init__(self, name: str, started: float, since: float) -> None:
        self.name = name
        self.started = started
        self.since = since
        self.requests = 0
        self.successes = 0
        self.failures = 0
        self.cancelled = 0
        self.rejections = 0
        self.timeouts = 0
        self.retries = 0
        self.retried_requests = 0
        self.hedges = 0
        self.hedges_won = 0
        self.batches = 0
        self.batched = 0
        self.latency = Samples()
        self.first_token = Samples()
        self.queue_time = Samples()
        self.errors: Counter[str] = Counter()
        self.retry_causes: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.request_rate = Rate()
        self.token_rate = Rate()
        self.models: dict[str, ModelMeter] = {}

    def model(self, name: str) -> ModelMeter:
        """Counters of a model; names beyond the first few hundred share one entry, as users may send any name."""
        found = self.models.get(name)
        if found is None:
            if len(self.models) >= MAX_MODELS:
                name = OTHER
            found = self.models.setdefault(name, ModelMeter())
        return found

    def ended(self, model: str, seconds: float, now: float, error: str | None, usage: Usage | None) -> None:
        """Count a call that ended.

        Args:
            model: Its model.
            seconds: From submission to its end; of a stream, to its close.
            now: Loop time.
            error: Name of the error, None for a success.
            usage: Tokens it used.
        """
        self.requests += 1
        self.request_rate.add(now)
        entry = self.model(model)
        entry.requests += 1
        if error is None:
            self.successes += 1
            entry.successes += 1
            self.latency.add(seconds)
            entry.latency.add(seconds)
        else:
            self.failures += 1
            entry.failures += 1
            self.errors[error] += 1
        if usage is not None:
            self._count_tokens(entry, usage, now)

    def _count_tokens(self, entry: ModelMeter, usage: Usage, now: float) -> None:
        total = usage.total_tokens
        if total > 0:
            tokens = self.tokens
            tokens["input"] += usage.input_tokens
            tokens["output"] += usage.output_tokens
            tokens["total"] += total
            if usage.cached_tokens:
                tokens["cached"] += usage.cached_tokens
            if usage.reasoning_tokens:
                tokens["reasoning"] += usage.reasoning_tokens
            entry.tokens += total
            self.token_rate.add(now, total)


_ADDED = (
    "requests",
    "successes",
    "failures",
    "cancelled",
    "rejections",
    "timeouts",
    "retries",
    "retried_requests",
    "hedges",
    "hedges_won",
    "batches",
    "batched",
)


def total(name: str, started: float, since: float, meters: Iterable[Meter]) -> Meter:
    """All counters in sum, made when somebody asks: counting each call twice would cost all of them.

    Args:
        name: Shown as ``api_name``.
        started: As of :class:`Meter`.
        since: As of :class:`Meter`.
        meters: One of each provider.
    """
    every = list(meters)
    whole = Meter(name, started, since)
    for counter in _ADDED:
        setattr(whole, counter, sum(getattr(one, counter) for one in every))
    whole.request_rate = Rate.together(one.request_rate for one in every)
    whole.token_rate = Rate.together(one.token_rate for one in every)
    for one in every:
        whole.latency.absorb(one.latency)
        whole.first_token.absorb(one.first_token)
        whole.queue_time.absorb(one.queue_time)
        whole.errors += one.errors
        whole.retry_causes += one.retry_causes
        whole.tokens += one.tokens
        for model, entry in one.models.items():
            known = whole.model(model)
            known.requests += entry.requests
            known.successes += entry.successes
            known.failures += entry.failures
            known.tokens += entry.tokens
            known.latency.absorb(entry.latency)
    return whole
