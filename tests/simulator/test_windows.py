"""Limits of a twin that are counted in windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.simulator import RateLimit
from ipfs_accel_async.simulator.limits import Meter


def test_a_sliding_window_counts_any_minute() -> None:
    """Nothing comes back before a minute has passed since it was spent."""
    meter = Meter(RateLimit(requests_per_minute=2, counting="sliding"), now=0.0)
    assert meter.take(1, 10.0).wait == 0
    assert meter.take(1, 50.0).wait == 0
    refused = meter.take(1, 60.0)
    assert (refused.wait, refused.short) == (pytest.approx(10), "requests")
    assert (refused.requests.remaining, refused.requests.reset) == (0, pytest.approx(50))
    assert meter.take(1, 70.0).wait == 0
    assert meter.take(1, 70.0).wait == pytest.approx(40)


def test_a_fixed_window_begins_anew() -> None:
    """All comes back at once, whenever it was spent."""
    meter = Meter(RateLimit(requests_per_minute=2, counting="fixed"), now=0.0)
    assert [meter.take(1, 59.0).wait for _ in range(3)] == [0, 0, pytest.approx(1)]
    assert [meter.take(1, 60.0).wait for _ in range(3)] == [0, 0, pytest.approx(60)]
    assert meter.peek(61.0).requests.reset == pytest.approx(59)
    assert meter.peek(1_000.0).requests.remaining == 2


@pytest.mark.parametrize("counting", ["sliding", "fixed", "bucket"])
def test_input_and_output_count_apart(counting: str) -> None:
    """Either may run out first, and is named."""
    limit = RateLimit(input_tokens_per_minute=100, output_tokens_per_minute=50, counting=counting)  # type: ignore[arg-type]
    meter = Meter(limit, now=0.0)
    assert meter.take(60, 0.0, output=40).wait == 0
    short = meter.take(40, 0.0, output=20)
    assert (short.short, short.output.remaining, short.input.remaining) == ("output", 10, 80)  # type: ignore[union-attr]
    assert short.shortest is short.output
    assert meter.take(95, 0.0, output=5).short == "input"


@pytest.mark.parametrize("counting", ["sliding", "fixed"])
def test_a_request_larger_than_the_window_passes_when_it_is_empty(counting: str) -> None:
    """It is not refused for ever."""
    meter = Meter(RateLimit(tokens_per_minute=10, counting=counting), now=0.0)  # type: ignore[arg-type]
    assert meter.take(1_000, 0.0).wait == 0
    assert meter.take(1_000, 59.0).wait == pytest.approx(1)
    assert meter.take(1_000, 60.0).wait == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 40)), max_size=60))
def test_a_sliding_window_never_passes_more_than_its_limit(steps: list[tuple[float, int]]) -> None:
    """In any minute."""
    meter, now, passed = Meter(RateLimit(tokens_per_minute=40, counting="sliding"), now=0.0), 0.0, []
    for pause, tokens in steps:
        now += pause
        if not meter.take(tokens, now).wait:
            passed.append((now, tokens))
    for start, _ in passed:
        assert sum(tokens for at, tokens in passed if start <= at < start + 60) <= 40


def test_counting_is_checked() -> None:
    """There are three ways."""
    with pytest.raises(ValueError, match="bucket, sliding, fixed"):
        RateLimit(requests_per_minute=1, counting="leaky")  # type: ignore[arg-type]
