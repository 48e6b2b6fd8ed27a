"""A threshold that learns from samples."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.shadow import alike
from ipfs_accel_async.policy.threshold import Threshold, wilson


@pytest.mark.parametrize(
    ("wrong", "judged", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (10, 100, 0.0552, 0.1744), (10, 10, 0.7225, 1.0)],
)
def test_wilsons_interval(wrong: int, judged: int, low: float, high: float) -> None:
    """The ends are those of the published formula."""
    found = wilson(wrong, judged)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
    assert found.rate == wrong / judged


def test_nothing_is_known_of_nothing() -> None:
    """Without samples the rate may be anything."""
    assert wilson(0, 0) == (0.0, 0.0, 1.0, 0, 0)


@given(st.integers(1, 100_000), st.data())
def test_the_interval_holds_the_rate(judged: int, data: st.DataObject) -> None:
    """From 0 to 1, and the rate within."""
    found = wilson(data.draw(st.integers(0, judged)), judged)
    assert 0 <= found.low <= found.rate <= found.high <= 1


def test_it_rises_above_a_wrong_hit() -> None:
    """One wrong hit, and none like it is given again; right ones do not lower it."""
    threshold = Threshold(0.85, 0.005)
    assert not threshold.judged(0.9, wrong=False)
    assert threshold.judged(0.88, wrong=True)
    assert threshold.value > 0.88
    assert not threshold.judged(0.95, wrong=False)
    assert threshold.value == pytest.approx(0.881)
    assert threshold.estimate[:1] + threshold.estimate[3:] == (0.0, 2, 0)


def test_enough_right_ones_bear_a_wrong_one() -> None:
    """The target is a rate: one wrong hit in 200 keeps one of 0.5 %, and two do not."""
    threshold = Threshold(0.8, 0.005)
    for _ in range(199):
        threshold.judged(0.9, wrong=False)
    assert not threshold.judged(0.95, wrong=True)
    assert threshold.value == 0.8
    assert threshold.judged(0.95, wrong=True)


def test_a_wrong_hit_of_the_same_words_ends_all() -> None:
    """When even what is wholly alike was wrong, nothing is near enough."""
    threshold = Threshold(0.8, 0.0)
    threshold.judged(1.0, wrong=True)
    assert threshold.value > 1.0


@given(st.integers(0, 2**32), st.floats(0.0, 0.2))
def test_whatever_comes_the_target_holds(seed: int, target: float) -> None:
    """After any samples the rate of those that still count is within the target, and it never fell."""
    rng = random.Random(seed)
    threshold = Threshold(0.7, target)
    before = 0.7
    for _ in range(60):
        near = rng.uniform(threshold.value, 1.0) if threshold.value < 1 else 1.0
        threshold.judged(near, wrong=rng.random() < 1.2 - near)
        assert threshold.estimate.rate <= target
        assert threshold.value >= before
        before = threshold.value


def test_answers_that_are_alike() -> None:
    """Near vectors and, in short answers, the same numbers."""
    assert alike("It is 12.", "12 it is", 0.9)
    assert not alike("It is 12.", "It is 20.", 0.97)
    assert not alike("Paris", "Berlin", 0.6)
    assert alike("It is 12. " * 40, "It is 20. " * 40, 0.9)
