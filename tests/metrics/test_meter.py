"""Counters: what each end of a call adds, and that memory stays bounded."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Usage
from ipfs_accel_async.metrics.meter import MAX_MODELS, OTHER, Meter

USAGE = Usage(10, 5, 15, 4, 2, 3)


def a_meter() -> Meter:
    """A meter that starts at 0."""
    return Meter("openai", 0.0, 1_700_000_000.0)


def test_a_new_meter_counts_nothing() -> None:
    """Every counter starts at zero, without models."""
    meter = a_meter()
    counts = (meter.requests, meter.successes, meter.failures, meter.cancelled, meter.rejections, meter.retries)
    assert counts == (0, 0, 0, 0, 0, 0)
    assert (meter.models, meter.latency.count, meter.request_rate.per_second(0)) == ({}, 0, 0)


def test_a_success_adds_latency_and_tokens() -> None:
    """To the meter and to the model."""
    meter = a_meter()
    meter.ended("m", 2.0, 5.0, None, USAGE)
    entry = meter.models["m"]
    assert (meter.requests, meter.successes, meter.failures) == (1, 1, 0)
    assert (entry.requests, entry.successes, entry.failures, entry.tokens) == (1, 1, 0, 15)
    assert meter.latency.summary() == entry.latency.summary()
    assert meter.latency.avg == 2.0
    assert dict(meter.tokens) == {"input": 10, "output": 5, "total": 15, "cached": 4, "reasoning": 3}
    assert (meter.request_rate.per_second(5), meter.token_rate.per_second(5)) == (1, 15)


def test_a_failure_adds_its_name_and_no_latency() -> None:
    """Failures that come fast must not make the service look fast."""
    meter = a_meter()
    meter.ended("m", 0.01, 0.0, "ServerError", None)
    meter.ended("m", 0.01, 0.0, "ServerError", None)
    assert (meter.failures, meter.models["m"].failures, meter.errors) == (2, 2, {"ServerError": 2})
    assert (meter.latency.count, meter.models["m"].latency.count) == (0, 0)


def test_the_tokens_of_a_cut_stream_count() -> None:
    """They were paid for, though the call failed."""
    meter = a_meter()
    meter.ended("m", 1.0, 0.0, "StreamIncompleteError", USAGE)
    assert (meter.tokens["total"], meter.models["m"].tokens, meter.successes) == (15, 15, 0)


@pytest.mark.parametrize("usage", [None, Usage()])
def test_a_call_without_counts_adds_no_tokens(usage: Usage | None) -> None:
    """Where the service gives none there is no rate of them either."""
    meter = a_meter()
    meter.ended("m", 1.0, 0.0, None, usage)
    assert not meter.tokens
    assert meter.token_rate.per_second(0) == 0


def test_a_flood_of_model_names_shares_one_entry() -> None:
    """Users may send any name: the first ones keep their own entry, the rest is counted together."""
    meter = a_meter()
    for number in range(10_000):
        meter.ended(f"m{number}", 1.0, 0.0, None, USAGE)
    meter.ended("m0", 1.0, 0.0, None, USAGE)
    assert len(meter.models) == MAX_MODELS + 1
    assert meter.models[OTHER].requests == 10_000 - MAX_MODELS
    assert meter.models["m0"].requests == 2
    assert sum(entry.requests for entry in meter.models.values()) == meter.requests == 10_001


def test_memory_stays_the_same_however_long_it_runs() -> None:
    """After its windows are full, fifty thousand calls over days add nothing."""
    meter = a_meter()

    def run(start: int, count: int) -> None:
        for number in range(start, start + count):
            meter.ended(f"m{number % 210}", 0.5, number * 10.0, "ServerError" if number % 7 == 0 else None, USAGE)

    run(0, 30_000)  # fills the 128 latencies of each model
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        run(30_000, 20_000)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # floats replaced in full windows are the same number of floats: at most all of them were made anew
    assert grown < (MAX_MODELS + 1) * 128 * 32 + 200_000


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([None, "ServerError", "RateLimitError"])), max_size=50)
)
def test_the_parts_add_up_to_the_whole(ends: list[tuple[str, str | None]]) -> None:
    """Successes and failures are all requests; so are the models' and the errors'."""
    meter = a_meter()
    for number, (model, error) in enumerate(ends):
        meter.ended(model, 1.0, float(number), error, USAGE)
    assert meter.successes + meter.failures == meter.requests == len(ends)
    assert sum(entry.requests for entry in meter.models.values()) == len(ends)
    assert sum(meter.errors.values()) == meter.failures
    assert meter.tokens["total"] == 15 * len(ends) == sum(entry.tokens for entry in meter.models.values())
