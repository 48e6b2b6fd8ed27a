"""The adaptive limit: when it grows, when it is cut, what says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.limit import CUT, AdaptiveLimit


def taken(limit: AdaptiveLimit, count: int) -> list[int]:
    """So many places."""
    times = [limit.try_take() for _ in range(count)]
    assert None not in times
    return [time for time in times if time is not None]


def round_of(limit: AdaptiveLimit, verdict: Any = "ok") -> None:
    """As many calls as it allows, which all end one way."""
    for time in taken(limit, limit.limit):
        limit.settle(time, verdict)


def busy(limit: AdaptiveLimit, successes: int) -> None:
    """So many calls that end well, one after the other, while all other places are taken."""
    for _ in range(successes):
        times = taken(limit, limit.limit)
        limit.settle(times[0], "ok")
        for time in times[1:]:
            limit.settle(time, "ignored")


def after_a_cut(at: int = 20) -> AdaptiveLimit:
    """A limit that was too much at `at`."""
    limit = AdaptiveLimit(initial=at)
    limit.settle(taken(limit, 1)[0], "dropped")
    return limit


@pytest.mark.parametrize(
    "wrong",
    [{"least": 0}, {"least": 3, "most": 2}, {"tolerance": 1.0}, {"tolerance": 0.5}, {"tolerance": float("nan")}],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    """Said when it is made."""
    says = "tolerance must be above 1" if "tolerance" in wrong else "an adaptive limit needs 1 <= least <= most"
    with pytest.raises(ValueError, match=f"^{says}$"):
        AdaptiveLimit(**wrong)


def test_the_first_limit_is_within_the_bounds() -> None:
    """Whatever it is to begin with."""
    assert AdaptiveLimit().limit == 8
    assert (AdaptiveLimit(initial=0).limit, AdaptiveLimit(initial=9_999).limit) == (1, 1_000)
    assert AdaptiveLimit(initial=8, most=5).limit == 5
    assert AdaptiveLimit(initial=8, least=10).limit == 10
    assert AdaptiveLimit(initial=1, least=1, most=1, tolerance=1.1).limit == 1


def test_no_more_than_the_limit_are_in_flight() -> None:
    """One more is told to wait, and has its place when one ends."""
    limit = AdaptiveLimit(initial=2)
    first, _ = taken(limit, 2)
    assert limit.try_take() is None
    assert limit.in_flight == 2
    limit.settle(first, "ignored")
    assert limit.in_flight == 1
    assert limit.try_take() == 0


def test_it_grows_by_one_with_each_success_until_it_was_too_much() -> None:
    """So it doubles in the time of a call, as long as at least half of it is in use when a call ends."""
    limit = AdaptiveLimit(initial=8)
    times = taken(limit, 8)
    for count, time in enumerate(times):
        assert limit.limit == min(8 + count, 11)
        limit.settle(time, "ok")
    # with the fourth it is 11, of which five is less than half
    assert limit.limit == 11


def test_a_drop_cuts_it_once_for_all_that_were_under_way() -> None:
    """Nine more drops of calls from before the cut change nothing; one from after it does."""
    limit = AdaptiveLimit(initial=20)
    times = taken(limit, 20)
    for time in times[:10]:
        limit.settle(time, "dropped")
    assert (limit.limit, limit.cuts) == (int(20 * CUT), 1)
    for time in times[10:]:
        limit.settle(time, "ignored")
    limit.settle(taken(limit, 1)[0], "dropped")
    assert (limit.limit, limit.cuts) == (9, 2)


def test_it_is_never_cut_below_the_least() -> None:
    """However many drops there are."""
    limit = AdaptiveLimit(initial=8, least=2)
    for _ in range(20):
        limit.settle(taken(limit, 1)[0], "dropped")
    assert limit.limit == 2


def test_after_a_cut_it_grows_fast_to_nine_tenths_and_then_slowly() -> None:
    """Cut from 20 to 14: by one with each success to 18, then by one with 18 of them, then with 19."""
    limit = after_a_cut()
    assert limit.limit == 14
    seen = []
    for _ in range(4 + 18 + 19):
        busy(limit, 1)
        seen.append(limit.limit)
    assert seen == [15, 16, 17, 18] + [18] * 17 + [19] + [19] * 18 + [20]


def test_successes_before_a_cut_do_not_count_after_it() -> None:
    """The count for the next step begins anew."""
    limit = after_a_cut(10)
    assert limit.limit == 7
    while limit.limit < 9:
        round_of(limit)
    limit._successes = 8
    limit.settle(taken(limit, 1)[0], "dropped")
    assert limit._successes == 0


def test_it_grows_up_to_the_most() -> None:
    """And not beyond."""
    limit = AdaptiveLimit(initial=3, most=5)
    for _ in range(10):
        round_of(limit)
    assert limit.limit == 5


@pytest.mark.parametrize(("in_use", "grows"), [(3, False), (4, True), (5, True)])
def test_it_grows_only_while_half_of_it_is_in_use(in_use: int, grows: bool) -> None:
    """Of eight at least four, the one that ends counted too."""
    limit = AdaptiveLimit(initial=8)
    times = taken(limit, in_use)
    limit.settle(times[0], "ok")
    assert (limit.limit > 8) == grows


def test_what_says_nothing_changes_nothing() -> None:
    """But for the place, which is free."""
    limit = AdaptiveLimit(initial=8)
    for _ in range(100):
        round_of(limit, "ignored")
    assert (limit.limit, limit.cuts, limit.in_flight, limit._successes) == (8, 0, 0, 0)


def test_without_a_tolerance_first_tokens_say_nothing() -> None:
    """However late they are."""
    limit = AdaptiveLimit(initial=8)
    limit.first_token(0.1)
    for _ in range(100):
        limit.first_token(100.0)
    assert not limit.slow
    round_of(limit)
    assert limit.limit > 8


def test_late_first_tokens_stop_the_growth_and_early_ones_let_it_go_on() -> None:
    """Twice the best is tolerated; beyond it the limit falls by one with as many successes as it allows calls."""
    limit = AdaptiveLimit(initial=8, tolerance=2.0)
    assert not limit.slow
    for _ in range(20):
        limit.first_token(0.5)
    assert not limit.slow
    busy(limit, 7)
    assert limit.limit == 8
    busy(limit, 1)
    assert limit.limit == 9  # by one a round from the beginning: first tokens tell late
    for _ in range(100):
        limit.first_token(0.9)
    assert not limit.slow
    for _ in range(100):
        limit.first_token(3.0)
    assert limit.slow
    busy(limit, 8)
    assert limit.limit == 9
    busy(limit, 1)
    assert limit.limit == 8
    busy(limit, 8 + 7)
    assert (limit.limit, limit.cuts) == (6, 0)
    for _ in range(100):
        limit.first_token(0.5)
    assert not limit.slow
    busy(limit, 6)
    assert limit.limit == 7


def test_a_service_that_became_slower_is_the_norm_from_the_lowest_limit_on() -> None:
    """What a first token takes with two calls at once is the best that there is now: it grows again from there."""
    limit = AdaptiveLimit(initial=4, least=2, tolerance=2.0)
    limit.first_token(0.5)
    for _ in range(200):
        limit.first_token(2.0)
    busy(limit, 4 + 3)
    assert (limit.limit, limit.slow) == (2, True)
    busy(limit, 1)
    assert limit.slow
    busy(limit, 1)
    assert (limit.limit, limit.slow) == (2, False)
    busy(limit, 2)
    assert limit.limit == 3
    for _ in range(100):
        limit.first_token(4.5)
    assert limit.slow  # beyond twice the new best


@given(
    st.integers(1, 20),
    st.integers(1, 5),
    st.integers(5, 30),
    st.lists(st.sampled_from(["take", "take", "ok", "ok", "dropped", "ignored", "late", "early"]), max_size=200),
)
def test_bounds_and_places_hold_in_any_history(initial: int, least: int, most: int, steps: list[Any]) -> None:
    """The limit stays within its bounds, changes by one or by a cut, and places are conserved."""
    limit = AdaptiveLimit(initial=initial, least=least, most=most, tolerance=3.0)
    out: list[int] = []
    for step in steps:
        before = limit.limit
        if step == "take":
            time = limit.try_take()
            assert (time is None) == (len(out) >= before)
            if time is not None:
                out.append(time)
        elif step in {"late", "early"}:
            limit.first_token(9.0 if step == "late" else 0.1)
        elif out:
            limit.settle(out.pop(0), step)
        assert limit.in_flight == len(out)
        assert least <= limit.limit <= most
        assert limit.limit in {before, before + 1, before - 1, max(int(before * CUT), least)}
