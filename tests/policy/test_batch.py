"""What goes out together: bounds, order, when the last request waits, whole numbers shared out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.batch import Bounds, cuts, packed, plan, shared_out

SMALL = Bounds(32)


@dataclass(frozen=True)
class Part:
    """One of the waiting."""

    items: int = 1
    tokens: int = 1
    bytes: int = 1


def sizes(groups: list[list[Part]]) -> list[int]:
    """Items of each request."""
    return [sum(part.items for part in group) for group in groups]


@pytest.mark.parametrize(
    ("waiting", "flying", "due", "sent"),
    [
        (0, 0, False, []),
        (1, 0, False, [1]),
        (32, 0, False, [32]),
        (70, 0, False, [32, 32, 6]),
        (1, 1, False, []),
        (1, 1, True, [1]),
        (1, 4, False, []),
        (33, 3, False, [32]),
        (32, 1, False, [32]),
        (40, 1, False, [32]),
        (40, 1, True, [32, 8]),
        (320, 0, False, [32] * 5),
        (320, 3, False, [32] * 2),
        (320, 5, True, []),
        (320, 6, True, []),
    ],
)
def test_what_is_sent_follows_from_what_is_under_way(waiting: int, flying: int, due: bool, sent: list[int]) -> None:
    """Nothing under way: all. Something: full requests, the rest when it is due. No place: nothing."""
    assert sizes(plan([Part()] * waiting, SMALL, 500, flying=flying, places=5, due=due)) == sent


@pytest.mark.parametrize("bounds", [Bounds(100, tokens=4), Bounds(100, bytes=4), Bounds(4)])
def test_each_bound_is_of_all_in_a_request(bounds: Bounds) -> None:
    """Items, tokens or bytes: they are added up from the first to the last, and anew in the next request."""
    assert sizes(list(packed([Part()] * 10, bounds, 100))) == [4, 4, 2]


@pytest.mark.parametrize(
    ("waiting", "flying", "sent"),
    [(199, 1, []), (200, 1, [200]), (350, 1, [200]), (350, 0, [200, 150]), (2_000, 0, [200] * 5), (700, 3, [200] * 2)],
)
def test_a_crowd_goes_in_shares(waiting: int, flying: int, sent: list[int]) -> None:
    """As many shares side by side as there are free places; less than one waits while something is under way."""
    assert sizes(plan([Part()] * waiting, Bounds(2_048), 200, flying=flying, places=5, due=False)) == sent


def test_tokens_and_bytes_bound_a_request_too() -> None:
    """Whichever comes first; a part above a bound goes alone."""
    parts = [Part(tokens=4), Part(tokens=6), Part(tokens=1), Part(bytes=30), Part(tokens=50)]
    groups = list(packed(parts, Bounds(10, tokens=10, bytes=31), 10))
    assert groups == [parts[:2], parts[2:4], parts[4:]]


@pytest.mark.parametrize("bound", [1, 2, 10])
def test_a_bound_is_reached_before_it_is_exceeded(bound: int) -> None:
    """By items, tokens and bytes alike; 0 of the latter two is no bound."""
    for bounds, place in [(Bounds(bound), 0), (Bounds(99, tokens=bound), 1), (Bounds(99, bytes=bound), 2)]:
        below, at, above = ([more if one == place else 0 for one in range(3)] for more in (bound - 1, bound, bound + 1))
        assert [bounds.reached(*size) for size in (below, at, above)] == [False, True, True]
        assert [bounds.exceeded(*size) for size in (below, at, above)] == [False, False, True]
    assert not Bounds(99).reached(98, 10**9, 10**9)
    assert not Bounds(99).exceeded(99, 10**9, 10**9)


def test_a_request_full_of_tokens_does_not_wait_for_items() -> None:
    """What is full by any bound goes at once."""
    parts = [Part(tokens=5), Part(tokens=5)]
    assert plan(parts, Bounds(100, tokens=10), 100, flying=1, places=2, due=False) == [parts]


parts_of_any_size = st.lists(
    st.builds(Part, st.integers(1, 40), st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=60
)


@given(parts_of_any_size, st.integers(1, 64), st.integers(0, 64), st.integers(0, 64), st.integers(1, 64))
def test_requests_are_the_parts_in_their_order(
    parts: list[Part], items: int, tokens: int, size: int, share: int
) -> None:
    """Each part in exactly one request, none empty; none above a bound unless of one part, and none to spare."""
    bounds = Bounds(items, tokens, size)
    groups = list(packed(parts, bounds, share))
    assert [part for group in groups for part in group] == parts
    assert all(groups)
    for group in groups:
        over = bounds.exceeded(
            sum(part.items for part in group), sum(part.tokens for part in group), sum(part.bytes for part in group)
        )
        assert not over or len(group) == 1


@given(parts_of_any_size, st.integers(1, 100), st.integers(0, 7), st.integers(1, 6), st.booleans())
def test_a_plan_never_passes_the_places_or_the_first_in_line(
    parts: list[Part], share: int, flying: int, places: int, due: bool
) -> None:
    """What goes are the first of those that wait; with a free place and nothing under way somebody goes."""
    groups = plan(parts, Bounds(50, 200, 200), share, flying=flying, places=places, due=due)
    sent = [part for group in groups for part in group]
    assert sent == parts[: len(sent)]
    assert len(groups) <= max(places - flying, 0)
    if flying < places and (due or not flying):
        assert groups


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=80),
    st.integers(1, 30),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_cuts_cover_a_call_once(weights: list[tuple[int, int]], items: int, tokens: int, size: int) -> None:
    """One after the other, from the first item to the last, each within the bounds or a single item."""
    bounds = Bounds(items, tokens, size)
    made = list(cuts(weights, bounds))
    assert [start for start, _ in made] == [0, *(stop for _, stop in made[:-1])]
    assert made[-1][1] == len(weights)
    for start, stop in made:
        part = weights[start:stop]
        assert part
        over = bounds.exceeded(len(part), sum(one for one, _ in part), sum(two for _, two in part))
        assert not over or len(part) == 1


def test_cuts_are_about_alike() -> None:
    """A hundred in requests of at most 32 are four of 25."""
    assert list(cuts([(1, 1)] * 100, SMALL)) == [(0, 25), (25, 50), (50, 75), (75, 100)]
    assert list(cuts([(1, 1)] * 10, Bounds(4))) == [(0, 4), (4, 8), (8, 10)]


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_shares_add_up(total: int, weights: list[int]) -> None:
    """Whole numbers, none negative, whose sum is the whole, and each within one of its exact part."""
    shares = shared_out(total, weights)
    assert sum(shares) == total
    assert all(isinstance(share, int) for share in shares)
    weights = weights if any(weights) else [1] * len(weights)
    assert all(share >= 0 for share in shares)
    assert all(
        abs(share - total * weight / sum(weights)) < 1 + 1e-3 for share, weight in zip(shares, weights, strict=True)
    )
