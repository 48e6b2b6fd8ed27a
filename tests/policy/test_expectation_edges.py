"""Expectations to the last token: the averages answer by answer, and the edges of the settings."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.expectation import Expectation

MUCH = 1_000_000_000
"""So large an estimate shows the ratio to nine digits."""


@pytest.mark.parametrize("bad", [{"samples": 0}, {"weight": 0.0}, {"weight": 1.01}, {"weight": -0.1}])
def test_what_is_out_of_range_is_told_in_full(bad: dict[str, float]) -> None:
    """In one line, with both ranges."""
    with pytest.raises(ValueError, match=r"^an expectation") as caught:
        Expectation(**bad)  # type: ignore[arg-type]
    assert str(caught.value) == "an expectation needs samples from 1 and a weight above 0, up to 1"


def test_a_weight_of_one_knows_the_last_answer_alone() -> None:
    """And how far it was from the one before it."""
    expectation = Expectation(samples=1, weight=1)
    expectation.add(100, 150, 10)
    expectation.add(100, 200, 16)
    assert expectation.output(None) == 16 + 2 * 6
    assert expectation.input(MUCH) == MUCH * 2 + 2 * MUCH // 2


def test_each_answer_moves_the_averages_by_its_share() -> None:
    """The second by a half, the third by a third; from the tenth on each by a tenth."""
    expectation = Expectation(samples=1)
    expectation.add(100, 100, 40)
    expectation.add(100, 140, 60)
    # output: mean 50, deviation 20/2; input: mean 120, error 0.4/2
    assert expectation.output(None) == 50 + 2 * 10
    assert expectation.input(MUCH) == pytest.approx(MUCH * (1.2 + 2 * 0.2), abs=2)
    expectation.add(100, 120, 80)
    # output: mean 60, deviation 10 + (30 - 10)/3; input: mean 120, error 0.2 - 0.2/3
    assert expectation.output(None) == round(60 + 2 * (10 + 20 / 3))
    assert expectation.input(MUCH) == pytest.approx(MUCH * (1.2 + 2 * (0.2 - 0.2 / 3)), abs=2)


def test_by_default_eight_answers_say_something_and_a_later_one_has_a_tenth() -> None:
    """Twenty equal ones and one of another kind."""
    expectation = Expectation()
    for count in range(20):
        assert expectation.output(None) == (500 if count < 8 else 100)
        expectation.add(100, 100, 100)
    expectation.add(100, 200, 200)
    assert expectation.output(None) == 110 + 2 * 10
    assert expectation.input(MUCH) == pytest.approx(MUCH * (1.1 + 2 * 0.1), abs=2)


def test_an_answer_without_an_estimate_says_nothing_of_how_far_estimates_stray() -> None:
    """Neither the first one nor a later one; a single token of an estimate is one."""
    expectation = Expectation(samples=1)
    expectation.add(0, 50, 1)
    expectation.add(100, 150, 1)
    assert expectation.input(MUCH) == 2 * MUCH
    expectation.add(0, 100, 1)
    assert expectation.input(MUCH) == 3 * MUCH
    expectation = Expectation(samples=1)
    expectation.add(1, 1, 1)
    expectation.add(1, 2, 1)
    assert expectation.input(MUCH) == pytest.approx(MUCH * (1.5 + 2 * 0.5), abs=2)


def test_less_than_a_token_of_an_estimate_is_one() -> None:
    """A mean of a fraction corrects like any other."""
    expectation = Expectation(samples=1)
    expectation.add(0.5, 1.0, 1)
    assert expectation.input(100) == 200
    expectation.add(0.5, 1.0, 1)
    assert expectation.input(100) == 200
