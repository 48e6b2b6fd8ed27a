"""Bounds that are just reached, and what is counted."""

from __future__ import annotations

from ipfs_accel_async.policy.lru import OVERHEAD, Lru


def test_a_new_one_has_nothing() -> None:
    """No entries, no bytes, nothing that went."""
    lru: Lru[str] = Lru(1_000)
    assert (lru.max_bytes, lru.size, lru.evictions, lru.expirations, len(lru)) == (1_000, 0, 0, 0, 0)


def test_what_just_fits_is_kept() -> None:
    """To the byte, beside others too; a byte more makes one of them go."""
    lru: Lru[str] = Lru(2 * (OVERHEAD + 100))
    assert lru.put("a", "a", 100, 10.0, 0.0)
    assert lru.put("b", "b", 100, 10.0, 0.0)
    assert (len(lru), lru.size, lru.evictions) == (2, lru.max_bytes, 0)
    assert lru.put("c", "c", 101, 10.0, 0.0)
    assert (len(lru), lru.size, lru.evictions) == (1, OVERHEAD + 101, 2)
    assert lru.put("d", "d", 2 * 100 + OVERHEAD, 10.0, 0.0)
    assert (len(lru), lru.size, lru.evictions) == (1, lru.max_bytes, 3)
    assert not lru.put("e", "e", 2 * 100 + OVERHEAD + 1, 10.0, 0.0)
    assert lru.evictions == 3


def test_an_entry_says_what_was_kept() -> None:
    """Its value and bytes, when it came, when it goes, and its tags."""
    lru: Lru[str] = Lru(1_000)
    lru.put("a", "value", 100, 7.0, 3.0, ["x", "y"])
    entry = lru.get("a", 3.0)
    assert entry is not None
    assert (entry.value, entry.size, entry.stored, entry.expires) == ("value", OVERHEAD + 100, 3.0, 10.0)
    assert entry.tags == ("x", "y")
    lru.put("b", "value", 1, 7.0, 3.0)
    plain = lru.get("b", 3.0)
    assert plain is not None
    assert plain.tags == ()


def test_what_was_asked_for_too_late_is_counted() -> None:
    """Each once: then it is gone, and no eviction."""
    lru: Lru[str] = Lru(10_000)
    for key in "abc":
        lru.put(key, key, 1, 1.0, 0.0)
    assert [lru.get(key, 1.0) for key in "aab"] == [None] * 3
    assert (lru.expirations, lru.evictions, len(lru), lru.size) == (2, 0, 1, OVERHEAD + 1)


def test_clearing_leaves_nothing_behind() -> None:
    """Neither bytes nor tags, and it may be filled again to the last byte."""
    lru: Lru[str] = Lru(OVERHEAD + 100)
    lru.put("a", "a", 100, 10.0, 0.0, "x")
    assert lru.clear() == 1
    assert (lru.size, len(lru), lru.invalidate("x"), lru.clear()) == (0, 0, 0, 0)
    lru.put("b", "b", 100, 10.0, 0.0, "y")
    assert (lru.invalidate("x"), lru.invalidate("y"), lru.size) == (0, 1, 0)


def test_a_tag_stays_while_another_entry_has_it() -> None:
    """Deleting one of two leaves the other to be found."""
    lru: Lru[str] = Lru(10_000)
    for key in "ab":
        lru.put(key, key, 1, 10.0, 0.0, ["x", "y"])
    assert lru.delete("a")
    assert not lru.delete("a")
    assert (lru.invalidate("y"), lru.invalidate("x")) == (1, 0)
