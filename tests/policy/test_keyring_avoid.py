"""A key that has just failed is left alone while there is another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.keyring import KeyRing


def test_the_only_key_is_taken_all_the_same() -> None:
    """With one key there is no choice."""
    assert KeyRing(1).take(avoid=0) == 0


@given(st.integers(2, 6), st.lists(st.integers(0, 5), max_size=30), st.data())
def test_the_least_loaded_of_the_others(size: int, before: list[int], data: st.DataObject) -> None:
    """Whatever is out, the one to avoid is not lent, and of the others none has fewer leases out."""
    ring = KeyRing(size)
    for avoided in before:
        ring.take(avoided if avoided < size else None)
    avoid = data.draw(st.integers(0, size - 1))
    loads = ring.loads
    taken = ring.take(avoid)
    assert taken != avoid
    assert loads[taken] == min(load for slot, load in enumerate(loads) if slot != avoid)
    assert sum(ring.loads) == sum(loads) + 1
