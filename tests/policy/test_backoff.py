"""Backoff: bounds, jitter and what a server asked for."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.backoff import Backoff

seconds = st.floats(0, 1e6, allow_nan=False)


class Fixed(random.Random):
    """A source that always draws the same point of the interval."""

    def __init__(self, point: float) -> None:
        super().__init__(0)
        self.point = point

    def random(self) -> float:
        return self.point


@pytest.mark.parametrize(
    ("retry", "low", "high"),
    [(1, 0.8, 1.2), (2, 1.6, 2.4), (3, 3.2, 4.8), (4, 6.4, 9.6), (5, 12.8, 16.0), (6, 12.8, 16.0), (5000, 12.8, 16)],
)
def test_the_defaults_double_up_to_sixteen_seconds(retry, low, high):
    """Delays double from 1 s with 20 % jitter, and jitter never passes 16 s."""
    assert Backoff().delay(retry, Fixed(0.0)) == pytest.approx(low)
    assert Backoff().delay(retry, Fixed(1.0)) == pytest.approx(high)


@given(
    initial=seconds,
    extra=seconds,
    factor=st.floats(1, 1e6),
    jitter=st.floats(0, 1),
    retry=st.integers(1, 5000),
    seed=st.integers(),
)
def test_any_delay_stays_inside_the_maximum(initial, extra, factor, jitter, retry, seed):
    """Whatever the settings, a delay is neither negative nor above the maximum, and nothing overflows."""
    backoff = Backoff(initial, factor, initial + extra, jitter)
    assert 0 <= backoff.delay(retry, random.Random(seed)) <= backoff.maximum


def test_delays_at_the_maximum_still_differ():
    """Many callers that have reached the maximum do not all wait exactly that long."""
    rng = random.Random(7)
    delays = [Backoff().delay(9, rng) for _ in range(1000)]
    assert len(set(delays)) > 990
    assert max(delays) <= 16


def test_without_jitter_the_schedule_is_exact():
    """jitter=0 gives the bare exponential."""
    backoff = Backoff(jitter=0)
    assert [backoff.delay(retry, random.Random()) for retry in range(1, 7)] == [1, 2, 4, 8, 16, 16]


@given(retry=st.integers(1, 40), asked=st.floats(0, 60, exclude_min=True), seed=st.integers())
def test_the_servers_word_is_a_minimum(retry, asked, seed):
    """The wait is never shorter than Retry-After, at most 10 % longer, unless our own backoff is longer still."""
    delay = Backoff().delay(retry, random.Random(seed), asked)
    assert asked <= delay <= max(asked * 1.1 + 1e-9, 16)


def test_retry_after_spreads_callers():
    """A thousand callers told the same delay come back spread over a tenth of it."""
    rng = random.Random(3)
    waits = sorted(Backoff().delay(1, rng, 30) for _ in range(1000))
    assert waits[0] >= 30
    assert waits[-1] <= 33
    assert max(later - earlier for earlier, later in pairwise(waits)) < 0.1


@pytest.mark.parametrize("asked", [60.001, 3600, 1e300, float("inf")])
def test_a_wait_above_the_cap_is_not_taken(asked):
    """Above retry_after_cap there is no delay: the call is not retried."""
    assert Backoff().delay(1, random.Random(), asked) is None


@pytest.mark.parametrize("asked", [None, 0, -1, float("nan")])
def test_a_server_that_asks_for_nothing_leaves_our_backoff(asked):
    """Zero, negative and impossible values mean our own delay."""
    assert Backoff(jitter=0).delay(2, random.Random(), asked) == 2


def test_the_same_seed_gives_the_same_delays():
    """All randomness comes from the argument."""
    first, second = random.Random(11), random.Random(11)
    assert [Backoff().delay(n, first) for n in range(1, 9)] == [Backoff().delay(n, second) for n in range(1, 9)]


@pytest.mark.parametrize(
    "settings",
    [
        {"initial": -1},
        {"initial": 20},
        {"maximum": float("inf")},
        {"initial": float("nan")},
        {"factor": 0.5},
        {"factor": float("nan")},
        {"jitter": -0.1},
        {"jitter": 1.1},
        {"retry_after_cap": -1},
        {"retry_after_cap": float("nan")},
    ],
)
def test_bad_settings_are_refused(settings):
    """Settings out of range fail when built, not in the middle of a retry."""
    with pytest.raises(ValueError, match=r"backoff|retry_after_cap"):
        Backoff(**settings)


def test_retries_count_from_one():
    """Retry 0 is a mistake of the caller."""
    with pytest.raises(ValueError, match="count from 1"):
        Backoff().delay(0, random.Random())
