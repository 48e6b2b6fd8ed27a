"""A gathering by itself: when what goes, and what is counted meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async.policy.batch import Bounds
from tests.gathering import VARIABLE, Crews


@pytest.mark.parametrize("bounds", [Bounds(100, tokens=10), Bounds(100, bytes=10)])
async def test_a_full_request_goes_at_once_and_the_rest_when_it_is_due(a_crew: Crews, bounds: Bounds) -> None:
    """By tokens or by bytes; who is left is counted anew."""
    crew = a_crew(bounds=bounds)
    crew.join("first")
    await asyncio.sleep(0)
    for text, weight in (("a", 7), ("b", 3), ("c", 4)):
        crew.join(text, weight, weight)
    await asyncio.sleep(0)
    crew.counted()
    assert crew.timer
    await asyncio.sleep(1)
    crew.join("d", 6, 6)
    assert crew.soon
    await asyncio.sleep(1)
    crew.join("e")
    assert (crew.soon, crew.timer) == (False, False)
    assert crew.sent == [(0.0, ("first",)), (0.0, ("a", "b")), (1.0, ("c", "d"))]
    await asyncio.sleep(100)
    assert crew.sent[3:] == [(101.0, ("e",))]
    await asyncio.sleep(101)
    assert (crew.gathering.flying, crew.gathering.batches, crew.rests) == (0, {}, 1)
    assert crew.spreading.aloft[-1] == 0


async def test_as_many_as_are_enough_go_at_once(a_crew: Crews) -> None:
    """They are not asked to fill a request; one less waits for the timer, which ends when nobody waits."""
    crew = a_crew(share=2, enough=2)
    crew.join("first")
    one = crew.gathering._soon
    crew.join("second")
    assert crew.gathering._soon is one
    await asyncio.sleep(0)
    assert (crew.gathering.flying, crew.spreading.aloft) == (1, [2])
    crew.join("a")
    assert (crew.soon, crew.timer) == (False, True)
    await asyncio.sleep(1)
    assert crew.sent == [(0.0, ("first", "second"))]
    crew.join("b")
    assert crew.soon
    await asyncio.sleep(0)
    assert (crew.soon, crew.timer, crew.gathering.flying) == (False, False, 2)
    await asyncio.sleep(0)
    assert crew.sent[1:] == [(1.0, ("a", "b"))]


async def test_where_no_place_is_free_no_timer_runs(a_crew: Crews) -> None:
    """What waits goes when a place is free and it is due, not before."""
    crew = a_crew(places=2, bounds=Bounds(1))
    for text in ("short", "long", "a"):
        crew.join(text)
    await asyncio.sleep(0)
    assert (crew.gathering.flying, crew.soon, crew.timer) == (2, False, False)
    crew.rules.bounds = Bounds(10)
    await asyncio.sleep(1)
    crew.join("b")
    assert (crew.soon, crew.timer) == (False, False)
    await asyncio.sleep(10)
    assert crew.timer
    await asyncio.sleep(10)
    assert crew.sent == [(0.0, ("short",)), (0.0, ("long",)), (15.0, ("a", "b"))]
    assert not crew.timer


async def test_the_timer_ends_with_the_last_place(a_crew: Crews) -> None:
    """Of those who wait with it, some fill a request."""
    crew = a_crew(places=2, bounds=Bounds(2))
    crew.join("first")
    await asyncio.sleep(0)
    crew.join("a")
    assert crew.timer
    crew.join("b")
    crew.join("c")
    await asyncio.sleep(0)
    assert (crew.gathering.flying, crew.timer) == (2, False)
    crew.counted()


async def test_a_request_that_lands_with_nobody_waiting_sends_nothing(a_crew: Crews) -> None:
    """While another one is under way."""
    crew = a_crew(bounds=Bounds(1))
    crew.join("short")
    crew.join("long")
    await asyncio.sleep(0)
    assert crew.gathering.flying == 2
    before = len(crew.spreading.seen)
    crew.spreading.seen.clear()
    await asyncio.sleep(11)
    assert (crew.gathering.flying, crew.spreading.seen, before, crew.soon) == (1, set(), 1, False)
    assert len(crew.gathering.batches) == 1


async def test_it_keeps_no_callers_context(a_crew: Crews) -> None:
    """Neither for what it sends soon, nor for its timer, nor for what it sends when a request lands."""
    crew = a_crew(places=2)
    VARIABLE.set("caller")
    for text in ("short", "later", "last"):
        crew.join(text)
        await asyncio.sleep(6)
    crew.join("more")
    await asyncio.sleep(200)
    assert len(crew.sent) >= 3
    crew.join("alone", same=False)
    await asyncio.sleep(0)
    crew.join("b")
    crew.gathering.landed(1)  # as its caller does
    await asyncio.sleep(1)
    assert crew.sent[-1][1] == ("b",)
    assert crew.spreading.seen == {"none"}


@pytest.mark.parametrize("same_priority", [True, False])
async def test_who_goes_first(a_crew: Crews, same_priority: bool) -> None:
    """In the order in which they joined; by rank and age where they differ."""
    crew = a_crew(10.0, places=1, bounds=Bounds(1))
    crew.join("first")
    await asyncio.sleep(5)
    crew.join("a", submitted=3.0, priority=1)
    crew.join("b", submitted=2.0 if same_priority else 5.0, priority=1 if same_priority else 0)
    await asyncio.sleep(40)
    assert [texts[0] for _, texts in crew.sent] == (["first", "a", "b"] if same_priority else ["first", "b", "a"])
