"""The sliding window at the edges of its settings and slots."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.sliding import SLOTS, SlidingWindow


@pytest.mark.parametrize(("limit", "window", "slots"), [(0, 60.0, 1), (1, 0.0, 1), (1, float("inf"), 1), (1, 60.0, 0)])
def test_what_is_out_of_range_is_told_in_full(limit: float, window: float, slots: int) -> None:
    """In one line; the least that is possible is."""
    with pytest.raises(ValueError, match=r"^a sliding window") as caught:
        SlidingWindow(limit, window, slots=slots)
    assert str(caught.value) == "a sliding window needs a limit and finite seconds above 0, and slots from 1"
    SlidingWindow(0.5, 0.5, slots=1)


def test_an_entry_leaves_two_slots_after_its_window() -> None:
    """Counted from the beginning of its slot; by default a slot is a two-hundredth of the window."""
    window = SlidingWindow(10, 60.0)
    assert SLOTS == 200
    window.charge(10, 30.1)  # the slot from 30.0 to 30.3
    assert window.ready_at(1, 31.0) == pytest.approx(90.6)
    window = SlidingWindow(10, 60.0, slots=6)
    window.charge(10, 19.9)
    assert window.ready_at(1, 20.0) == 90.0


def test_a_slot_is_kept_once() -> None:
    """What comes in it later is added; a later slot has an entry of its own."""
    window = SlidingWindow(10, 60.0, slots=6)
    first = window.charge(1, 0.0)
    assert window.charge(2, 9.9) is first
    second = window.charge(3, 10.0)
    assert second is not first
    assert (first, second, window.total) == ([80.0, 3], [90.0, 3], 6)


def test_a_correction_of_what_has_just_left_is_none() -> None:
    """At the instant at which it leaves; the instant before it still counts."""
    window = SlidingWindow(10, 60.0, slots=6)
    entry = window.charge(5, 0.0)
    window.adjust(entry, -1, 79.9)
    assert window.remaining(79.9) == 6
    window.adjust(entry, -1, 80.0)
    assert window.remaining(80.0) == 10


def test_a_debt_is_no_larger_than_the_limit_and_never_less_than_there_is() -> None:
    """Who is above it by a charge already is corrected by nothing more."""
    window = SlidingWindow(10, 60.0)
    entry = window.charge(25, 0.0)
    window.adjust(entry, 3, 0.0)
    assert window.remaining(0.0) == -15
    window.adjust(entry, -10, 0.0)
    window.adjust(entry, 9, 0.0)
    assert window.remaining(0.0) == -10


def test_lowering_counts_the_clock_that_has_gone_furthest() -> None:
    """For one window from then at most, and not at all until an instant that has passed."""
    window = SlidingWindow(10, 60.0)
    assert window.remaining(100.0) == 10
    window.lower(4, 90.0, 1_000.0)
    assert (window.remaining(159.9), window.remaining(160.0)) == (4, 10)
    window.lower(4, 150.0, 160.0)
    assert window.remaining(160.0) == 10
    window.lower(0, 160.0, 160.1)
    assert (window.remaining(160.0), window.ready_at(1, 160.0), window.remaining(160.1)) == (0, 160.1, 10)


def test_fractions_that_do_not_add_up_wait_for_the_last_of_them() -> None:
    """Three tenths in three entries are a little less than their sum, which is what counts."""
    window = SlidingWindow(0.3, 10.0, slots=10)
    for at in (0.5, 1.5, 2.5):
        window.charge(0.1, at)
    assert window.total > 0.3
    assert window.ready_at(0.3, 3.0) == 14.0


def test_lowering_over_and_over_takes_no_more_memory() -> None:
    """Beyond four entries a slot what is told anew counts until the last of them leaves."""
    window = SlidingWindow(100, 10.0, slots=2)
    for told in range(8):
        window.lower(99 - told, 0.0, 1.0 + told)
    assert len(window._entries) == 8
    window.lower(80, 0.0, 1.5)
    assert len(window._entries) == 8
    assert [window.remaining(at) for at in (0.0, 1.0, 1.5, 2.0, 7.9, 8.0)] == [80, 81, 81, 82, 87, 100]
