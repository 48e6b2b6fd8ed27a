"""The report: the keys of the contract, in sum and per provider, whatever has happened."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import CircuitOpenError, Client, MockTransport, RateLimitError, ServerError, Usage
from ipfs_accel_async.caps import Cap
from ipfs_accel_async.lanes import Lane
from ipfs_accel_async.metrics.meter import Meter
from ipfs_accel_async.metrics.report import Report, report
from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.settings import Settings

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request, Response

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYS: dict[str, set[str]] = {
    "timestamp": set(),
    "api_name": set(),
    "uptime_seconds": set(),
    "total_requests": set(),
    "success_rate": set(),
    "latency": {"avg", "min", "max", "p50", "p90", "p95", "p99"},
    "queue": {
        "current_queue_size",
        "active_requests",
        "avg_queue_time_ms",
        "max_queue_length",
        "max_active_requests",
        "queue_rejection_count",
    },
    "circuit_breaker": {"state", "state_changes", "open_circuit_count", "open_time_seconds"},
    "errors": {"total_errors", "error_rate", "timeouts", "error_types", "most_common_error"},
    "throughput": {"requests_per_second", "tokens_per_second"},
    "models": set(),
    "token_counts": {"input", "output", "total", "cached", "reasoning"},
    "retries": {"total", "requests_retried", "causes"},
}
JSON = {"content-type": "application/json"}
COMPLETION = {
    "id": "c",
    "model": "m-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}


def a_meter() -> Meter:
    """A meter that started at loop time 100."""
    return Meter("openai", 100.0, SINCE.timestamp())


def has_the_keys(made: dict[str, Any]) -> bool:
    """Whether a report has every key of the contract."""
    return all(key in made and part <= set(made[key] if part else ()) for key, part in KEYS.items())


def test_an_empty_meter_has_every_key() -> None:
    """Zeros, an ISO stamp, no division by zero."""
    made = report(a_meter(), [], [], 100.0)
    assert has_the_keys(made)
    assert (made["total_requests"], made["success_rate"], made["uptime_seconds"]) == (0, 0.0, 0.0)
    assert set(made["latency"].values()) == {0.0}
    assert (made["errors"]["error_rate"], made["errors"]["most_common_error"]) == (0.0, None)
    assert made["circuit_breaker"]["state"] == "closed"
    assert made["timestamp"] == "2026-03-01T12:00:00+00:00"


def test_times_are_in_milliseconds_and_quantiles_by_rank() -> None:
    """A hundred latencies of 10 to 1000 ms."""
    meter = a_meter()
    for number in range(1, 101):
        meter.ended("m", number / 100, 100.0, None, None)
        meter.queue_time.add(0.25)
    made = report(meter, [], [], 160.0)
    expected = {"avg": 505, "min": 10, "max": 1_000, "p50": 500, "p90": 900, "p95": 950, "p99": 990}
    assert made["latency"] == pytest.approx(expected)
    assert made["models"]["m"]["latency"] == pytest.approx(expected)
    assert made["queue"]["avg_queue_time_ms"] == pytest.approx(250)
    assert made["timestamp"] == (SINCE + timedelta(seconds=60)).isoformat()
    assert made["uptime_seconds"] == 60


def test_rates_are_shares_of_what_ended() -> None:
    """Cancelled calls are neither successes nor failures."""
    meter = a_meter()
    for error in (None, None, None, "ServerError"):
        meter.ended("m", 1.0, 100.0, error, Usage(10, 5, 15))
    meter.cancelled = 6
    made = report(meter, [], [], 101.0)
    assert (made["success_rate"], made["errors"]["error_rate"]) == (0.75, 0.25)
    assert (made["errors"]["error_types"], made["errors"]["most_common_error"]) == ({"ServerError": 1}, "ServerError")
    assert made["throughput"] == {"requests_per_second": 2.0, "tokens_per_second": 30.0}


def test_the_queue_is_the_sum_of_its_lanes() -> None:
    """Waiting and active add up over lanes; peaks are the highest of one."""
    lanes = [Lane([Cap(5)], [], Settings()) for _ in range(2)]
    for number, lane in enumerate(lanes, 1):
        lane.active, lane.peak_active, lane.peak_waiting, lane.rejections = number, number * 2, number * 3, number
    queue = report(a_meter(), lanes, [], 100.0)["queue"]
    assert (queue["active_requests"], queue["queue_rejection_count"], queue["current_queue_size"]) == (3, 3, 0)
    assert (queue["max_active_requests"], queue["max_queue_length"]) == (4, 6)


def test_changes_of_breakers_are_in_order_of_time() -> None:
    """Over all breakers, each with its scope and its wall-clock time."""
    first, second = (Breaker(failure_threshold=1, reset_timeout=10) for _ in range(2))
    first.force_open(101.0)
    second.force_open(103.0)
    first.force_close(105.0)
    breakers = [(("openai", "http://h", "a"), first), (("openai", "http://h", ""), second)]
    made = report(a_meter(), [], breakers, 107.0)["circuit_breaker"]
    assert [(change["scope"], change["state"], change["at"]) for change in made["state_changes"]] == [
        ("openai:a", "open", (SINCE + timedelta(seconds=1)).isoformat()),
        ("openai", "open", (SINCE + timedelta(seconds=3)).isoformat()),
        ("openai:a", "closed", (SINCE + timedelta(seconds=5)).isoformat()),
    ]
    assert (made["state"], made["open_circuit_count"], made["open_time_seconds"]) == ("open", 1, 8.0)
    later = report(a_meter(), [], breakers, 120.0)["circuit_breaker"]
    assert (later["state"], later["open_circuit_count"], later["open_time_seconds"]) == ("half-open", 0, 14.0)
    assert later["state_changes"][-1]["at"] == (SINCE + timedelta(seconds=13)).isoformat()


def test_a_report_is_plain_json() -> None:
    """What to_json() writes reads back as the report, in one line or indented."""
    meter = a_meter()
    meter.ended("m\u00e4\n", 1.5, 100.0, "ServerError", Usage(1, 2, 3))
    made = report(meter, [Lane([], [], Settings())], [(("a", "b", "c"), Breaker())], 130.5)
    assert isinstance(made, Report)
    assert json.loads(made.to_json()) == made == json.loads(made.to_json(indent=True))
    assert "\n" not in made.to_json()
    assert "\n" in made.to_json(indent=True)
    assert json.loads(json.dumps(made)) == made


async def test_a_client_that_was_not_used_has_the_keys_too() -> None:
    """Before the first call everything is zero, also without a loop's runtime."""
    for made in (Client().report(), Client(max_total_concurrent_requests=2).report()):
        assert has_the_keys(made)
        assert made["total_requests"] == 0
        assert made["providers"] == {}
        assert json.loads(made.to_json()) == made


