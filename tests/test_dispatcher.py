"""The dispatcher: caps, order, aging, bounds, cancellation."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.call import Outcome
from ipfs_accel_async.errors import CircuitOpenError, ClientClosedError, QueueFullError
from ipfs_accel_async.types import Priority, Target
from tests.doubles import Handler, a_call, a_dispatcher, a_stream, lane_of, quiet
from tests.virtual_loop import VirtualLoop


async def test_never_more_in_flight_than_the_cap_and_nothing_is_lost() -> None:
    """Ten thousand calls through a cap of 50 are all answered, never more than 50 at once."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=50, queue_size=20_000), Handler(0.01)
    replies = await asyncio.gather(*(dispatcher(a_call(name=str(n)), handler) for n in range(10_000)))
    assert handler.peak == 50
    assert [reply.request_id for reply in replies] == [str(n) for n in range(10_000)]
    assert quiet(dispatcher)


async def test_a_free_permit_is_taken_without_a_turn_of_the_loop() -> None:
    """With room and nobody waiting, a call goes on in the very step it came in."""
    dispatcher, handler = a_dispatcher(), Handler(0)
    coroutine = dispatcher(a_call(), handler)
    coroutine.send(None)  # runs until the handler's own first await
    assert handler.started == ["id"]
    coroutine.close()
    assert quiet(dispatcher)


async def test_higher_priorities_go_first_and_equals_in_order() -> None:
    """Waiting calls start HIGH before NORMAL before LOW, and first come first served inside each."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler()
    wanted = [Priority.LOW, Priority.NORMAL, Priority.HIGH] * 4
    async with asyncio.TaskGroup() as group:
        group.create_task(dispatcher(a_call(name="first"), handler))
        await asyncio.sleep(0)
        for number, priority in enumerate(wanted):
            group.create_task(dispatcher(a_call(priority=priority, name=f"{priority.name}{number:02}"), handler))
    assert handler.started == ["first", *sorted(handler.started[1:], key=lambda name: ("HNL".index(name[0]), name))]


async def test_low_is_served_under_endless_high() -> None:
    """A LOW call overtakes HIGH ones that came more than two agings after it."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1, priority_aging=5.0), Handler(1.0)
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(dispatcher(a_call(priority=Priority.HIGH, name=f"high{number}"), handler))
        await asyncio.sleep(0)
        group.create_task(dispatcher(a_call(priority=Priority.LOW, name="low"), handler))
        for number in range(3, 40):
            await asyncio.sleep(1.0)
            group.create_task(dispatcher(a_call(priority=Priority.HIGH, name=f"high{number}"), handler))
    assert handler.started.index("low") <= 14


async def test_a_full_queue_refuses_at_once() -> None:
    """With the queue full, a call is refused with QueueFullError and what waits is not touched."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1, queue_size=2), Handler()
    waiting = [asyncio.ensure_future(dispatcher(a_call(name=str(n)), handler)) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(QueueFullError, match="1 in flight, 2 waiting"):
        await dispatcher(a_call(priority=Priority.HIGH), handler)
    await asyncio.gather(*waiting)
    assert lane_of(dispatcher).rejections == 1
    assert quiet(dispatcher)


async def test_drop_lowest_displaces_the_last_in_order() -> None:
    """Under drop-lowest a better call takes the place of the worst one, which hears of it."""
    policy = "drop-lowest"
    dispatcher = a_dispatcher(max_concurrent_requests=1, queue_size=2, queue_overflow_policy=policy)
    handler = Handler()
    names = {"running": 1, "low": 2, "normal": 1}
    tasks = {
        name: asyncio.ensure_future(dispatcher(a_call(priority=rank, name=name), handler))
        for name, rank in names.items()
    }
    await asyncio.sleep(0)
    high = asyncio.ensure_future(dispatcher(a_call(priority=Priority.HIGH, name="high"), handler))
    with pytest.raises(QueueFullError, match="displaced"):
        await tasks["low"]
    with pytest.raises(QueueFullError, match="full"):
        await dispatcher(a_call(priority=Priority.LOW, name="too low"), handler)
    await asyncio.gather(high, tasks["running"], tasks["normal"])
    assert handler.started == ["running", "high", "normal"]
    assert quiet(dispatcher)


async def test_wait_queues_beyond_the_bound() -> None:
    """Under the policy wait nobody is refused; each waits at its place."""
    dispatcher = a_dispatcher(max_concurrent_requests=1, queue_size=1, queue_overflow_policy="wait")
    handler = Handler()
    await asyncio.gather(*(dispatcher(a_call(name=str(n)), handler) for n in range(20)))
    assert handler.started == [str(n) for n in range(20)]


async def test_a_ticket_expires_with_its_caller() -> None:
    """A call cancelled by its deadline while it waits is never started, and its place goes to the next."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(10.0)
    first = asyncio.ensure_future(dispatcher(a_call(name="first"), handler))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await dispatcher(a_call(name="late"), handler)
    assert lane_of(dispatcher).queue.waiting == 0
    await first
    assert handler.started == ["first"]


async def test_granted_and_cancelled_in_one_step_hands_the_permit_on() -> None:
    """A ticket that is cancelled in the same step as its grant gives the permit to the next waiter."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler()
    waiting: list[asyncio.Future[object]] = []

    async def first() -> None:
        await dispatcher(a_call(name="first"), handler)
        waiting[0].cancel()  # its ticket has just been granted, and its task has not run since

    running = asyncio.ensure_future(first())
    await asyncio.sleep(0)
    waiting += [asyncio.ensure_future(dispatcher(a_call(name=name), handler)) for name in ("second", "third")]
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    await waiting[1]
    await running
    assert handler.started == ["first", "third"]
    assert quiet(dispatcher)


async def test_a_stream_holds_its_permit_until_it_is_closed() -> None:
    """The next call starts when the stream is closed, not when its headers came."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler()
    stream, _ = a_stream()

    async def streaming(_: object) -> object:
        return stream

    await dispatcher(a_call(stream=True), streaming)
    second = asyncio.ensure_future(dispatcher(a_call(name="second"), handler))
    await asyncio.sleep(100)
    assert handler.started == []
    await stream.aclose()
    await second
    assert quiet(dispatcher)


