"""What a loop's timer for many scopes keeps of those that have been left: little, and nothing when all have."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextvars import ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.middleware.scope import Scope
from ipfs_accel_async.middleware.timers import SPARE, Timers


def armed() -> list[float]:
    """When the loop's timers ring that nobody has cancelled."""
    scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return [timer.when() for timer in scheduled if not timer.cancelled()]


@given(st.integers(1, 8), st.lists(st.integers(0, 7), min_size=SPARE, max_size=4 * SPARE))
async def test_who_has_left_leaves_no_memory_behind(open_: int, turns: list[int]) -> None:
    """However many come and go while some stay: never more entries than twice the open ones and some to spare."""
    timers, stay = Timers(), [Scope() for _ in range(open_)]
    far = asyncio.get_running_loop().time() + 1e6
    for place, scope in enumerate(stay):
        timers.enter(scope, far + place)
    for turn in turns:
        several = [Scope() for _ in range(turn)]
        for scope in several:
            timers.enter(scope, far - turn)
        for scope in several:
            timers.leave(scope)
            assert len(timers._entries) <= 2 * len(timers) + SPARE
    assert list(timers) == stay
    for scope in stay:
        timers.leave(scope)
        assert len(timers._entries) <= 2 * len(timers) + SPARE
    assert (timers._entries, armed()) == ([], [])


@pytest.mark.parametrize(("beyond", "left"), [(2, SPARE + 2), (3, 1)])
async def test_entries_are_cleared_away_when_there_are_too_many_and_not_before(beyond: int, left: int) -> None:
    """To go through them for each that leaves would cost more than they do; one that never came is none."""
    timers, several = Timers(), [Scope() for _ in range(SPARE + beyond)]
    for scope in several:
        timers.enter(scope, 50.0)
    timers.leave(Scope())
    kept = []
    while len(timers) > 1:
        timers.leave(several.pop())
        kept.append(len(timers._entries))
    assert kept == [SPARE + beyond] * (SPARE + beyond - 2) + [left]


async def test_the_others_still_end_after_what_has_gone_was_cleared_away() -> None:
    """Each at its instant, in its order."""
    timers, left = Timers(), []
    scopes = [Scope() for _ in range(3 * SPARE)]
    for place, scope in enumerate(scopes):
        timers.enter(scope, 9.0 - place / SPARE)

    async def stay(at: float) -> None:
        scope = Scope()
        try:
            with scope:
                timers.enter(scope, at)
                await asyncio.Event().wait()
        except TimeoutError:
            left.append((at, asyncio.get_running_loop().time()))
        timers.leave(scope)

    tasks = [asyncio.ensure_future(stay(at)) for at in (8.0, 5.0, 7.0, 6.5)]
    await asyncio.sleep(0)
    for scope in scopes:
        timers.leave(scope)
    assert len(timers._entries) <= 2 * len(tasks) + SPARE
    await asyncio.gather(*tasks)
    assert left == [(5.0, 5.0), (6.5, 6.5), (7.0, 7.0), (8.0, 8.0)]


async def test_the_timer_keeps_nothing_of_the_call_that_set_it() -> None:
    """What that call had in its context is free to go as soon as the call has."""

    class Session:
        """Something large."""

    timers, session = Timers(), ContextVar[Session]("session")

    async def short() -> weakref.ref[Session]:
        session.set(Session())
        scope = Scope()
        with scope:
            timers.enter(scope, 50.0)
        timers.leave(scope)
        return weakref.ref(session.get())

    timers.enter(Scope(), 90.0)
    of_the_first = await asyncio.ensure_future(short())
    for _ in range(SPARE + 2):  # so many entries are not kept
        await asyncio.ensure_future(short())
    gc.collect()
    assert armed() == [50.0]
    assert of_the_first() is None


async def test_nothing_of_a_call_that_has_left_is_kept_while_others_stay() -> None:
    """Neither its task nor what that gave: only its instant, until that comes or many others have left too."""

    class Given:
        """Something large."""

    timers = Timers()

    async def short() -> Given:
        scope = Scope()
        with scope:
            timers.enter(scope, 50.0)
        timers.leave(scope)
        return Given()

    timers.enter(Scope(), 90.0)
    given = [weakref.ref(await asyncio.ensure_future(short())) for _ in range(10)]
    await asyncio.sleep(0)  # the loop lets go of the last one
    gc.collect()
    assert [one() for one in given] == [None] * 10
