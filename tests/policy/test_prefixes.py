"""Beginnings of prompts, and who has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.prefixes import BLOCK, Prefixes, chain


@given(common=st.text(min_size=0, max_size=3 * BLOCK), one=st.text(max_size=BLOCK), two=st.text(max_size=BLOCK))
def test_equal_beginnings_have_equal_digests(common: str, one: str, two: str) -> None:
    """As many digests are the same as there are whole blocks in common."""
    first, second = chain([common + "x" * BLOCK, one]), chain([common + "x" * BLOCK, two])
    head = len(f"{len(common) + BLOCK}:{common}{'x' * BLOCK}") // BLOCK
    assert first[:head] == second[:head]
    if one == two:
        assert first == second


def test_another_beginning_has_no_digest_in_common() -> None:
    """Each digest covers all that is before it."""
    assert not set(chain(["a" + "x" * 5 * BLOCK])) & set(chain(["b" + "x" * 5 * BLOCK]))


def test_where_messages_end_counts() -> None:
    """The same characters in other messages are another prompt."""
    text = "x" * 4 * BLOCK
    assert not set(chain([text, text])) & set(chain([text + text]))


def test_long_prompts_are_looked_at_up_to_a_bound() -> None:
    """At most so many blocks."""
    assert len(chain(["x" * 100 * BLOCK], most=3)) == 3
    assert chain(["short"]) == []


def test_the_longest_known_beginning_decides() -> None:
    """Who has more of it is home; what nobody has, has none."""
    prefixes = Prefixes()
    digests = chain(["x" * 4 * BLOCK])
    prefixes.note(digests[:1], "a")
    prefixes.note(digests[1:3], "b")
    assert prefixes.home(digests) == "b"
    assert prefixes.home(digests[:1]) == "a"
    assert prefixes.home(chain(["y" * BLOCK])) == prefixes.home([]) == ""


def test_the_unused_go_first() -> None:
    """A bounded number is remembered; asking keeps alive."""
    prefixes = Prefixes(most=2)
    one, two, three = (chain([letter * BLOCK]) for letter in "abc")
    prefixes.note(one, "a")
    prefixes.note(two, "b")
    assert prefixes.home(one) == "a"
    prefixes.note(three, "c")
    assert (prefixes.home(one), prefixes.home(two), prefixes.home(three)) == ("a", "", "c")
    assert len(prefixes) == 2
    with pytest.raises(ValueError, match="at least one"):
        Prefixes(most=0)
