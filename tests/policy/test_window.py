"""Samples and rates against their plain definitions."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.window import Rate, Samples

values = st.floats(-1e9, 1e9, allow_nan=False)


def samples(numbers, size=1024) -> Samples:
    window = Samples(size)
    for number in numbers:
        window.add(number)
    return window


def test_an_empty_window_is_all_zeros():
    """Every figure of an empty window is 0.0; the count says that it is empty."""
    window = Samples()
    assert window.count == 0
    assert (window.total, window.min, window.max, window.avg, window.quantile(0.5)) == (0, 0, 0, 0, 0)
    assert window.summary() == dict.fromkeys(["avg", "min", "max", "p50", "p90", "p95", "p99"], 0.0)


def test_the_summary_of_one_to_a_hundred():
    """On 1..100 the percentiles are their own names."""
    assert samples(range(1, 101)).summary() == {
        "avg": 50.5,
        "min": 1,
        "max": 100,
        "p50": 50,
        "p90": 90,
        "p95": 95,
        "p99": 99,
    }


@given(st.lists(values, min_size=1, max_size=60), st.integers(1, 20))
def test_extremes_are_of_all_time_and_quantiles_of_the_latest(numbers, size):
    """Count, sum, extremes see everything; a quantile sees the latest `size`."""
    window = samples(numbers, size)
    assert (window.count, window.min, window.max) == (len(numbers), min(numbers), max(numbers))
    assert window.total == pytest.approx(math.fsum(numbers), abs=1e-3)
    assert window.quantile(0) == min(numbers[-size:])
    assert window.quantile(1) == max(numbers[-size:])


@given(st.lists(values, min_size=1, max_size=200), st.integers(0, 100))
def test_quantiles_are_nearest_rank(numbers, percent):
    """The quantile is the smallest value that at least that share of the values do not exceed."""
    share = Fraction(percent, 100)
    expected = next(
        value
        for value in sorted(numbers)
        if Fraction(sum(number <= value for number in numbers), len(numbers)) >= share
    )
    assert samples(numbers).quantile(percent / 100) == expected


@pytest.mark.parametrize("q", [-0.01, 1.01, float("nan")])
def test_a_quantile_out_of_range_is_refused(q):
    """Percentages are not quantiles."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        Samples().quantile(q)


def test_memory_stays_bounded():
    """A long series holds no more than its window."""
    window = samples(range(50_000), size=100)
    assert len(window.latest) == 100
    assert sys.getsizeof(window.latest) < 4096


def test_a_rate_of_nothing_is_zero():
    """Before the first event the rate is 0."""
    assert Rate().per_second(1e6) == 0


def test_a_young_series_is_divided_by_its_age():
    """Ten events in the first second are ten a second, not a sixth of one."""
    rate = Rate()
    for tenth in range(10):
        rate.add(100 + tenth / 10)
    assert rate.per_second(100.95) == 10
    assert rate.per_second(104.5) == 2
    assert rate.per_second(159.9) == pytest.approx(10 / 60)
    assert rate.per_second(160) == 0


def test_a_time_before_the_latest_counts_as_the_latest():
    """A clock read a little earlier loses nothing."""
    rate = Rate(seconds=2)
    rate.add(10.5)
    rate.add(9.5)
    assert rate.per_second(10.9) == 2


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 9)), min_size=1, max_size=50),
    st.integers(1, 8),
    st.integers(0, 12),
)
def test_rates_equal_a_naive_count(steps, seconds, later):
    """The rate is the sum over the latest whole seconds, divided by those that have begun."""
    rate, events, now = Rate(seconds), [], 5.0
    for step, amount in steps:
        now += step / 4
        rate.add(now, amount)
        events.append((int(now), amount))
    now += later / 4
    recent = sum(amount for second, amount in events if second > int(now) - seconds)
    assert rate.per_second(now) == recent / min(seconds, int(now) - events[0][0] + 1)
    assert len(rate._buckets) == seconds


@pytest.mark.parametrize("kind", [Samples, Rate])
def test_an_empty_size_is_refused(kind):
    """A window has room for something."""
    with pytest.raises(ValueError, match="at least 1"):
        kind(0)
