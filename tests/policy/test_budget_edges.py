"""The retry budget at the edges of its settings, and what it is if nothing is set."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.budget import RetryBudget


def taken(budget: RetryBudget, now: float) -> int:
    """How many retries can be taken out."""
    count = 0
    while budget.try_withdraw(now):
        count += 1
    return count


def test_the_defaults_are_ten_retries_and_one_for_five_calls_each_ten_seconds() -> None:
    """As documented: reserve, ratio and window."""
    budget = RetryBudget()
    assert taken(budget, 0.0) == 10
    for _ in range(5):
        budget.deposit(0.0)
    assert taken(budget, 9.99) == 1
    assert taken(budget, 10.0) == 9  # the one of 9.99 is still remembered
    assert taken(budget, 30.0) == 10


def test_a_window_is_as_long_as_it_says() -> None:
    """A deposit counts until its window is over, whatever the length."""
    for window in (0.5, 20.0):
        budget = RetryBudget(ratio=1, reserve=0, window=window)
        budget.deposit(0.0)
        assert budget.balance(window * 0.99) == 1
        assert budget.balance(window) == 0


def test_a_sum_of_fractions_that_is_nearly_one_is_one() -> None:
    """A billionth is rounding, more is missing."""
    for ratio, expected in ((1 - 1e-9, True), (1 - 1e-6, False)):
        budget = RetryBudget(ratio=ratio, reserve=0)
        budget.deposit(0.0)
        assert budget.try_withdraw(0.0) is expected


@pytest.mark.parametrize("wrong", [{"window": float("inf")}, {"window": 0}, {"ratio": 2}, {"reserve": -1}])
def test_the_refusal_has_the_ranges(wrong: dict[str, float]) -> None:
    """All three, in one line."""
    with pytest.raises(ValueError, match="retry budget") as caught:
        RetryBudget(**wrong)  # type: ignore[arg-type]
    says = "a retry budget needs 0 <= ratio <= 1, reserve from 0 and a window of finite seconds"
    assert str(caught.value) == says
