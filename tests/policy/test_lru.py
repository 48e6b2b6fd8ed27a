"""What was used last stays: against a plain dictionary, and at each bound."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.lru import OVERHEAD, Lru

KEYS = st.sampled_from("abcde")
TAGS = st.frozensets(st.sampled_from("xyz"), max_size=2)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(0, 3_000), st.sampled_from([-1.0, 0.0, 1.0, 5.0, 1e9]), TAGS),
        st.tuples(st.just("get"), KEYS),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("invalidate"), st.sampled_from("xyz")),
        st.tuples(st.just("wait"), st.sampled_from([-3.0, 0.5, 2.0, 10.0])),
        st.tuples(st.just("clear")),
    ),
    max_size=60,
)


@given(STEPS)
def test_it_equals_a_dictionary(steps: list[tuple[Any, ...]]) -> None:
    """With room for everything it answers as a dictionary of values with their times would."""
    lru: Lru[int] = Lru(10**9)
    kept: dict[str, tuple[int, float, float, frozenset[str]]] = {}
    now = 100.0
    for number, (what, *args) in enumerate(steps):
        if what == "put":
            key, size, ttl, tags = args
            kept.pop(key, None)
            if ttl > 0:
                kept[key] = (number, now, now + ttl, tags)
            assert lru.put(key, number, size, ttl, now, tags) == (ttl > 0)
        elif what == "get":
            entry, known = lru.get(args[0], now), kept.get(args[0])
            if known is not None and not known[1] <= now < known[2]:
                known = None
                del kept[args[0]]
            assert (None if entry is None else (entry.value, entry.stored)) == (known[:2] if known else None)
        elif what == "delete":
            assert lru.delete(args[0]) == (kept.pop(args[0], None) is not None)
        elif what == "invalidate":
            gone = [key for key, entry in kept.items() if args[0] in entry[3]]
            for key in gone:
                del kept[key]
            assert lru.invalidate(args[0]) == len(gone)
        elif what == "clear":
            assert lru.clear() == len(kept)
            kept.clear()
        else:
            now += args[0]
        assert len(lru) == len(kept)


@given(STEPS)
def test_its_bytes_are_counted_and_bounded(steps: list[tuple[Any, ...]]) -> None:
    """Whatever is done to it, the bytes are those of its entries and never above the bound; tags leave with them."""
    lru: Lru[int] = Lru(4_000)
    for what, *args in steps:
        if what == "put":
            lru.put(args[0], 0, args[1], args[2], 100.0, args[3])
        elif what == "get":
            lru.get(args[0], 100.0)
        elif what == "invalidate":
            lru.invalidate(args[0])
        assert lru.size == sum(entry.size for entry in lru._entries.values()) <= 4_000
        assert {key for keys in lru._tagged.values() for key in keys} <= lru._entries.keys()
        assert all(lru._tagged.values())


def test_what_was_used_longest_ago_goes_first() -> None:
    """Reading an entry keeps it; the one that nobody asked for makes room."""
    lru: Lru[str] = Lru(3 * (100 + OVERHEAD))
    for key in "abc":
        lru.put(key, key, 100, 10.0, 0.0)
    assert lru.get("a", 1.0) is not None
    lru.put("d", "d", 100, 10.0, 1.0)
    assert [key for key in "abcd" if lru.get(key, 1.0)] == ["a", "c", "d"]
    assert lru.evictions == 1


def test_one_that_is_larger_than_everything_is_not_kept() -> None:
    """It displaces nobody, and what its key had is gone, as it is no longer true."""
    lru: Lru[str] = Lru(1_000)
    lru.put("a", "a", 10, 10.0, 0.0)
    lru.put("b", "b", 10, 10.0, 0.0)
    assert not lru.put("a", "huge", 1_000, 10.0, 0.0)
    assert lru.get("a", 0.0) is None
    assert lru.get("b", 0.0) is not None


@pytest.mark.parametrize(("ttl", "at", "hit"), [(10, 0, True), (10, 9.999, True), (10, 10, False), (10, -0.001, False)])
def test_an_entry_has_its_time(ttl: float, at: float, hit: bool) -> None:
    """From when it was stored, to before it expires; never before it was stored."""
    lru: Lru[str] = Lru(1_000)
    lru.put("a", "a", 10, ttl, 0.0)
    assert (lru.get("a", at) is not None) == hit
    assert len(lru) == int(hit)


@pytest.mark.parametrize("ttl", [0, -1, float("nan")])
def test_without_a_time_to_live_nothing_is_kept(ttl: float) -> None:
    """None, a negative one, or no number."""
    lru: Lru[str] = Lru(1_000)
    assert not lru.put("a", "a", 10, ttl, 0.0)
    assert lru.get("a", 0.0) is None