async def test_a_client_reports_in_sum_and_for_each_provider() -> None:
    """Each provider has a report of its own; counters of all add up to the sum's."""

    async def answer(request: Request) -> Response:
        await asyncio.sleep(0.5)
        if b'"bad"' in request.body:
            return MockTransport.reply({"error": {"message": "no"}}, status=500, headers=JSON)
        return MockTransport.reply(COMPLETION, headers=JSON)

    async with Client(transport=MockTransport(answer), keys={"openai": "sk-x"}, max_retries=0) as ai:
        await ai.chat("openai:m", "hi")
        await ai.chat("vllm:m", "hi")
        await ai.chat("vllm:n", "hi")
        with pytest.raises(ServerError):
            await ai.chat("vllm:bad", "hi")
        made = ai.report()
    assert set(made["providers"]) == {"openai", "vllm"}
    for one in (made, *made["providers"].values()):
        assert has_the_keys(one)
    openai, vllm = made["providers"]["openai"], made["providers"]["vllm"]
    assert (openai["api_name"], vllm["api_name"], made["api_name"]) == ("openai", "vllm", "ipfs_accel_async")
    assert (openai["total_requests"], vllm["total_requests"], made["total_requests"]) == (1, 3, 4)
    assert (openai["success_rate"], made["success_rate"]) == (1.0, 0.75)
    assert vllm["errors"]["error_types"] == {"ServerError": 1} == made["errors"]["error_types"]
    assert made["token_counts"]["total"] == 45
    assert set(vllm["models"]) == {"m", "n", "bad"}
    assert openai["latency"]["p50"] == pytest.approx(500)
    assert openai["queue"]["active_requests"] == 0
    assert "providers" not in openai


async def test_retries_and_an_open_circuit_show() -> None:
    """What is sent again is counted with its cause; the breaker's opening with its time."""
    answers = [429, 200, 500, 500, 500]

    def answer(_: Request) -> Response:
        status = answers.pop(0)
        body = COMPLETION if status == 200 else {"error": {"message": "no"}}
        return MockTransport.reply(body, status=status, headers=JSON)

    async with Client(transport=MockTransport(answer), max_retries=2, failure_threshold=3, retry_jitter=0) as ai:
        await ai.chat("vllm:m", "hi")
        with pytest.raises((ServerError, CircuitOpenError)):
            await ai.chat("vllm:m", "hi")
        with pytest.raises(CircuitOpenError):
            await ai.chat("vllm:m", "hi")
        made = ai.report()["providers"]["vllm"]
    assert made["retries"]["causes"] == {RateLimitError.__name__: 1, ServerError.__name__: 2}
    assert (made["retries"]["total"], made["retries"]["requests_retried"]) == (3, 2)
    assert (made["circuit_breaker"]["state"], made["circuit_breaker"]["open_circuit_count"]) == ("open", 1)
    (change,) = made["circuit_breaker"]["state_changes"]
    assert (change["scope"], change["state"]) == ("vllm:m", "open")
    assert datetime.fromisoformat(change["at"]).tzinfo is not None
    assert made["errors"]["error_types"]["CircuitOpenError"] == 1
