"""What a call will use: estimates that learn."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.expectation import FIRST_OUTPUT, Expectation


def test_before_anything_is_known_the_bound_is_expected() -> None:
    """The estimate of the input as it is, and all the output that the call allows."""
    expectation = Expectation()
    assert (expectation.input(123), expectation.output(4096)) == (123, 4096)
    assert expectation.output(None) == FIRST_OUTPUT


def test_a_few_answers_say_nothing_yet() -> None:
    """Chance would weigh too much."""
    expectation = Expectation(samples=3)
    for _ in range(2):
        expectation.add(100, 200, 10)
    assert (expectation.input(50), expectation.output(100)) == (50, 100)
    expectation.add(100, 200, 10)
    assert (expectation.input(50), expectation.output(100)) == (100, 10)


def test_output_is_the_mean_and_two_deviations_up_to_the_bound() -> None:
    """Half of the calls use 100 tokens and half 300: some 400 are expected, and never more than is allowed."""
    expectation = Expectation()
    for turn in range(200):
        expectation.add(10, 10, 100 if turn % 2 else 300)
    assert expectation.output(None) == pytest.approx(400, abs=30)
    assert expectation.output(150) == 150


def test_input_is_corrected_and_the_spread_of_the_errors_added() -> None:
    """Estimates that are half of the count, some more and some less: the double, and twice as much as they stray."""
    expectation = Expectation()
    for turn in range(200):
        expectation.add(100, 180 if turn % 2 else 220, 10)
    assert expectation.input(100) == pytest.approx(240, abs=5)
    assert expectation.input(1_000) == pytest.approx(2_400, abs=50)


def test_a_change_is_followed() -> None:
    """After some dozens of answers the old ones hardly count."""
    expectation = Expectation()
    for _ in range(50):
        expectation.add(100, 100, 1_000)
    for _ in range(50):
        expectation.add(100, 300, 20)
    assert expectation.input(100) == pytest.approx(300, abs=10)
    assert expectation.output(4096) < 100


def test_an_estimate_of_nothing_stays_what_it_is() -> None:
    """Where the text cannot be counted nothing can be learnt from a ratio."""
    expectation = Expectation(samples=1)
    expectation.add(0, 500, 5)
    assert expectation.input(0) == 0
    assert expectation.input(70) == 70


@pytest.mark.parametrize("bad", [{"samples": 0}, {"weight": 0.0}, {"weight": 1.5}])
def test_settings_are_checked(bad: dict[str, float]) -> None:
    """Samples from 1, a weight that is a share."""
    with pytest.raises(ValueError, match="expectation"):
        Expectation(**bad)  # type: ignore[arg-type]


def test_the_first_answers_weigh_the_same() -> None:
    """The plain mean, until an answer has the weight of the moving average."""
    expectation = Expectation(samples=1)
    expectation.add(100, 100, 40)
    assert (expectation.input(100), expectation.output(None)) == (100, 40)
    expectation.add(300, 700, 40)
    assert expectation.input(100) == pytest.approx(100 * (800 / 400) + 2 * 100 * (4 / 3) / 2, abs=1)
    assert expectation.output(None) == 40
