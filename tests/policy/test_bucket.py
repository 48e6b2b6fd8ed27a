"""The token bucket: what is there, when more goes, and what is never exceeded."""

from __future__ import annotations

import math

import pytest

from ipfs_accel_async.policy.bucket import TokenBucket


def test_a_full_bucket_goes_at_once_and_then_at_its_rate() -> None:
    """Burst first; from then on the instant of the next unit is told, and holds to the float."""
    bucket = TokenBucket(2.0, 4.0, now=100.0)
    assert [bucket.try_take(1, 100.0) for _ in range(4)] == [None] * 4
    at = bucket.try_take(1, 100.0)
    assert at == 100.5
    assert bucket.try_take(1, math.nextafter(100.5, 0)) == 100.5
    assert bucket.try_take(1, 100.5) is None


@pytest.mark.parametrize("rate", [1 / 3, 0.7, 7.0, 1e6 / 60, 123.456])
def test_the_stated_instant_is_late_enough(rate: float) -> None:
    """Asking at just the instant that was told always succeeds, whatever the rate does in binary."""
    bucket, now = TokenBucket(rate, 3.0, now=0.1), 0.1
    for _ in range(1_000):
        at = bucket.try_take(1, now)
        if at is not None:
            assert at > now
            now = at
            assert bucket.try_take(1, now) is None


def test_nothing_is_taken_by_a_refusal() -> None:
    """Asking in vain leaves the level as it was."""
    bucket = TokenBucket(1.0, 10.0)
    bucket.try_take(8, 0.0)
    assert bucket.try_take(3, 0.0) == 1.0
    assert bucket.level(0.0) == pytest.approx(2.0)


def test_an_hour_away_fills_the_burst_and_no_more() -> None:
    """A suspended machine does not come back with an hour of tokens."""
    bucket = TokenBucket(10.0, 5.0)
    bucket.try_take(5, 0.0)
    assert bucket.level(3600.0) == 5.0
    assert bucket.try_take(5, 3600.0) is None
    assert bucket.try_take(1, 3600.0) == pytest.approx(3600.1)


def test_a_cost_above_the_depth_never_goes() -> None:
    """It is told at once instead of waiting for ever."""
    assert TokenBucket(1.0, 10.0).try_take(10.5, 0.0) == math.inf
    assert TokenBucket(1.0, 10.0, depth=50.0).try_take(51, 0.0) == math.inf


def test_a_cost_above_the_burst_goes_from_a_full_bucket_and_is_paid_off() -> None:
    """It leaves a debt, and the next one waits until that is paid."""
    bucket = TokenBucket(1.0, 10.0, depth=50.0)
    assert bucket.try_take(40, 0.0) is None
    assert bucket.level(0.0) == -30.0
    assert bucket.try_take(10, 0.0) == 40.0
    assert bucket.try_take(40, 10.0) == 40.0


def test_a_charge_takes_what_is_not_there_and_the_debt_is_bounded() -> None:
    """What was used beyond the reservation is owed, up to the depth."""
    bucket = TokenBucket(1.0, 10.0)
    bucket.charge(15, 0.0)
    assert bucket.level(0.0) == -5.0
    bucket.charge(1_000, 0.0)
    assert bucket.level(0.0) == -10.0
    assert bucket.try_take(1, 0.0) == 11.0


def test_a_refund_never_passes_the_burst() -> None:
    """What does not fit is lost."""
    bucket = TokenBucket(1.0, 10.0)
    bucket.try_take(6, 0.0)
    bucket.refund(4, 0.0)
    assert bucket.level(0.0) == 8.0
    bucket.refund(100, 0.0)
    assert bucket.level(0.0) == 10.0
    bucket.refund(5, 50.0)
    assert bucket.level(50.0) == 10.0


def test_lowering_never_raises() -> None:
    """A level that is above what is there changes nothing."""
    bucket = TokenBucket(1.0, 10.0)
    bucket.lower(3, 0.0)
    assert bucket.level(0.0) == 3.0
    bucket.lower(8, 0.0)
    assert bucket.level(0.0) == 3.0
    assert bucket.level(2.0) == 5.0


def test_what_is_there_stays_when_the_bounds_change() -> None:
    """A smaller bucket holds what fits, a larger one does not fill by itself, and a debt stays bounded."""
    bucket = TokenBucket(1.0, 10.0)
    bucket.try_take(4, 0.0)
    bucket.resize(2.0, 20.0, 20.0, 0.0)
    assert (bucket.level(0.0), bucket.level(1.0)) == (6.0, 8.0)
    bucket.resize(2.0, 5.0, 5.0, 0.0)
    assert bucket.level(0.0) == 5.0
    bucket.charge(10, 0.0)
    bucket.resize(1.0, 2.0, 3.0, 0.0)
    assert bucket.level(0.0) == -3.0


@pytest.mark.parametrize("bad", [(0, 1), (-1, 1), (1, 0), (math.inf, 1), (1, math.inf), (math.nan, 1)])
def test_a_bucket_without_a_rate_or_a_burst_is_refused(bad: tuple[float, float]) -> None:
    """Both are above 0 and finite, when it is made and when it is changed."""
    with pytest.raises(ValueError, match="rate and a burst above 0"):
        TokenBucket(*bad)
    with pytest.raises(ValueError, match="rate and a burst above 0"):
        TokenBucket(1.0, 1.0).resize(*bad, 1.0, 0.0)