async def test_lanes_share_a_total_cap_by_rank() -> None:
    """Under a cap over all, room that one lane gives back goes to the best ticket of any lane."""
    dispatcher, handler = a_dispatcher(total=1), Handler()
    other = Target("groq", "m", "http://127.0.0.1")
    async with asyncio.TaskGroup() as group:
        group.create_task(dispatcher(a_call(name="first"), handler))
        await asyncio.sleep(0)
        group.create_task(dispatcher(a_call(name="low", priority=Priority.LOW), handler))
        group.create_task(dispatcher(a_call(name="high", priority=Priority.HIGH, target=other), handler))
    assert handler.started == ["first", "high", "low"]
    assert handler.peak == 1


async def test_close_fails_what_waits_and_admits_nobody() -> None:
    """After close the waiting get ClientClosedError, and so does every later call."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler()
    first = asyncio.ensure_future(dispatcher(a_call(), handler))
    second = asyncio.ensure_future(dispatcher(a_call(), handler))
    await asyncio.sleep(0)
    dispatcher.close()
    dispatcher.close()
    with pytest.raises(ClientClosedError):
        await second
    with pytest.raises(ClientClosedError):
        await dispatcher(a_call(), handler)
    await first
    assert quiet(dispatcher)


class TimedGate:
    """Lends nothing before an instant, then everything; counts what is out."""

    key = None

    def __init__(self, at: float) -> None:
        self.at = at
        self.out = 0
        self.asked = 0

    def try_take(self, call: object, now: float) -> TimedGate | float:
        self.asked += 1
        if now < self.at:
            return self.at
        self.out += 1
        return self

    def settle(self, outcome: Outcome, now: float) -> None:
        self.out -= 1


class RefusingGate:
    """Refuses every call."""

    def try_take(self, call: object, now: float) -> float:
        raise CircuitOpenError("open")


async def test_a_gate_is_asked_again_at_its_instant_and_not_before() -> None:
    """A call that a gate puts off until an instant starts at that instant, without polling."""
    gate = TimedGate(at=50.0)
    dispatcher, handler = a_dispatcher([gate]), Handler(0)
    await asyncio.gather(*(dispatcher(a_call(name=str(n)), handler) for n in range(3)))
    assert asyncio.get_running_loop().time() == 50.0
    assert gate.out == 0
    assert gate.asked <= 12


async def test_a_refusing_gate_gives_the_other_leases_back() -> None:
    """All or nothing: what earlier gates lent returns when a later one refuses."""
    lending = TimedGate(at=0.0)
    dispatcher = a_dispatcher([lending, RefusingGate()])
    with pytest.raises(CircuitOpenError):
        await dispatcher(a_call(), Handler())
    assert lending.out == 0
    assert quiet(dispatcher)


async def test_twenty_thousand_cancelled_tickets_leave_nothing() -> None:
    """Cancelled tickets are swept: the queue keeps no more than a few of them."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1, queue_size=40_000), Handler(1.0)
    first = asyncio.ensure_future(dispatcher(a_call(), handler))
    await asyncio.sleep(0)
    tasks = [asyncio.ensure_future(dispatcher(a_call(), handler)) for _ in range(20_000)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    lane = lane_of(dispatcher)
    assert lane.queue.waiting == 0
    assert lane.queue.kept <= 64
    await first
    assert quiet(dispatcher)


@given(seed=st.integers(0, 2**32), cap=st.integers(1, 4), policy=st.sampled_from(["reject", "drop-lowest", "wait"]))
def test_random_schedules_conserve_permits(seed: int, cap: int, policy: str) -> None:
    """Under random arrivals, cancels (twice, too) and faults the cap holds, and at the end every permit is back."""
    rng = random.Random(seed)

    async def scenario() -> None:
        dispatcher = a_dispatcher(max_concurrent_requests=cap, queue_size=8, queue_overflow_policy=policy)

        def answer(call: object) -> object:
            return ValueError("fault") if rng.random() < 0.3 else object()

        handler = Handler(0, answer)
        tasks: list[asyncio.Future[object]] = []
        for number in range(40):
            handler.seconds = rng.choice([0, 0.1, 1.0])
            call = a_call(priority=rng.randrange(3), name=str(number))
            tasks.append(asyncio.ensure_future(dispatcher(call, handler)))
            if rng.random() < 0.5:
                await asyncio.sleep(rng.choice([0, 0, 0.05, 0.5]))
            for _ in range(rng.randrange(3)):
                rng.choice(tasks).cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert len(done) == 40
        assert handler.peak <= cap
        assert quiet(dispatcher)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(scenario())


async def test_retry_keeps_its_age() -> None:
    """A call that queues again with its old submission time goes before younger ones of its priority."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(5.0)
    old = a_call(name="old")
    async with asyncio.TaskGroup() as group:
        await asyncio.sleep(1)
        group.create_task(dispatcher(a_call(name="first"), handler))
        await asyncio.sleep(1)
        group.create_task(dispatcher(a_call(name="young"), handler))
        await asyncio.sleep(1)
        group.create_task(dispatcher(old, handler))
    assert handler.started == ["first", "old", "young"]
