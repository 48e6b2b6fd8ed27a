"""The failure rate at the edges of its window, and what it is if nothing is set."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.failures import FailureRate


def test_the_defaults_are_half_of_twenty_calls_in_thirty_seconds() -> None:
    """Nineteen calls say nothing; of twenty, ten failures are too many, nine are not; after 30 s all is forgotten."""
    made = FailureRate()
    told = [made.add(failed, 0.0) for failed in [False] * 10 + [True] * 9]
    assert not any(told)
    assert made.add(True, 29.9)
    fewer = FailureRate()
    assert not any(fewer.add(failed, 0.0) for failed in [False] * 11 + [True] * 9)
    late = FailureRate()
    assert not any(late.add(True, 0.0) for _ in range(19))
    assert not late.add(True, 30.0)


def test_a_call_is_forgotten_when_its_window_is_over() -> None:
    """The first bucket counts like any other."""
    made = FailureRate(rate=1, calls=2, window=30)
    assert not made.add(True, 0.0)
    assert made.add(True, 29.9)
    again = FailureRate(rate=1, calls=2, window=30)
    assert not again.add(True, 0.0)
    assert not again.add(True, 30.0)


def test_each_bucket_is_emptied_before_it_is_used_again() -> None:
    """Also where calls come one bucket after another, for longer than the window."""
    made = FailureRate(rate=0.5, calls=3, window=30)
    assert not made.add(True, 3.0)
    assert not made.add(False, 30.0)
    assert not made.add(True, 33.0)


def test_after_forgetting_neither_calls_nor_failures_are_left() -> None:
    """The fewest calls are needed again, and their share is of these alone."""
    made = FailureRate(rate=0.5, calls=5)
    for cleared in (made, FailureRate(rate=0.5, calls=5)):
        cleared.clear()
        assert [cleared.add(True, 0.0) for _ in range(5)] == [False] * 4 + [True]
    made.clear()
    assert [made.add(failed, 0.0) for failed in (False, False, False, False, True)] == [False] * 5


def test_a_window_may_be_shorter_than_a_second() -> None:
    """Any time above zero is one."""
    made = FailureRate(rate=1, calls=2, window=0.5)
    assert [made.add(True, at) for at in (0.0, 0.4, 2.0, 2.1)] == [False, True, False, True]


def test_the_refusal_has_the_ranges() -> None:
    """All three, in one line."""
    with pytest.raises(ValueError, match="failure rate") as caught:
        FailureRate(rate=2)
    assert str(caught.value) == "a failure rate needs 0 < rate <= 1, calls from 1 and a window of finite seconds"
