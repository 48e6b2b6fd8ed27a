"""The retry budget against a list of what happened when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.budget import RetryBudget


def test_a_backend_that_is_down_gets_a_fifth_more_and_the_reserve() -> None:
    """10,000 calls that all fail: at most 1.2 requests a call, plus the reserve."""
    budget = RetryBudget(ratio=0.2, reserve=10)
    sent = 0
    for _ in range(10_000):
        budget.deposit(0.0)
        sent += 1
        while budget.try_withdraw(0.0):
            sent += 1
    assert 12_000 <= sent <= 12_010


def test_a_lone_call_has_the_reserve() -> None:
    """Rare calls are retried as often as the reserve allows, again in each window."""
    budget = RetryBudget(ratio=0.2, reserve=5, window=10)
    for start in (0.0, 10.0, 1e6):
        budget.deposit(start)
        assert [budget.try_withdraw(start) for _ in range(6)] == [True] * 5 + [False]


def test_what_is_old_is_forgotten() -> None:
    """Deposits too: a burst of calls an hour ago pays for nothing now."""
    budget = RetryBudget(ratio=1, reserve=0, window=10)
    for _ in range(100):
        budget.deposit(0.0)
    assert budget.balance(9.9) == 100
    assert budget.balance(10.0) == 0
    assert not budget.try_withdraw(3_600.0)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=80),
    st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    st.integers(0, 5),
)
def test_it_equals_a_list_of_what_happened(events: list[tuple[bool, float]], ratio: float, reserve: int) -> None:
    """The oracle sums the events of the last ten buckets; never more is taken out than that allows."""
    budget = RetryBudget(ratio=ratio, reserve=reserve, window=10)
    calls: list[int] = []
    retries: list[int] = []
    now = 100.0
    for call, step in events:
        now += step
        bucket = int(now)
        allowed = ratio * sum(b > bucket - 10 for b in calls) + reserve - sum(b > bucket - 10 for b in retries)
        assert budget.balance(now) == pytest.approx(allowed)
        if call:
            budget.deposit(now)
            calls.append(bucket)
        else:
            taken = budget.try_withdraw(now)
            assert taken == (allowed >= 1 - 1e-9)
            retries += [bucket] * taken


@pytest.mark.parametrize(
    "wrong", [{"ratio": -0.1}, {"ratio": 1.1}, {"reserve": -1}, {"window": 0}, {"ratio": float("nan")}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    """When it is built, not when it is used."""
    with pytest.raises(ValueError, match="retry budget"):
        RetryBudget(**wrong)  # type: ignore[arg-type]
