"""A breaker that goes on with other settings: what it knows stays."""

from __future__ import annotations

from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.policy.failures import FailureRate


def fail(breaker: Breaker, at: float, times: int = 1) -> None:
    """Calls that fail, one after the other."""
    for _ in range(times):
        breaker.record(breaker.acquire(at), "failed", at)


def test_another_threshold_counts_what_has_failed_before() -> None:
    """Four in a row, then five are allowed: the next one opens it, for as long as the new settings say."""
    breaker = Breaker(failure_threshold=100)
    fail(breaker, 0.0, 4)
    breaker.adopt(Breaker(failure_threshold=5, reset_timeout=7.0, max_reset_timeout=9.0))
    assert breaker.state(0.0) == "closed"
    fail(breaker, 1.0)
    assert breaker.refused_for(1.0) == 7.0
    fail(breaker, 8.0)
    assert breaker.refused_for(8.0) == 9.0


def test_an_open_one_stays_open_as_long_as_it_was_said() -> None:
    """And the permits that are out still count."""
    breaker = Breaker(failure_threshold=2)
    permit = breaker.acquire(0.0)
    fail(breaker, 0.0)
    breaker.adopt(Breaker(failure_threshold=2, reset_timeout=1.0))
    breaker.record(permit, "failed", 0.0)
    assert (breaker.refused_for(0.0), breaker.opened) == (1.0, 1)
    breaker.adopt(Breaker(reset_timeout=60.0))
    assert breaker.refused_for(0.0) == 1.0


def test_shares_are_counted_anew() -> None:
    """By the new rule: two of two, of failures as of slow first tokens; each opening clears both."""
    breaker = Breaker(rate=FailureRate(rate=1.0, calls=3))
    fail(breaker, 0.0, 2)
    breaker.adopt(Breaker(rate=FailureRate(rate=1.0, calls=2), slow=FailureRate(rate=1.0, calls=2), slow_after=3.0))
    fail(breaker, 0.0)
    assert breaker.state(0.0) == "closed"
    breaker.begun(breaker.acquire(0.0), 4.0, 0.0)
    fail(breaker, 0.0)
    assert breaker.state(0.0) == "open"
    probe = breaker.acquire(30.0)
    breaker.begun(probe, 2.0, 30.0)
    breaker.begun(breaker.acquire(30.0), 4.0, 30.0)
    assert breaker.state(30.0) == "closed"
    breaker.begun(breaker.acquire(30.0), 4.0, 30.0)
    assert breaker.state(30.0) == "open"


def test_a_probe_that_is_out_has_the_new_time() -> None:
    """It has failed after that."""
    breaker = Breaker(failure_threshold=1, probe_timeout=100.0)
    fail(breaker, 0.0)
    breaker.acquire(30.0)
    breaker.adopt(Breaker(failure_threshold=1, probe_timeout=5.0))
    assert breaker.state(34.0) == "half-open"
    assert breaker.state(35.0) == "open"
