"""The sliding window: never more in any window, and not much less."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.sliding import SlidingWindow


def test_the_limit_goes_at_once_and_comes_back_after_the_window() -> None:
    """Nothing comes back before the window is over, all of it one or two slots later."""
    window = SlidingWindow(10, 60.0)
    for _ in range(10):
        window.charge(1, 0.0)
    at = window.ready_at(1, 0.0)
    assert 60.0 < at <= 61.0
    assert window.ready_at(1, math.nextafter(at, 0)) == at
    assert window.ready_at(10, at) == at
    assert window.remaining(at) == 10


def test_the_instant_is_that_of_enough_room() -> None:
    """A large cost waits for as many entries to leave as it needs."""
    window = SlidingWindow(10, 60.0, slots=120)
    for second in range(10):
        window.charge(1, float(second))
    assert window.ready_at(1, 9.0) == 61.0
    assert window.ready_at(3, 9.0) == 63.0
    assert window.ready_at(10, 9.0) == 70.0
    assert window.ready_at(11, 9.0) == math.inf


def test_a_cost_above_the_limit_never_goes() -> None:
    """Also from an empty window."""
    assert SlidingWindow(10, 60.0).ready_at(11, 0.0) == math.inf


def test_what_was_not_used_is_free_again() -> None:
    """The entry of that time shrinks; one that has left the window changes nothing."""
    window = SlidingWindow(10, 60.0)
    entry = window.charge(10, 0.0)
    window.adjust(entry, -8, 5.0)
    assert window.remaining(5.0) == 8
    window.adjust(entry, 4, 5.0)
    assert window.remaining(5.0) == 4
    window.adjust(entry, -4, 100.0)
    assert window.remaining(100.0) == 10


def test_a_charge_may_pass_the_limit_and_is_waited_for() -> None:
    """What was used beyond the reservation counts."""
    window = SlidingWindow(10, 60.0)
    window.charge(25, 0.0)
    assert window.remaining(0.0) == -15
    assert window.ready_at(1, 0.0) == window.ready_at(10, 0.0) > 60.0


def test_the_debt_of_a_correction_is_bounded() -> None:
    """A service that counts a billion tokens for one call stops the others for one window, not for many."""
    window = SlidingWindow(10, 60.0)
    entry = window.charge(5, 0.0)
    window.adjust(entry, 10**9, 0.0)
    assert window.remaining(0.0) == -10
    window.adjust(entry, 1, 0.0)
    assert window.remaining(0.0) == -10
    window.adjust(entry, -20, 0.0)
    assert window.remaining(0.0) == 10


def test_lowering_leaves_what_the_service_says_until_it_says() -> None:
    """Downwards only, and no longer than one window."""
    window = SlidingWindow(10, 60.0)
    window.lower(3, 0.0, 20.0)
    assert window.remaining(0.0) == 3
    window.lower(7, 0.0, 40.0)
    assert window.remaining(0.0) == 3
    assert window.remaining(20.0) == 10
    window.lower(-5, 20.0, 10_000.0)
    assert (window.remaining(20.0), window.ready_at(10, 20.0)) == (0, 80.0)
    window.lower(0, 90.0, 90.0)
    assert window.remaining(90.0) == 10


def test_memory_stays_constant() -> None:
    """A hundred thousand charges and as many corrections keep some hundreds of entries."""
    window = SlidingWindow(10**9, 60.0)
    for step in range(100_000):
        now = step / 100
        window.charge(1, now)
        window.lower(10**9 - 100 - step % 97, now, now + 59.0)
        if step % 3 == 0:
            window.lower(10**8 - step, now, now + 30.0 + step % 29)
    assert len(window._entries) <= 5 * 200


def test_time_that_runs_backwards_stands_still() -> None:
    """What has left does not come back, and nothing leaves twice."""
    window = SlidingWindow(10, 60.0)
    window.charge(4, 100.0)
    window.charge(6, 50.0)
    assert window.remaining(50.0) == 0
    assert window.remaining(161.5) == 10


@pytest.mark.parametrize("bad", [(0, 60.0, 1), (1, 0.0, 1), (1, math.inf, 1), (1, 60.0, 0)])
def test_bounds_are_checked(bad: tuple[float, float, int]) -> None:
    """A limit, a length and slots."""
    with pytest.raises(ValueError, match="sliding window"):
        SlidingWindow(bad[0], bad[1], slots=bad[2])


@given(
    st.integers(1, 60),
    st.sampled_from([1, 7, 60, 120]),
    st.lists(st.tuples(st.floats(0, 30), st.integers(0, 40)), max_size=60),
)
def test_in_no_window_more_than_the_limit(limit: int, slots: int, steps: list[tuple[float, int]]) -> None:
    """Counted exactly, from any grant on, over a whole window and the instant at its end."""
    window, now, taken = SlidingWindow(limit, 60.0, slots=slots), 0.0, []
    for pause, cost in steps:
        now += pause
        if window.ready_at(cost, now) <= now:
            window.charge(cost, now)
            taken.append((now, cost))
    for start, _ in taken:
        assert sum(cost for at, cost in taken if start <= at <= start + 60) <= limit


@given(st.integers(1, 500), st.integers(0, 10**6))
def test_whoever_asks_at_the_stated_instant_gets_it(limit: int, seed: int) -> None:
    """The told instants are enough, and all the limit is used but for the margin of two slots."""
    rng, window, now, total = random.Random(seed), SlidingWindow(limit, 60.0), 0.0, 0
    while now < 600:
        cost = rng.randint(1, max(limit // 50, 1))
        at = window.ready_at(cost, now)
        assert at < math.inf
        now = max(at, now)
        assert window.ready_at(cost, now) <= now
        window.charge(cost, now)
        total += cost
    assert total >= limit * 10 * 0.93


def test_what_leaves_is_what_came() -> None:
    """Two charges of one slot, corrected, leave together and whole; what came later stays."""
    window = SlidingWindow(100, 60.0, slots=60)
    assert window.total == 0
    entry = window.charge(7, 0.0)
    assert window.charge(5, 0.5) is entry
    window.charge(20, 30.0)
    window.adjust(entry, 4, 31.0)
    window.adjust(entry, -1, 31.0)
    assert (window.total, window.remaining(61.9)) == (35, 65)
    assert (window.remaining(62.0), window.total) == (80, 20)
    assert window.remaining(92.0) == 100


def test_what_the_service_says_leaves_whole_too() -> None:
    """Also when so much was said that it is kept with the last entry."""
    window = SlidingWindow(100, 60.0, slots=1)
    window.charge(1, 0.0)
    for step in range(20):
        window.lower(90 - step, float(step), 50.0)
        assert window.remaining(float(step)) == 90 - step
    assert len(window._entries) == 4
    assert sum(amount for _, amount in window._entries) == window.total == 29
