"""The dispatcher against a naive model that sorts a list at every step (invariants 1 to 5 and 17)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.errors import ClientClosedError, QueueFullError
from ipfs_accel_async.keys import Keys
from ipfs_accel_async.lanes import Lane
from ipfs_accel_async.middleware.keyring import KeyGate
from ipfs_accel_async.policy.keyring import KeyRing
from ipfs_accel_async.settings import Settings
from ipfs_accel_async.types import Target
from tests.doubles import a_call, lane_of
from tests.properties.greedy import Item, Model
from tests.virtual_loop import VirtualLoop

LANES = tuple(Target(name, "m", "http://127.0.0.1") for name in ("one", "two"))
AGING = 5.0
MANY = st.integers(0, 99)
ENDS = {"done": str, "failed": OSError, "full": QueueFullError, "closed": ClientClosedError}


class DispatcherMachine(RuleBasedStateMachine):
    """Random calls, ends, cancels, time, caps and closes, on both."""

    @initialize(
        caps=st.lists(st.integers(1, 3), min_size=2, max_size=2),
        total=st.integers(1, 4),
        size=st.integers(1, 4),
        policy=st.sampled_from(["reject", "drop-lowest", "wait"]),
    )
    def build(self, caps, total, size, policy):
        self.loop = VirtualLoop()
        self.model = Model(list(caps), total, size, policy)
        own = Settings(queue_size=size, queue_overflow_policy=policy, priority_aging=AGING)
        self.total = self.inside(lambda: anyio.Semaphore(total))
        self.slots = [self.inside(lambda cap=cap: anyio.Semaphore(cap)) for cap in caps]
        self.rings = [KeyRing(2), KeyRing(3)]

        def lane_for(target: Target) -> Lane:
            at = LANES.index(target)
            keys = Keys(*[f"k{number}" for number in range(2 + at)])
            return Lane([self.slots[at], self.total], [KeyGate(keys, self.rings[at])], own)

        self.dispatcher = Dispatcher(lane_for, linked=True)
        self.tasks: dict[int, asyncio.Task[Any]] = {}
        self.ends: dict[int, asyncio.Future[None]] = {}
        self.started: list[int] = []
        self.ended: list[int] = []

    async def handler(self, call: Any) -> str:
        number = int(call.request_id)
        self.started.append(number)
        self.ends[number] = asyncio.get_running_loop().create_future()
        await self.ends[number]
        return call.request_id

    def inside(self, does: Callable[[], Any]) -> Any:
        async def run() -> Any:
            return does()

        return self.loop.run_until_complete(run())

    def settle(self) -> None:
        async def turns() -> None:
            for _ in range(8):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    @rule(lane=st.integers(0, 1), priority=st.integers(0, 2))
    def submit(self, lane, priority):
        number = len(self.model.items)

        def begin() -> None:
            call = a_call(priority=priority, target=LANES[lane], name=str(number), timeout=1e9)
            self.tasks[number] = asyncio.ensure_future(self.dispatcher(call, self.handler))
            self.tasks[number].add_done_callback(self.over(number))

        self.inside(begin)
        self.settle()
        self.model.submit(Item(number, lane, (self.loop.time() + priority * AGING, number)))

    def over(self, number: int) -> Callable[[asyncio.Task[Any]], None]:
        def over(task: asyncio.Task[Any]) -> None:
            self.ended.append(number)
            if not task.cancelled():
                task.exception()

        return over

    @precondition(lambda self: self.model.of("active"))
    @rule(which=MANY, fails=st.booleans())
    def finish(self, which, fails):
        active = self.model.of("active")
        item = active[which % len(active)]
        if fails:
            self.ends[item.number].set_exception(OSError("fault"))
        else:
            self.ends[item.number].set_result(None)
        self.settle()
        self.model.end(item, "failed" if fails else "done")

    @precondition(lambda self: self.model.of("active") or self.model.of("waiting"))
    @rule(which=MANY, twice=st.booleans())
    def cancel(self, which, twice):
        living = self.model.of("active") + self.model.of("waiting")
        item = living[which % len(living)]
        self.tasks[item.number].cancel()
        if twice:
            self.tasks[item.number].cancel()
        self.settle()
        self.model.end(item, "cancelled")

    @precondition(lambda self: len(self.model.of("waiting")) > 1)
    @rule()
    def cancel_all_that_wait(self):
        waiting = self.model.of("waiting")
        for item in waiting:
            self.tasks[item.number].cancel()
        self.settle()
        for item in waiting:
            self.model.end(item, "cancelled")

    @rule(seconds=st.sampled_from([0.5, 3.0, AGING, 60.0]))
    def time_passes(self, seconds):
        self.loop.advance(seconds)

    @rule(lane=st.integers(0, 1))
    def raise_a_cap(self, lane):
        self.model.caps[lane] += 1
        self.model.grant()
        self.inside(self.slots[lane].release)
        self.inside(self.dispatcher._grant)
        self.settle()

    @precondition(lambda self: any(self.model.room(lane) for lane in (0, 1)))
    @rule()
    def lower_a_cap(self):
        lane = next(lane for lane in (0, 1) if self.model.room(lane))
        self.model.caps[lane] -= 1
        self.inside(self.slots[lane].acquire_nowait)

    @precondition(lambda self: len(self.model.items) > 8)
    @rule()
    def close(self):
        self.model.close()
        self.inside(self.dispatcher.close)
        self.settle()

    @invariant()
    def the_same_calls_started_in_the_same_order(self):
        assert self.started == self.model.started

    @invariant()
    def every_call_is_running_ended_or_waiting(self):
        living = {item.number for item in self.model.items if item.state in {"active", "waiting"}}
        assert {number for number, task in self.tasks.items() if not task.done()} == living
        assert sorted(self.ended) == [number for number in self.tasks if number not in living]

    @invariant()
    def slots_and_keys_are_conserved(self):
        for at, target in enumerate(LANES):
            active = len(self.model.of("active", at))
            assert self.slots[at].value == self.model.caps[at] - active >= 0
            assert sum(self.rings[at].loads) == active
            if (target.provider, target.endpoint) in self.dispatcher.lanes:
                lane = lane_of(self.dispatcher, target)
                assert (lane.active, lane.queue.waiting) == (active, len(self.model.of("waiting", at)))
        assert self.total.value == self.model.total - len(self.model.of("active")) >= 0

    def teardown(self):
        if hasattr(self, "loop"):
            try:
                self.run_out()
            finally:
                self.loop.close()

    def run_out(self) -> None:
        for at in (0, 1):  # caps that were lowered to nothing
            while self.model.caps[at] < 1:
                self.raise_a_cap(at)
        while active := self.model.of("active"):
            self.finish(0, fails=active[0].number % 2 == 0)
        for item in self.model.items:
            task = self.tasks[item.number]
            if item.state == "cancelled":
                assert task.cancelled()
            else:
                assert isinstance(task.exception() or task.result(), ENDS[item.state])
        self.slots_and_keys_are_conserved()
        assert asyncio.all_tasks(self.loop) == set()


TestDispatcherMachine = DispatcherMachine.TestCase
TestDispatcherMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
