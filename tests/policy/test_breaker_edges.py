"""The breaker at the edges of its settings, and what it is if nothing is set."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.policy.failures import FailureRate
from ipfs_accel_async.policy.permit import Outcome

INFINITE = float("inf")


def fail(breaker: Breaker, times: int, now: float = 0.0) -> None:
    """Calls that fail, one after the other."""
    for _ in range(times):
        breaker.record(breaker.acquire(now), "failed", now)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"failure_threshold": 0}, "failure_threshold, half_open_permits and history must be at least 1"),
        ({"half_open_permits": 0}, "failure_threshold, half_open_permits and history must be at least 1"),
        ({"history": 0}, "failure_threshold, half_open_permits and history must be at least 1"),
        ({"reset_timeout": -1}, "reset_timeout must be finite seconds, not negative"),
        ({"reset_timeout": INFINITE}, "reset_timeout must be finite seconds, not negative"),
        ({"probe_timeout": 0}, "probe_timeout and slow_after must be above 0"),
        ({"slow_after": 0}, "probe_timeout and slow_after must be above 0"),
        ({"max_reset_timeout": 29}, "max_reset_timeout must be finite seconds, not below reset_timeout"),
        ({"max_reset_timeout": INFINITE}, "max_reset_timeout must be finite seconds, not below reset_timeout"),
    ],
)
def test_what_is_out_of_range_is_named(settings: dict[str, Any], says: str) -> None:
    """In one line, with the range."""
    with pytest.raises(ValueError, match=r"must be") as caught:
        Breaker(**settings)
    assert str(caught.value) == says


def test_the_least_settings_are_taken() -> None:
    """One failure, one probe, one change remembered, no time at all between failing and probing."""
    breaker = Breaker(
        failure_threshold=1, half_open_permits=1, history=1, reset_timeout=0, max_reset_timeout=0, probe_timeout=0.001
    )
    fail(breaker, 1)
    assert breaker.state(0.0) == "half-open"
    assert list(breaker.changes) == [("half-open", 0.0)]


def test_the_defaults_are_five_failures_thirty_seconds_and_one_probe() -> None:
    """And it stays open no longer the second time."""
    breaker = Breaker()
    fail(breaker, 4)
    assert breaker.state(0.0) == "closed"
    fail(breaker, 1)
    assert breaker.refused_for(0.0) == 30.0
    assert breaker.opened == 1
    assert breaker.state(30.0) == "half-open"
    assert breaker.try_acquire(30.0) is not None
    assert breaker.try_acquire(1e9) is None  # the probe may take for ever
    again = Breaker()
    fail(again, 5)
    fail(again, 1, 30.0)
    assert again.refused_for(30.0) == 30.0


def test_the_latest_hundred_changes_are_remembered() -> None:
    """If nothing else is said."""
    breaker = Breaker(failure_threshold=1, reset_timeout=1)
    for second in range(120):
        fail(breaker, 1, float(2 * second))
        breaker.state(2.0 * second + 1)
    assert len(breaker.changes) == 100
    assert breaker.changes[-1] == ("half-open", 239.0)


def test_with_no_time_between_it_never_waits_longer() -> None:
    """A longest wait equal to the first is the first, with jitter too."""
    breaker = Breaker(failure_threshold=1, reset_timeout=2, max_reset_timeout=2, rng=random.Random(1))
    for now in (0.0, 2.0, 4.0):
        fail(breaker, 1, now)
        assert breaker.refused_for(now) == 2.0


def test_without_a_permit_there_is_none_to_have() -> None:
    """To ask for one while it is open is a mistake, told in a line."""
    breaker = Breaker(failure_threshold=1)
    permit = breaker.acquire(0.0)
    assert not permit.probe
    breaker.record(permit, "failed", 0.0)
    with pytest.raises(RuntimeError, match=r"^the breaker has no permit to give: ask refused_for first$"):
        breaker.acquire(29.9)
    assert breaker.acquire(30.0).probe


def test_while_probes_are_out_it_is_worth_asking_again_in_a_second() -> None:
    """And at once when one comes back."""
    breaker = Breaker(failure_threshold=1, half_open_permits=2)
    fail(breaker, 1)
    first = breaker.acquire(30.0)
    assert breaker.refused_for(30.0) is None
    breaker.acquire(30.0)
    assert breaker.refused_for(30.0) == 1.0
    breaker.record(first, "ignored", 31.0)
    assert breaker.refused_for(31.0) is None


def test_it_is_pristine_until_something_has_happened() -> None:
    """A call under way, a failure, a state: each is worth keeping; a success leaves nothing."""
    breaker = Breaker(failure_threshold=2)
    assert breaker.pristine
    permit = breaker.acquire(0.0)
    assert not breaker.pristine
    breaker.record(permit, "ok", 0.0)
    assert breaker.pristine
    fail(breaker, 1)
    assert not breaker.pristine
    fail(breaker, 1)
    assert not breaker.pristine
    breaker.force_close(1.0)
    assert breaker.pristine


def test_seconds_open_are_counted_to_the_second() -> None:
    """Up to now while open, up to half-open afterwards, and over all times it opened."""
    breaker = Breaker(failure_threshold=1, reset_timeout=10)
    assert breaker.open_seconds(5.0) == 0.0
    fail(breaker, 1, 5.0)
    assert breaker.open_seconds(8.0) == 3.0
    assert breaker.open_seconds(100.0) == 10.0
    fail(breaker, 1, 100.0)
    assert breaker.open_seconds(104.0) == 14.0
    breaker.force_close(104.0)
    assert breaker.open_seconds(200.0) == 14.0


def test_forced_open_while_open_waits_the_first_time_again() -> None:
    """From now on."""
    breaker = Breaker(failure_threshold=1, reset_timeout=10)
    fail(breaker, 1)
    breaker.force_open(7.0)
    assert breaker.refused_for(7.0) == 10.0
    assert breaker.opened == 1


def test_longer_waits_are_drawn_from_their_upper_half() -> None:
    """Of 40 s some part of the last 20 s, another for each seed."""
    waits = set()
    for seed in range(20):
        breaker = Breaker(failure_threshold=1, reset_timeout=10, max_reset_timeout=100, rng=random.Random(seed))
        now = 0.0
        for _ in range(3):
            fail(breaker, 1, now)
            now += breaker.refused_for(now) or 0.0
        waits.add(breaker.open_seconds(now) - 10)
    assert len(waits) == 20
    assert 30 <= min(waits) < max(waits) <= 60


def test_probes_that_hang_make_it_wait_longer_each_time() -> None:
    """As those do that fail."""
    breaker = Breaker(failure_threshold=1, reset_timeout=5, max_reset_timeout=60, probe_timeout=1)
    fail(breaker, 1)
    now, waits = 0.0, []
    for _ in range(4):
        now += breaker.refused_for(now) or 0.0
        breaker.acquire(now)
        now += 1
        waits.append(breaker.refused_for(now))
    assert waits == [10, 20, 40, 60]


def test_a_probe_that_came_back_is_not_waited_for() -> None:
    """Given back in time, it fails nothing later; the next one has a time of its own."""
    breaker = Breaker(failure_threshold=1, half_open_permits=2, probe_timeout=5)
    fail(breaker, 1)
    breaker.record(breaker.acquire(30.0), "ignored", 31.0)
    assert breaker.state(100.0) == "half-open"
    breaker.acquire(100.0)
    assert breaker.state(104.9) == "half-open"
    assert breaker.state(105.0) == "open"


def test_what_says_nothing_is_no_call_of_the_share() -> None:
    """Two failures among two ignored and throttled calls are two of two, which are too few to count."""
    breaker = Breaker(failure_threshold=9, rate=FailureRate(rate=0.5, calls=4))
    outcomes: list[Outcome] = ["ignored", "throttled", "failed", "failed"]
    for outcome in outcomes:
        breaker.record(breaker.acquire(0.0), outcome, 0.0)
    assert breaker.state(0.0) == "closed"
    for _ in range(2):
        fail(breaker, 1)
    assert breaker.state(0.0) == "open"


def test_a_first_token_in_time_is_not_slow() -> None:
    """Not even in the last instant."""
    breaker = Breaker(slow=FailureRate(rate=0.5, calls=1), slow_after=2.0)
    breaker.begun(breaker.acquire(0.0), 2.0, 2.0)
    assert breaker.state(2.0) == "closed"
    breaker.begun(breaker.acquire(0.0), 2.001, 2.0)
    assert breaker.state(2.0) == "open"


@pytest.mark.parametrize("settings", [{"probe_timeout": 0.5}, {"slow_after": 0.5}])
def test_times_may_be_shorter_than_a_second(settings: dict[str, Any]) -> None:
    """Anything above zero is a time."""
    assert Breaker(**settings).pristine
