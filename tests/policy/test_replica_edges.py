"""What is known of a replica before its first call, and at the very ends of its windows."""

from __future__ import annotations

from math import exp

import pytest

from ipfs_accel_async.policy.replica import DECAY, WINDOW, PeakEwma, Replica, Tally


def test_of_a_new_one_nothing_is_known() -> None:
    """No calls, no latency, in service, of weight one and without a price."""
    one = Replica("a")
    assert (one.name, one.weight, one.price) == ("a", 1.0, 0.0)
    assert (one.in_flight, one.calls, one.failures, one.tokens, one.taken_at, one.current) == (0, 0, 0, 0, 0, 0.0)
    assert (one.ejected_until, one.ejections, one.latency.value) == (float("-inf"), 0, None)
    assert one.tally.counts(0.0) == (0, 0)


def test_a_weight_that_is_none_is_refused() -> None:
    """Zero, a negative one, and no number."""
    for weight in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match=r"^a replica's weight is above 0$"):
            Replica("a", weight)
    assert Replica("a", 0.5).weight == 0.5


def test_an_old_latency_weighs_a_third_after_ten_seconds() -> None:
    """By the time since the last answer, whenever that was."""
    latency = PeakEwma()
    latency.add(3.0, 100.0)
    latency.add(1.0, 100.0 + DECAY)
    assert latency.value == pytest.approx(1.0 + 2.0 * exp(-1.0))
    before = latency.value
    latency.add(0.5, 50.0)  # a clock that goes back is taken for one that stands
    assert latency.value == before


def test_a_tally_ends_with_its_window() -> None:
    """Something is known up to the window's end, and nothing at it; the halves turn at their middle."""
    for at, known in ((WINDOW - 0.1, (1, 1)), (WINDOW, (0, 0))):
        tally = Tally()
        tally.add(True, 0.0)
        assert tally.counts(at) == known
    tally = Tally()
    for second in range(60):
        tally.add(second % 2 == 0, float(second))
        calls, failed = tally.counts(float(second))
        assert calls == (second + 1 if second < 15 else 16 + second % 15)
        assert abs(calls - 2 * failed) <= 1


def test_a_tally_that_forgets_counts_on() -> None:
    """From nothing, also of the half before."""
    tally = Tally()
    tally.add(True, 0.0)
    tally.add(True, 16.0)
    tally.forget()
    tally.add(False, 17.0)
    assert tally.counts(17.0) == (1, 0)
