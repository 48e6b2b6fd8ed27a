"""Whose fault a failure is."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.spread import Spread


def test_one_or_two_models_that_fail_say_nothing_of_the_others() -> None:
    """However often they do."""
    spread = Spread()
    judged = [spread.judge(model, "failed", unreachable=False) for model in ["a", "b"] * 50]
    assert set(judged) == {"ignored"}


def test_a_third_model_makes_it_the_endpoints_fault() -> None:
    """From then on each failure is, until something succeeds."""
    spread = Spread()
    judged = [spread.judge(model, "failed", unreachable=False) for model in "abca"]
    assert judged == ["ignored", "ignored", "failed", "failed"]
    assert spread.judge("b", "ok", unreachable=False) == "ok"
    assert spread.judge("a", "failed", unreachable=False) == "ignored"


def test_a_connection_that_cannot_be_made_is_the_endpoints_fault_at_once() -> None:
    """Whichever model was called."""
    assert Spread().judge("a", "failed", unreachable=True) == "failed"


def test_a_throttled_call_was_answered_and_a_cancelled_one_says_nothing() -> None:
    """429 clears the count, cancelling leaves it."""
    spread = Spread()
    for model in "ab":
        spread.judge(model, "failed", unreachable=False)
    assert spread.judge("x", "ignored", unreachable=False) == "ignored"
    assert spread.judge("c", "failed", unreachable=False) == "failed"
    assert spread.judge("x", "throttled", unreachable=False) == "throttled"
    assert spread.judge("c", "failed", unreachable=False) == "ignored"


def test_there_is_at_least_one_model() -> None:
    """Refused when it is built."""
    with pytest.raises(ValueError, match="models"):
        Spread(0)
