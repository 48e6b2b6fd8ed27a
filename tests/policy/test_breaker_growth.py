"""How long a breaker stays open, and when a share of failures opens it."""

from __future__ import annotations

import random

import pytest

from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.policy.failures import FailureRate


def fail(breaker: Breaker, now: float, times: int = 1) -> None:
    """Calls that fail."""
    for _ in range(times):
        permit = breaker.try_acquire(now)
        assert permit is not None
        breaker.record(permit, "failed", now)


def waits(breaker: Breaker, tries: int) -> list[float]:
    """How long it stays open, time after time, when each probe fails."""
    now = 0.0
    fail(breaker, now, 3)
    seen = []
    for _ in range(tries):
        wait = breaker.refused_for(now)
        assert wait is not None
        seen.append(wait)
        now += wait
        fail(breaker, now)
    return seen


def test_it_stays_open_longer_each_time_a_probe_fails() -> None:
    """Doubled up to the longest; without a source of randomness exactly so."""
    assert waits(Breaker(failure_threshold=3, reset_timeout=5, max_reset_timeout=60), 6) == [5, 10, 20, 40, 60, 60]


def test_longer_waits_have_jitter_but_never_fall_below_the_first() -> None:
    """Half of each is drawn, so that many clients do not probe in the same instant."""
    for seed in range(50):
        breaker = Breaker(failure_threshold=3, reset_timeout=5, max_reset_timeout=60, rng=random.Random(seed))
        seen = waits(breaker, 8)
        assert seen[0] == 5
        for number, wait in enumerate(seen):
            whole = min(5 * 2**number, 60)
            assert max(5, whole / 2) <= wait <= whole or number == 0


def test_a_probe_that_succeeds_starts_over() -> None:
    """The next time it opens, it is for the first wait again."""
    breaker = Breaker(failure_threshold=3, reset_timeout=5, max_reset_timeout=60)
    waits(breaker, 3)
    now = 1_000.0
    permit = breaker.try_acquire(now)
    assert permit is not None
    breaker.record(permit, "ok", now)
    fail(breaker, now, 3)
    assert breaker.refused_for(now) == 5


def test_however_often_it_fails_nothing_overflows() -> None:
    """Two thousand probes in a row."""
    assert waits(Breaker(failure_threshold=3, reset_timeout=5, max_reset_timeout=60), 2_000)[-1] == 60


def test_a_share_of_failures_opens_it_though_none_are_in_a_row() -> None:
    """Every second call fails: never two in a row, and yet half of twenty."""
    breaker = Breaker(failure_threshold=5, rate=FailureRate(rate=0.5, calls=20))
    for number in range(20):
        assert breaker.state(0.0) == "closed"
        permit = breaker.try_acquire(0.0)
        assert permit is not None
        breaker.record(permit, "failed" if number % 2 else "ok", 0.0)
    assert breaker.state(0.0) == "open"


def test_cancelled_and_throttled_calls_are_no_part_of_the_share() -> None:
    """Ten thousand of each change nothing."""
    breaker = Breaker(failure_threshold=5, rate=FailureRate(rate=0.5, calls=4))
    for outcome in ("ignored", "throttled") * 5_000:
        permit = breaker.try_acquire(0.0)
        assert permit is not None
        breaker.record(permit, outcome, 0.0)  # type: ignore[arg-type]
    assert breaker.state(0.0) == "closed"
    fail(breaker, 0.0, 3)
    assert breaker.state(0.0) == "closed"


def test_a_longest_wait_below_the_first_is_refused() -> None:
    """When it is built."""
    with pytest.raises(ValueError, match="max_reset_timeout"):
        Breaker(reset_timeout=30, max_reset_timeout=10)
