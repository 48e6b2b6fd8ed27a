"""Opening by hand for a while, and a probe that said nothing."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.breaker import Breaker


def failed_once() -> Breaker:
    """Open since 0, until 30."""
    breaker = Breaker(failure_threshold=1, reset_timeout=30.0)
    permit = breaker.try_acquire(0.0)
    assert permit is not None
    breaker.record(permit, "failed", 0.0)
    return breaker


@pytest.mark.parametrize("open_before", [False, True])
@pytest.mark.parametrize(("seconds", "until"), [(None, 32.0), (5.0, 7.0), (90.0, 92.0)])
def test_it_is_open_for_as_long_as_was_said(open_before: bool, seconds: float | None, until: float) -> None:
    """From now on, be it shorter or longer than what is set, and whether it was open or not."""
    breaker = failed_once() if open_before else Breaker(reset_timeout=30.0)
    breaker.force_open(2.0, seconds)
    assert breaker.refused_for(2.0) == until - 2.0
    assert breaker.state(until - 1e-9) == "open"
    assert breaker.state(until) == "half-open"
    assert breaker.open_seconds(until + 9.0) == until - (0.0 if open_before else 2.0)


def test_a_probe_that_said_nothing_is_not_late() -> None:
    """It was cancelled: the next one may go, and its own time counts."""
    breaker = Breaker(failure_threshold=1, reset_timeout=30.0, probe_timeout=10.0)
    breaker.force_open(0.0)
    probe = breaker.try_acquire(30.0)
    assert probe is not None
    breaker.record(probe, "ignored", 35.0)
    assert breaker.state(41.0) == "half-open"
    assert breaker.try_acquire(41.0) is not None
    assert breaker.state(50.9) == "half-open"
    assert breaker.state(51.0) == "open"
