"""How large requests get: by what is known of how the service takes several at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.spreading import LEAST, LEAST_IN_TURN, NEVER, Crowd, Spreading


def known(overlap: float | None) -> Spreading:
    """What is known after one crowd."""
    made = Spreading()
    if overlap is not None:
        made.learn(overlap)
    return made


@pytest.mark.parametrize(
    ("overlap", "waiting", "aloft", "share"),
    [
        (None, 1, 0, 1),
        (None, 2 * LEAST - 1, 0, 2 * LEAST - 1),
        (None, 2 * LEAST, 0, LEAST),
        (None, 1_000, 0, 500),
        (0.0, 2 * LEAST_IN_TURN - 1, 0, 2 * LEAST_IN_TURN - 1),
        (0.0, 1_000, 0, 500),
        (0.0, 400, 600, 500),
        (0.0, 5_000, 0, 2_500),
        (1.0, 1_000, 0, 200),
        (1.0, 200, 800, 200),
        (1.0, 2 * LEAST, 0, LEAST),
        (0.5, 1_000, 0, 334),
        (0.5, 10_000, 0, 2_500),
    ],
)
def test_a_crowd_is_spread_as_the_service_takes_it(overlap: float | None, waiting: int, aloft: int, share: int) -> None:
    """One after the other: two large ones. Side by side: one a place. Not known: two, to find out. Never small ones."""
    assert known(overlap).share(waiting, aloft, places=5) == share


def test_one_place_is_one_request() -> None:
    """There is nothing to spread over."""
    assert known(1.0).share(10_000, 0, places=1) == 10_000
    assert known(1.0).enough(10_000, places=1) == NEVER


@given(st.sampled_from([None, 0.0, 0.3, 1.0]), st.integers(1, 3_000), st.integers(1, 12), st.integers(1, 4_000))
def test_enough_wait_when_they_are_a_share(overlap: float | None, aloft: int, places: int, waiting: int) -> None:
    """The number is the smallest with which what waits is a request's share."""
    of = known(overlap)
    enough = of.enough(aloft, places)
    if enough < NEVER:
        assert of.share(enough, aloft, places) <= enough
    if waiting < enough:
        assert of.share(waiting, aloft, places) > waiting


@pytest.mark.parametrize(
    ("back", "overlap"),
    [
        ([1.0, 2.0], 0.0),
        ([1.0, 1.0], 1.0),
        ([1.0, 1.5], 0.5),
        ([1.0, 1.0, 1.0, 1.0, 1.0], 1.0),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 0.0),
        ([1.0, 1.0, 2.0, 2.0, 3.0], 0.5),
        ([1.0, 9.0], 0.0),
        ([2.0, 3.0], 0.5),
        ([2.0, 1.0], 1.0),
    ],
)
def test_when_they_come_back_tells_how_they_were_taken(back: list[float], overlap: float) -> None:
    """Together, or each after all before it; it is known when the last one is back."""
    of = Spreading()
    crowd = Crowd(len(back), of)
    for seconds in back:
        assert of.overlap is None
        crowd.back(seconds)
    assert of.overlap == pytest.approx(overlap)


def test_what_was_known_is_forgotten_by_halves() -> None:
    """One crowd that was held up by something else does not decide."""
    of = known(0.5)
    of.learn(1.0)
    assert of.overlap == 1.0  # the first one was cold
    of.learn(0.0)
    assert of.overlap == 0.5
    of.learn(0.0)
    assert of.overlap == 0.25
    of.learn(1.0)
    assert of.overlap == 0.625


def test_answers_that_take_no_time_tell_nothing() -> None:
    """There is nothing to compare."""
    of = Spreading()
    crowd = Crowd(2, of)
    crowd.back(0.0)
    crowd.back(0.0)
    assert of.overlap is None
