"""Counters to the report that users know: the same keys per provider and in sum."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipfs_accel_async.lanes import Lane
    from ipfs_accel_async.metrics.meter import Meter
    from ipfs_accel_async.middleware.breaker import Scope
    from ipfs_accel_async.policy.breaker import Breaker
    from ipfs_accel_async.policy.window import Samples

_ORDER = {"closed": 0, "half-open": 1, "open": 2}


class Report(dict[str, Any]):
    """The metrics report: a dictionary of plain values.

    Keys: ``timestamp`` (ISO 8601, UTC), ``api_name``, ``uptime_seconds``, ``total_requests``, ``success_rate``
    (0 to 1), ``latency`` (milliseconds: avg, min, max, p50, p90, p95, p99), ``queue``, ``circuit_breaker``,
    ``errors``, ``throughput``, ``models``, ``token_counts``, ``retries``, ``hedges``, ``batches``; the whole report
    has ``providers`` too, one such report each.
    """

    def to_json(self, *, indent: bool = False) -> str:
        """The report as JSON text."""
        return orjson.dumps(self, option=orjson.OPT_INDENT_2 if indent else 0).decode()


def report(meter: Meter, lanes: Sequence[Lane], breakers: Sequence[tuple[Scope, Breaker]], now: float) -> Report:
    """The report of one meter.

    Args:
        meter: Its counters.
        lanes: The lanes they belong to.
        breakers: The breakers they belong to.
        now: Loop time.
    """
    uptime = now - meter.started
    ended = meter.successes + meter.failures
    return Report(
        timestamp=datetime.fromtimestamp(meter.since + uptime, UTC).isoformat(),
        api_name=meter.name,
        uptime_seconds=uptime,
        total_requests=meter.requests,
        success_rate=meter.successes / ended if ended else 0.0,
        cancelled_requests=meter.cancelled,
        latency=_milliseconds(meter.latency),
        time_to_first_token=_milliseconds(meter.first_token),
        queue=_queue(meter, lanes),
        circuit_breaker=_circuit(meter, breakers, now),
        errors=_errors(meter, ended),
        throughput={
            "requests_per_second": meter.request_rate.per_second(now),
            "tokens_per_second": meter.token_rate.per_second(now),
        },
        models={
            name: {
                "requests": entry.requests,
                "successes": entry.successes,
                "failures": entry.failures,
                "tokens": entry.tokens,
                "latency": _milliseconds(entry.latency),
            }
            for name, entry in meter.models.items()
        },
        token_counts={name: meter.tokens[name] for name in ("input", "output", "total", "cached", "reasoning")},
        retries={
            "total": meter.retries,
            "requests_retried": meter.retried_requests,
            "causes": dict(meter.retry_causes),
        },
        hedges={"total": meter.hedges, "won": meter.hedges_won},
        batches={
            "total": meter.batches,
            "calls": meter.batched,
            "calls_per_batch": meter.batched / meter.batches if meter.batches else 0.0,
        },
    )


def _milliseconds(samples: Samples) -> dict[str, float]:
    return {name: value * 1_000 for name, value in samples.summary().items()}


def _queue(meter: Meter, lanes: Sequence[Lane]) -> dict[str, float]:
    waited = meter.queue_time
    return {
        "current_queue_size": sum(lane.queue.waiting for lane in lanes),
        "active_requests": sum(lane.active for lane in lanes),
        "avg_queue_time_ms": (waited.total / waited.count if waited.count else 0.0) * 1_000,
        "max_queue_length": max((lane.peak_waiting for lane in lanes), default=0),
        "max_active_requests": max((lane.peak_active for lane in lanes), default=0),
        "queue_rejection_count": sum(lane.rejections for lane in lanes),
    }


def _circuit(meter: Meter, breakers: Sequence[tuple[Scope, Breaker]], now: float) -> dict[str, Any]:
    states = [breaker.state(now) for _, breaker in breakers]
    changes = [
        {
            "scope": f"{provider}:{model}" if model else provider,
            "state": state,
            "at": datetime.fromtimestamp(meter.since + at - meter.started, UTC).isoformat(),
        }
        for at, state, provider, model in _in_time(breakers)
    ]
    return {
        "state": max(states, key=_ORDER.__getitem__, default="closed"),
        "state_changes": changes,
        "open_circuit_count": states.count("open"),
        "times_opened": sum(breaker.opened for _, breaker in breakers),
        "open_time_seconds": sum(breaker.open_seconds(now) for _, breaker in breakers),
    }


def _in_time(breakers: Iterable[tuple[Scope, Breaker]]) -> list[tuple[float, str, str, str]]:
    return sorted(
        (at, state, provider, model) for (provider, _, model), breaker in breakers for state, at in breaker.changes
    )


def _errors(meter: Meter, ended: int) -> dict[str, Any]:
    return {
        "total_errors": meter.failures,
        "error_rate": meter.failures / ended if ended else 0.0,
        "timeouts": meter.timeouts,
        "rejected": meter.rejections,
        "error_types": dict(meter.errors),
        "most_common_error": meter.errors.most_common(1)[0][0] if meter.errors else None,
    }
