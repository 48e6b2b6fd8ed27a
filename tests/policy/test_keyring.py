"""Key leases: even load, fair ties, honest books."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.keyring import KeyRing


def test_idle_slots_take_turns():
    """One call at a time goes round all keys."""
    ring, order = KeyRing(3), []
    for _ in range(7):
        order.append(ring.take())
        ring.give(order[-1])
    assert order == [0, 1, 2, 0, 1, 2, 0]


def test_the_least_loaded_slot_is_next():
    """A slot that got its leases back is taken before the busier ones."""
    ring = KeyRing(3)
    assert [ring.take() for _ in range(6)] == [0, 1, 2, 0, 1, 2]
    ring.give(1)
    assert ring.take() == 1
    assert ring.loads == (2, 2, 2)


def test_a_single_slot_just_counts():
    """With one key every lease is of that key."""
    ring = KeyRing(1)
    assert [ring.take() for _ in range(3)] == [0, 0, 0]
    assert ring.loads == (3,)
    ring.give(0)
    assert ring.loads == (2,)


@pytest.mark.parametrize("index", [0, 1, -1, 2, 99])
def test_giving_back_what_is_not_out_is_an_error(index):
    """A lease returned twice would corrupt the books silently, so it raises."""
    with pytest.raises(RuntimeError, match="no lease"):
        KeyRing(2).give(index)


def test_an_empty_ring_is_refused():
    """No keys is a mistake of the settings."""
    with pytest.raises(ValueError, match="at least one key"):
        KeyRing(0)


@given(st.integers(1, 6), st.lists(st.integers(-1, 100), max_size=200))
def test_leases_equal_a_naive_ledger(size, steps):
    """Loads always sum to the leases out, and each take is least loaded, then longest unused."""
    ring, out, history = KeyRing(size), [], []
    for step in steps:
        if step >= 0 and out:
            ring.give(out.pop(step % len(out)))
        else:
            lightest = min(out.count(slot) for slot in range(size))
            candidates = [slot for slot in range(size) if out.count(slot) == lightest]
            expected = min(
                candidates,
                key=lambda slot: len(history) - history[::-1].index(slot) if slot in history else 0,
            )
            taken = ring.take()
            assert taken == expected
            out.append(taken)
            history.append(taken)
        assert ring.loads == tuple(out.count(slot) for slot in range(size))
        assert sum(ring.loads) == len(out)
