"""Caps: permits that are taken without waiting, and a size that changes meanwhile."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.caps import Cap
from tests.virtual_loop import VirtualLoop


async def test_permits_are_taken_and_given() -> None:
    """Each is one less, and one more."""
    cap = Cap(2)
    cap.take(high=False)
    cap.take(high=True)
    assert (cap.free, cap.others) == (0, 1)
    with pytest.raises(anyio.WouldBlock):
        cap.take(high=True)
    cap.give(high=True)
    cap.give(high=False)
    assert (cap.free, cap.others) == (2, 0)


SHARED = [(5, 0, 5), (5, 1, 4), (5, 4, 1), (5, 5, 1), (5, 9, 1), (1, 1, 1), (0, 1, 0), (0, 0, 0)]


@pytest.mark.parametrize(("limit", "reserved", "shared"), SHARED)
async def test_what_is_reserved_leaves_one_to_the_others(limit: int, reserved: int, shared: int) -> None:
    """Unless there is none at all."""
    assert Cap(limit, reserved).shared == shared
    cap = Cap(9, reserved)
    cap.resize(limit)
    assert cap.shared == shared


async def test_lowering_takes_free_permits_now_and_the_others_as_they_come_back() -> None:
    """Of four in use, with a cap of two, two that come back are gone."""
    cap = Cap(5)
    for _ in range(4):
        cap.take(high=True)
    cap.resize(2)
    free = []
    for _ in range(4):
        cap.give(high=True)
        free.append(cap.free)
    assert free == [0, 0, 1, 2]
    assert cap.limit == 2


async def test_raising_gives_what_was_still_to_be_taken_first() -> None:
    """Lowered to one and raised to four while four are in use: the fifth has to wait until one comes back."""
    cap = Cap(5)
    for _ in range(4):
        cap.take(high=True)
    cap.resize(1)
    cap.resize(4)
    assert cap.free == 0
    cap.resize(6)
    assert cap.free == 2
    for _ in range(4):
        cap.give(high=True)
    assert cap.free == 6


async def test_the_same_size_again_changes_nothing() -> None:
    """What is still to be taken away is taken away all the same."""
    cap = Cap(5)
    assert cap.shared == 5
    for _ in range(4):
        cap.take(high=True)
    cap.resize(2)
    cap.resize(2)
    for _ in range(4):
        cap.give(high=True)
    assert cap.free == 2


@given(st.integers(0, 5), st.lists(st.sampled_from(["take", "give"]) | st.integers(0, 6), max_size=60))
def test_free_permits_are_what_is_left_of_the_limit(limit: int, steps: list[str | int]) -> None:
    """At every moment, and none while more are in use than there may be."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(replay(limit, steps))


async def replay(limit: int, steps: list[str | int]) -> None:
    """Do these steps, beside two plain numbers."""
    cap, out = Cap(limit), 0
    for step in steps:
        if step == "take":
            if cap.free:
                cap.take(high=False)
                out += 1
        elif step == "give":
            if out:
                cap.give(high=False)
                out -= 1
        else:
            limit = int(step)
            cap.resize(limit)
        assert (cap.free, cap.others, cap.limit) == (max(limit - out, 0), out, limit)


async def test_the_number_of_permits_costs_nothing() -> None:
    """To a billion and back, as caps of several endpoints have no end of their own: nobody counts them one by one."""
    cap = Cap(5)
    cap.take(high=True)
    cap.resize(10**9)
    assert cap.free == 10**9 - 1
    cap.resize(3)
    assert cap.free == 2
