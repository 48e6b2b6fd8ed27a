"""Beginnings of prompts that end with a block, or with half a letter, and how many are remembered."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.prefixes import BLOCK, Prefixes, chain


def test_a_block_counts_as_soon_as_it_is_whole() -> None:
    """With the piece's length before it: of 252 letters it is, of 251 it is not, in one piece or several."""
    assert [len(chain(["x" * count])) for count in (251, 252, 253, 507, 508)] == [0, 1, 1, 1, 2]
    assert [len(chain(["x" * 100, "x" * count])) for count in (147, 148)] == [0, 1]


def test_each_digest_is_of_its_own_and_short() -> None:
    """Sixty-four at most unless another bound is given; none at all is possible."""
    digests = chain(["x" * 100 * BLOCK])
    assert (len(digests), len(set(digests)), {len(one) for one in digests}) == (64, 64, {12})
    assert chain(["x" * 100 * BLOCK], most=0) == []
    assert chain([]) == []


def test_any_text_has_digests() -> None:
    """Half of a surrogate pair too, as broken JSON may have it."""
    assert len(chain(["\ud800" * BLOCK])) == 1


def test_twenty_thousand_beginnings_are_remembered() -> None:
    """By default; the twenty-thousand-and-first takes the place of the one unused for longest."""
    prefixes = Prefixes()
    digests = [number.to_bytes(12, "big") for number in range(20_001)]
    prefixes.note(digests[:20_000], "a")
    assert (len(prefixes), prefixes.home(digests[:1])) == (20_000, "a")
    prefixes.note(digests[20_000:], "b")
    assert len(prefixes) == 20_000
    assert [prefixes.home(digests[number : number + 1]) for number in (0, 1, 2, 20_000)] == ["a", "", "a", "b"]


def test_noting_it_again_keeps_alive_and_moves_home() -> None:
    """Who served it last has it; one beginning is the least that can be remembered."""
    prefixes = Prefixes(most=2)
    one, two, three = ([letter] for letter in (b"1", b"2", b"3"))
    prefixes.note(one, "a")
    prefixes.note(two, "a")
    prefixes.note(one, "b")
    prefixes.note(three, "c")
    assert (prefixes.home(one), prefixes.home(two), prefixes.home(three)) == ("b", "", "c")
    Prefixes(most=1)


def test_to_remember_nothing_is_refused() -> None:
    """With the least that is possible."""
    with pytest.raises(ValueError, match=r"^prefixes remember at least one beginning$"):
        Prefixes(most=0)
