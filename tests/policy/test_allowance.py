"""One limit: spread over its minute, counted in its window, and corrected in both."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.allowance import DAY, MINUTE, Allowance


def minute(limit: float = 60.0, burst_seconds: float = 6.0) -> Allowance:
    """So many requests a minute."""
    return Allowance("rpm", "requests", limit, MINUTE, burst_seconds)


def test_what_goes_at_once_is_the_less_of_bucket_and_window() -> None:
    """Six of sixty at first; when the window is nearly spent, what is left of that."""
    allowance = minute(burst_seconds=60.0)
    for second in range(58):
        allowance.charge(1, float(second))
    state = allowance.state(58.0)
    assert (state["limit"], state["remaining"], state["window"]) == (60.0, 2.0, 60.0)
    assert state["at_once"] == 2.0
    assert minute().state(0.0)["at_once"] == pytest.approx(6.0)
    assert Allowance("rpd", "requests", 60.0, DAY, 6.0).state(0.0)["at_once"] == 60.0


def test_a_burst_below_one_is_one() -> None:
    """Five a minute, six seconds of which are half a request: one goes at once, the next twelve seconds later."""
    allowance = minute(5.0)
    assert allowance.ready_at(1, 0.0) <= 0.0
    allowance.charge(1, 0.0)
    assert allowance.ready_at(1, 0.0) == 12.0


def test_a_correction_moves_the_pace_too() -> None:
    """What comes back may go at once; what was used beyond the reservation is waited for."""
    allowance = minute()
    entry = allowance.charge(6, 0.0)
    assert allowance.ready_at(1, 0.0) == pytest.approx(1.0)
    allowance.adjust(entry, -2, 0.0)
    assert allowance.ready_at(2, 0.0) == pytest.approx(0.0)
    assert allowance.state(0.0)["remaining"] == 56
    allowance.adjust(entry, 5, 0.0)
    assert allowance.ready_at(1, 0.0) == pytest.approx(4.0)
    assert allowance.state(0.0)["remaining"] == 51


def test_a_day_is_corrected_without_a_pace() -> None:
    """It has none."""
    allowance = Allowance("rpd", "requests", 10.0, DAY, 6.0)
    entry = allowance.charge(10, 0.0)
    allowance.adjust(entry, -4, 0.0)
    assert allowance.ready_at(4, 0.0) == 0.0
    allowance.follow(8.0, 0.0)
    allowance.lower(1, None, 0.0)
    assert allowance.state(0.0)["remaining"] == 1


def test_another_limit_is_another_pace() -> None:
    """Half as many a minute come half as fast."""
    allowance = minute()
    allowance.charge(6, 0.0)
    allowance.follow(30.0, 0.0)
    assert allowance.ready_at(1, 0.0) == pytest.approx(2.0)
    assert allowance.state(0.0)["remaining"] == 24
    allowance.follow(120.0, 0.0)
    assert allowance.limit == 60.0


@pytest.mark.parametrize(
    ("remaining", "reset", "later"),
    [
        (30, 5.0, 30),  # whole again in 5 s, an even refill takes 30: a fixed window
        (30, 26.9, 30),
        (30, 27.0, 60),  # as good as 30: an even refill
        (30, 30.0, 60),
        (30, None, 60),
        (0, 53.9, 0),
        (0, 54.0, 60),
    ],
)
def test_a_reset_tells_how_the_service_counts(remaining: float, reset: float | None, later: float) -> None:
    """In a fixed window what is left stays what is left until it ends; of an even refill it grows at once."""
    allowance = minute(burst_seconds=60.0)
    allowance.lower(remaining, reset, 0.0)
    assert allowance.state(0.0)["at_once"] == remaining
    assert allowance.state(1.0)["remaining"] == later
    if reset is not None:
        assert allowance.state(reset)["remaining"] == 60


def test_a_small_correction_moves_the_pace_as_a_large_one_does() -> None:
    """By less than a unit too."""
    allowance = minute()
    entry = allowance.charge(6, 0.0)
    allowance.adjust(entry, 1, 0.0)
    assert allowance.ready_at(1, 0.0) == pytest.approx(2.0)
    allowance.adjust(entry, 0.5, 0.0)
    assert allowance.ready_at(1, 0.0) == pytest.approx(2.5)


def test_a_burst_is_never_more_than_the_limit() -> None:
    """Though more seconds of it are allowed than its window has: what was used beyond it is still owed."""
    allowance = minute(burst_seconds=120.0)
    allowance.charge(120, 0.0)
    assert allowance.state(61.0)["at_once"] == pytest.approx(1.0)


def test_small_corrections_make_no_debt_beyond_the_limit() -> None:
    """A hundred of one each, on top of a debt of one limit: the wait is that of the limit."""
    allowance = minute()
    entry = allowance.charge(120, 0.0)
    before = allowance.ready_at(1, 0.0)
    for _ in range(100):
        allowance.adjust(entry, 1, 0.0)
    assert allowance.ready_at(1, 0.0) == before == pytest.approx(61.0)
