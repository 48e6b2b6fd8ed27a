"""A threshold at the edges: samples just on it, the interval's ends, and what is remembered."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.shadow import NEAR, SHORT, alike
from ipfs_accel_async.policy.threshold import KEPT, STEP, Threshold, wilson


def test_the_interval_is_as_wide_as_is_asked() -> None:
    """By the formula, for two deviations of four in sixteen: 0.25 of 16, of which a fifth is added."""
    found = wilson(4, 16, z=2.0)
    assert (found.low, found.high) == (pytest.approx(0.3 - 0.2), pytest.approx(0.3 + 0.2))
    assert found[0:1] + found[3:] == (0.25, 16, 4)


def test_the_ends_are_exact_where_all_or_none_was_wrong() -> None:
    """Nothing above one and nothing below zero, to the last digit; one of one and none of one too."""
    for judged in (1, 3, 7, 1_000):
        assert wilson(0, judged).low == 0.0
        assert wilson(judged, judged).high == 1.0
        assert wilson(0, judged).high < 1.0
        assert wilson(judged, judged).low > 0.0
    assert 0.0 < wilson(1, 100_000).low < 1e-5


def test_a_sample_just_on_the_threshold_counts() -> None:
    """It would be a hit; one just below would be none."""
    threshold = Threshold(0.8, 0.5)
    threshold.judged(0.8, wrong=False)
    threshold.judged(0.79, wrong=True)
    assert (threshold.estimate.judged, threshold.estimate.wrong, threshold.value) == (1, 0, 0.8)
    assert threshold.judged(0.8, wrong=True) is False  # half of them: the target is kept
    assert threshold.judged(0.8, wrong=True) is True
    assert threshold.value == pytest.approx(0.8 + STEP)


def test_it_rises_no_further_than_it_must() -> None:
    """Above the lowest of the wrong ones first, and only while the rest is too bad."""
    threshold = Threshold(0.5, 0.25)
    for near in (0.9, 0.91, 0.92):
        threshold.judged(near, wrong=False)
    assert not threshold.judged(0.95, wrong=True)
    assert threshold.judged(0.6, wrong=True)
    assert threshold.value == pytest.approx(0.6 + STEP)
    assert threshold.estimate.rate == 0.25


def test_ten_thousand_samples_are_remembered() -> None:
    """The oldest are forgotten for later ones."""
    threshold = Threshold(0.5, 1.0)
    threshold._samples.extend([(0.9, True)] * KEPT)
    threshold.judged(0.9, wrong=False)
    assert (threshold.estimate.judged, threshold.estimate.wrong) == (KEPT, KEPT - 1)


def test_answers_are_compared_from_a_nearness_on() -> None:
    """At the bound they may be alike, below it they never are; vectors that differ are no answers alike."""
    assert alike("It is 12.", "12 it is", NEAR)
    assert not alike("It is 12.", "12 it is", NEAR - 0.001)


def test_short_answers_have_to_name_the_same_numbers() -> None:
    """Up to three hundred characters, both of them; numbers are whole, with their decimals."""
    just = "It is 12." + " " * (SHORT - 9)
    assert (len(just), alike(just, "It is 13.", 0.9), alike(just + " ", "It is 13.", 0.9)) == (SHORT, False, True)
    assert alike("It is 13.", just + " ", 0.9)
    assert not alike("It is 1.5", "It is 5.1", 0.9)
    assert not alike("1,000 men", "1 man of 000", 0.9)
    assert alike("12 and 12", "12", 0.9)
