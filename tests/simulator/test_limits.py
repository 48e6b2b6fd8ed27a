"""Token buckets, in given time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.simulator import RateLimit
from ipfs_accel_async.simulator.limits import Meter, go_duration


def test_requests_run_out_and_come_back() -> None:
    """A full bucket passes its capacity at once, then one request a refill."""
    meter = Meter(RateLimit(requests_per_minute=2), now=100.0)
    assert [meter.take(5, 100.0).wait for _ in range(3)] == [0, 0, pytest.approx(30)]
    assert meter.take(5, 129.0).short == "requests"
    verdict = meter.take(5, 130.0)
    assert verdict.wait == 0
    assert (verdict.requests.limit, verdict.requests.remaining) == (2, 0)


def test_a_refused_request_spends_nothing() -> None:
    """When tokens are short the request count stays as it was."""
    meter = Meter(RateLimit(requests_per_minute=10, tokens_per_minute=60), now=0.0)
    assert meter.take(50, 0.0).wait == 0
    refused = meter.take(50, 0.0)
    assert (refused.wait, refused.short) == (pytest.approx(40), "tokens")
    assert refused.requests.remaining == 9
    assert meter.peek(0.0).tokens.remaining == 10


def test_a_request_larger_than_the_bucket_passes_when_it_is_full() -> None:
    """It is not refused for ever."""
    meter = Meter(RateLimit(tokens_per_minute=10), now=0.0)
    assert meter.take(1000, 0.0).wait == 0
    assert meter.take(1000, 59.0).wait == pytest.approx(1)


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 40)), max_size=60))
def test_never_more_than_the_limit_in_a_window(steps: list[tuple[float, int]]) -> None:
    """Tokens passed in any minute never exceed two capacities: a full bucket and its refill."""
    meter, now, passed = Meter(RateLimit(tokens_per_minute=40), now=0.0), 0.0, []
    for pause, tokens in steps:
        now += pause
        if not meter.take(tokens, now).wait:
            passed.append((now, tokens))
    for start, _ in passed:
        assert sum(tokens for at, tokens in passed if start <= at < start + 60) <= 80 + 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.02, "20ms"),
        (0.285, "285ms"),
        (1, "1s"),
        (7.66, "7.66s"),
        (179.56, "2m59.56s"),
        (360, "6m0s"),
        (3723, "1h2m3s"),
    ],
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    """Milliseconds, seconds, minutes and hours."""
    assert go_duration(seconds) == text


def test_a_limit_below_one_is_refused() -> None:
    """No limit is None, not zero."""
    with pytest.raises(ValueError, match="at least 1"):
        RateLimit(requests_per_minute=0)
