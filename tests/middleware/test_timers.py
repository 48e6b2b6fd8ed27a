"""One timer of the loop for many scopes: each ends at its instant, and nothing is left of those that have gone."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.middleware.scope import Scope
from ipfs_accel_async.middleware.timers import NEVER, Timers
from tests.virtual_loop import VirtualLoop


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


def the_loops() -> list[asyncio.TimerHandle]:
    """Timers of the loop that nobody has cancelled."""
    scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return [timer for timer in scheduled if not timer.cancelled()]


class Guest:
    """A task inside a scope, until it may go or its time is up; how and when it left."""

    def __init__(self, timers: Timers, at: float) -> None:
        self.timers, self.at, self.since = timers, at, now()
        self.may_go = asyncio.Event()
        self.how = ""
        self.when = NEVER
        self.task = asyncio.ensure_future(self._stay())

    async def _stay(self) -> None:
        scope = Scope()
        try:
            with scope:
                self.timers.enter(scope, self.at)
                await self.may_go.wait()
            self.how = "left"
        except TimeoutError:
            self.how = "ended"
        except asyncio.CancelledError:
            self.how = "cancelled"
            raise
        finally:
            self.timers.leave(scope)
            self.when = now()

    @property
    def due(self) -> float:
        """When it ends if nobody lets it go."""
        return max(self.at, self.since)


async def settle() -> None:
    """Let everything run that is due now."""
    for _ in range(8):
        await asyncio.sleep(0)


async def send_home(*guests: Guest) -> None:
    """Let all go."""
    for guest in guests:
        guest.may_go.set()
    await asyncio.gather(*(guest.task for guest in guests), return_exceptions=True)


DELAYS = st.sampled_from([-NEVER, -3.0, 0.0, 0.25, 1.0, 1.0, 2.0, 5.0, 60.0, NEVER])
STEPS = st.one_of(
    st.tuples(st.just("enter"), DELAYS),
    st.tuples(st.just("left"), st.integers(0, 99)),
    st.tuples(st.just("cancelled"), st.integers(0, 99)),
    st.tuples(st.just("wait"), st.sampled_from([0.25, 0.5, 1.0, 4.0, 30.0])),
)


@given(st.lists(STEPS, max_size=40))
async def test_exactly_those_end_whose_instant_has_come(steps: list[tuple[str, float]]) -> None:
    """Whatever comes, goes and is cancelled: at its instant, to the second; the others stay as long as they like."""
    timers = Timers()
    guests: list[Guest] = []
    gone: dict[Guest, tuple[str, float]] = {}
    try:
        for what, number in steps:
            inside = [guest for guest in guests if not guest.how]
            if what == "enter":
                guests.append(Guest(timers, now() + number))
            elif what == "wait":
                await asyncio.sleep(number)
            elif inside:
                one = inside[int(number) % len(inside)]
                gone[one] = (what, now())
                if what == "left":
                    one.may_go.set()
                else:
                    one.task.cancel()
            await settle()
            for guest in guests:
                ended = ("ended", guest.due) if guest.due <= now() else ("", NEVER)
                assert (guest.how, guest.when) == gone.get(guest, ended)
            inside = [guest for guest in guests if not guest.how]
            assert len(timers) == len(list(timers)) == len(inside)
            assert len(the_loops()) <= len(inside[:1])
    finally:
        await send_home(*guests)
    assert not the_loops()


async def test_whoever_enters_later_may_end_first() -> None:
    """The loop's timer is brought forward for an earlier instant, and set anew for the later one after it."""
    timers = Timers()
    guests = [Guest(timers, at) for at in (9.0, 3.0, 6.0, 3.0)]
    await asyncio.gather(*(guest.task for guest in guests))
    assert [(guest.how, guest.when) for guest in guests] == [("ended", guest.at) for guest in guests]


async def test_the_loop_has_one_timer_for_a_thousand() -> None:
    """And it rings at the earliest instant."""
    timers = Timers()
    guests = [Guest(timers, 10.0 + number) for number in range(1_000)]
    await settle()
    assert [timer.when() for timer in the_loops()] == [10.0]
    await send_home(*guests)


async def test_the_timer_is_set_anew_only_for_who_is_earlier() -> None:
    """Not for one that ends later or with it; and again for the next after nobody was left to ring for."""
    timers = Timers()
    forever, guests = Guest(timers, NEVER), [Guest(timers, 5.0)]
    await settle()
    (timer,) = the_loops()
    guests += [Guest(timers, 5.0), Guest(timers, 7.0)]
    await settle()
    assert the_loops() == [timer]
    await asyncio.sleep(8)
    assert the_loops() == []
    guests.append(Guest(timers, 9.0))
    await asyncio.sleep(2)
    assert [(guest.how, guest.when) for guest in guests] == [("ended", at) for at in (5.0, 5.0, 7.0, 9.0)]
    await send_home(forever)


