"""Shares of tenants: weights, newcomers, and what was not used."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.fair import MOST_IDLE, Shares


def served(shares: Shares, tenants: list[str], calls: int) -> list[str]:
    """Who goes, where all of these always have calls that wait; of equals the first named."""
    order = []
    for _ in range(calls):
        first = min(tenants, key=shares.start)
        shares.charge(first)
        order.append(first)
    return order


def test_equal_tenants_take_turns() -> None:
    """Of two with the same weight each goes every second time."""
    assert served(Shares({}), ["a", "b"], 6) == ["a", "b"] * 3


def test_weights_are_shares() -> None:
    """Three to one means three calls of four; a tenant that is not named weighs one."""
    assert Counter(served(Shares({"a": 3.0}), ["a", "b"], 400)) == {"a": 300, "b": 100}
    assert Shares({"a": 3.0}).weight("a") == 3.0
    assert Shares({"a": 3.0}).weight("b") == 1.0


def test_a_newcomer_goes_next_and_gets_no_more_than_its_share() -> None:
    """After a hundred calls of one, the other does not get a hundred: they take turns from then on."""
    shares = Shares({})
    served(shares, ["a"], 100)
    assert shares.start("b") == 99.0
    assert served(shares, ["a", "b"], 4) == ["b", "a", "b", "a"]


def test_who_was_away_starts_at_the_time_of_the_last_call() -> None:
    """Virtual time never goes back: what was not used is gone."""
    shares = Shares({})
    shares.charge("b")
    served(shares, ["a"], 10)
    assert shares.start("b") == shares.start("c") == 9.0


def test_clearing_forgets_all() -> None:
    """When nobody waits any more, all begin anew."""
    shares = Shares({})
    served(shares, ["a"], 5)
    shares.clear()
    assert shares.start("a") == shares.start("b") == 0.0
    assert served(shares, ["a", "b"], 2) == ["a", "b"]


def test_idle_tenants_leave_no_memory_behind() -> None:
    """Of ten thousand that called once few are remembered; who had more than its share still is."""
    shares = Shares({"greedy": 1e-6})
    shares.charge("greedy")
    for number in range(10_000):
        shares.charge(f"one {number}")
        shares.charge("busy")
    assert len(shares._finish) <= 3 * MOST_IDLE
    assert shares.start("greedy") == pytest.approx(1e6)
    assert shares.start("busy") > 0


@given(st.lists(st.floats(0.1, 10.0), min_size=2, max_size=5), st.integers(20, 200))
def test_nobody_is_ahead_by_more_than_a_call_of_each(weights: list[float], calls: int) -> None:
    """Between any two that always have calls, what they had over their weights never differs by more than that."""
    names = [str(number) for number in range(len(weights))]
    shares, had = Shares(dict(zip(names, weights, strict=True))), Counter[str]()
    starts = []
    for name in served(shares, names, calls):
        had[name] += 1
        starts.append(shares._now)
        for one, other in pairwise(names):
            gap = abs(had[one] / shares.weight(one) - had[other] / shares.weight(other))
            assert gap <= 1 / shares.weight(one) + 1 / shares.weight(other) + 1e-9
    assert starts == sorted(starts)


def test_what_is_over_is_forgotten_now_and_then() -> None:
    """When more than 64 are remembered beyond twice those that were left the last time; who is ahead stays."""
    shares = Shares({})
    for number in range(MOST_IDLE + 1):
        shares.charge(f"first {number}")
    assert len(shares._finish) == 65  # looked at with the last of them: all are ahead of the time, which is 0
    shares.charge("first 0")  # now it is 1, which 64 of them have reached
    for number in range(2 * 65 + MOST_IDLE - 65):
        shares.charge(f"second {number}")
    assert len(shares._finish) == 2 * 65 + MOST_IDLE
    shares.charge("the last")
    assert len(shares._finish) == 2 * 65 + MOST_IDLE + 1 - 64
    assert shares.start("first 0") == shares.start("the last") == 2.0
    assert shares.start("first 1") == 1.0
