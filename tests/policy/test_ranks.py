"""The least of many numbers, whatever changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.ranks import Ranks

NUMBERS = st.integers(0, 9) | st.integers(0, 1 << 400)


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.lists(st.tuples(st.integers(0, 59), NUMBERS), max_size=60))
def test_it_equals_looking_at_all_of_them(each: list[int], changes: list[tuple[int, int]]) -> None:
    """After any change the first of the least is known."""
    ranks = Ranks()
    ranks.renew(list(each))
    assert ranks.best() == each.index(min(each))
    for place, rank in changes:
        each[place % len(each)] = rank
        ranks.put(place % len(each), rank)
        assert ranks.best() == each.index(min(each))
        assert ranks.each == each


def test_of_nothing_there_is_no_least() -> None:
    """Whoever asks has to look whether there is a place."""
    with pytest.raises(ValueError, match="empty"):
        Ranks().best()