async def test_a_busy_loop_ends_all_that_have_become_due_at_once() -> None:
    """As soon as it can, and none that still has time."""
    timers = Timers()
    guests = [Guest(timers, at) for at in (1.0, 2.0, 3.0)]
    await settle()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.advance(2.5)
    await settle()
    assert [(guest.how, guest.when) for guest in guests] == [("ended", 2.5), ("ended", 2.5), ("", NEVER)]
    await send_home(*guests)
    assert guests[2].how == "left"


async def test_a_loop_that_rings_early_by_its_resolution_ends_what_it_rang_for() -> None:
    """It does not set the same timer over and over until the clock agrees."""
    timers = Timers()
    loop = asyncio.get_running_loop()
    loop._clock_resolution = 0.5  # type: ignore[attr-defined]
    guest = Guest(timers, 1.0)
    await settle()
    assert isinstance(loop, VirtualLoop)
    loop.advance(0.75)
    await settle()
    assert (guest.how, guest.when) == ("ended", 0.75)


@pytest.mark.parametrize("at", [-NEVER, -5.0, 0.0])
async def test_an_instant_that_has_passed_ends_the_scope_at_once(at: float) -> None:
    """Before the clock moves."""
    guest = Guest(Timers(), at)
    await guest.task
    assert (guest.how, guest.when) == ("ended", 0.0)


async def test_without_a_deadline_there_is_no_timer() -> None:
    """Infinity never comes: it costs nothing, and the scope counts as open all the same."""
    timers = Timers()
    guest = Guest(timers, NEVER)
    await settle()
    assert (len(timers), len(timers._entries), the_loops()) == (1, 0, [])
    await asyncio.sleep(1e9)
    assert guest.how == ""
    await send_home(guest)
    assert (guest.how, len(timers)) == ("left", 0)


@pytest.mark.parametrize(("first", "how"), [("asked", "left"), ("rung", "ended")])
async def test_to_leave_in_the_very_step_in_which_it_rings(first: str, how: str) -> None:
    """Who has what it waits for before the timer rings goes in peace; one way or the other nothing is left behind."""
    loop, timers = asyncio.get_running_loop(), Timers()
    if first == "asked":
        loop.call_at(5.0, lambda: guest.may_go.set())
    guest = Guest(timers, 5.0)
    await settle()
    if first == "rung":
        loop.call_at(5.0, guest.may_go.set)
    await guest.task
    assert (guest.how, guest.when) == (how, 5.0)
    assert (len(timers), the_loops()) == (0, [])
    assert guest.task.cancelling() == 0


async def test_who_has_left_is_not_disturbed_when_its_instant_comes() -> None:
    """The task goes on after its scope, over that instant, and nobody cancels it."""
    timers = Timers()

    async def on_and_on() -> float:
        scope = Scope()
        with scope:
            timers.enter(scope, 5.0)
            await asyncio.sleep(4)
        timers.leave(scope)
        await asyncio.sleep(3)
        return now()

    task, stays = asyncio.ensure_future(on_and_on()), Guest(timers, 5.0)
    assert await task == 7.0
    assert (stays.how, stays.when) == ("ended", 5.0)


async def test_a_task_that_is_cancelled_as_its_time_is_up_is_cancelled() -> None:
    """The cancellation of somebody else is not taken for the timeout."""
    loop, timers = asyncio.get_running_loop(), Timers()
    guest = Guest(timers, 5.0)
    await settle()
    loop.call_at(5.0, guest.task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await guest.task
    assert (guest.how, guest.when, len(timers)) == ("cancelled", 5.0, 0)


async def test_those_that_are_open_are_known_and_may_be_ended() -> None:
    """In the order in which they came, whatever their instants; one that was ended already is not rung for."""
    loop, timers = asyncio.get_running_loop(), Timers()
    guests = [Guest(timers, at) for at in (9.0, NEVER, 5.0)]
    await settle()
    scopes = list(timers)
    assert len(scopes) == 3
    for scope in timers:
        loop.call_at(5.0, scope.end)
    await asyncio.sleep(5)
    await settle()
    assert [(guest.how, guest.when) for guest in guests] == [("ended", 5.0)] * 3
    assert list(timers) == []
