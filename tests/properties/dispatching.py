"""The dispatcher and a naive model of it, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ipfs_accel_async.call import Call, Outcome
from ipfs_accel_async.caps import Cap
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.errors import ClientClosedError, DispatcherError, QueueFullError
from ipfs_accel_async.lanes import Lane
from ipfs_accel_async.settings import Settings
from ipfs_accel_async.types import Target
from tests.doubles import a_call, lane_of
from tests.properties.greedy import WEIGHTS, Door, Item, Model
from tests.virtual_loop import VirtualLoop

LANES = ("one", "two")
MODELS = ("m", "n")
AGING = 5.0
FAR = 1e9
PLENTY = 99
MANY = st.integers(0, 99)
ENDS = {
    "done": str,
    "failed": OSError,
    "full": QueueFullError,
    "closed": ClientClosedError,
    "broken": DispatcherError,
}


class DoorGate:
    """The gate that the model knows the rules of; counts what is out."""

    key = None

    def __init__(self, door: Door, items: list[Item]) -> None:
        self.door, self.items = door, items
        self.out = 0

    def try_take(self, call: Call, now: float) -> DoorGate | float:
        item = self.items[int(call.request_id)]
        if item.bad:
            raise RuntimeError("a fault of the gate")
        at = self.door.opens(item, now)
        if at > now:
            return at
        self.out += 1
        return self

    def settle(self, outcome: Outcome, now: float) -> None:
        self.out -= 1


class DispatcherMachine(RuleBasedStateMachine):
    """Random calls, ends, cancels, time, caps, holds and closes, on both."""

    @initialize(
        caps=st.lists(st.integers(1, 3), min_size=2, max_size=2),
        reserved=st.integers(0, 2),
        total=st.sampled_from([1, 2, 4, PLENTY]),
        size=st.integers(1, 4),
        policy=st.sampled_from(["reject", "drop-lowest", "wait"]),
        order=st.sampled_from(["arrival", "deadline"]),
    )
    def build(self, caps, reserved, total, size, policy, order):
        self.loop = VirtualLoop()
        self.model = Model(list(caps), reserved, total, size, policy)
        self.order = order
        self.tenants = total == PLENTY  # lanes that share a cap go by rank, which says nothing of tenants' shares
        self.own = Settings(
            queue_size=size,
            queue_overflow_policy=policy,
            priority_aging=AGING,
            queue_order=order,
            tenant_weights=WEIGHTS,
        )
        self.total = self.inside(lambda: Cap(total))
        self.slots = [self.inside(lambda cap=cap: Cap(cap, reserved)) for cap in caps]
        self.gates = [DoorGate(door, self.model.items) for door in self.model.doors]
        self.dispatcher = Dispatcher(self.lane_for)
        self.tasks: dict[int, asyncio.Task[Any]] = {}
        self.ends: dict[int, asyncio.Future[None]] = {}
        self.started: list[int] = []
        self.ended: list[int] = []

    def lane_for(self, target: Target) -> Lane:
        at = LANES.index(target.provider)
        return Lane([self.slots[at], self.total], [self.gates[at]], self.own)

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

    @rule(
        lane=st.integers(0, 1),
        priority=st.integers(0, 2),
        model=st.sampled_from(MODELS),
        tenant=st.sampled_from(["", "a", "b"]),
        large=st.booleans(),
        bad=st.sampled_from([False] * 9 + [True]),
        later=st.sampled_from([0.0, 0.0, 2.0, 7.0]),
    )
    def submit(self, lane, priority, model, tenant, large, bad, later):
        tenant = tenant if self.tenants else ""
        number, now = len(self.model.items), self.loop.time()
        since = now + FAR + later if self.order == "deadline" else now
        item = Item(number, lane, (since + priority * AGING, number), priority, model, tenant, large, bad)

        def begin() -> None:
            target = Target(LANES[lane], model, "http://127.0.0.1")
            tags = {"tenant": tenant} if tenant else {}
            call = a_call(priority=priority, target=target, name=str(number), timeout=FAR + later, tags=tags)
            self.tasks[number] = asyncio.ensure_future(self.dispatcher(call, self.handler))
            self.tasks[number].add_done_callback(self.over(number))

        self.model.submit(item)
        self.inside(begin)
        self.settle()

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
            item.state = "cancelled"
        self.model.grant()

    @rule(seconds=st.sampled_from([0.5, 3.0, AGING, 60.0]))
    def time_passes(self, seconds):
        self.loop.advance(seconds)
        self.settle()
        self.model.now = self.loop.time()
        self.model.grant()

    @rule(lane=st.integers(0, 1), size=st.integers(0, 4))
    def change_a_cap(self, lane, size):
        self.inside(lambda: self.slots[lane].resize(size))
        self.inside(self.dispatcher.wake)
        self.settle()
        self.model.caps[lane] = size
        self.model.grant()

    @rule(lane=st.integers(0, 1), model=st.sampled_from(MODELS), seconds=st.sampled_from([0.0, 2.0, 3.0, 40.0]))
    def hold_a_model(self, lane, model, seconds):
        self.model.doors[lane].until[model] = self.loop.time() + seconds
        self.inside(self.dispatcher.wake)
        self.settle()
        self.model.grant()

    @rule(lane=st.integers(0, 1), narrow=st.booleans())
    def narrow_a_gate(self, lane, narrow):
        self.model.doors[lane].narrow = narrow
        self.inside(self.dispatcher.wake)
        self.settle()
        self.model.grant()

    @precondition(lambda self: len(self.model.items) > 8)
    @rule()
    def close(self):
        self.model.close()
        self.inside(self.dispatcher.close)
        self.settle()

    @invariant()
    def the_same_calls_started_in_the_same_order(self):
        if not self.tenants:
            assert self.started == self.model.started
        for lane in range(len(LANES)):  # between lanes that share nothing, the order in one step means nothing
            real, right = (
                [n for n in one if self.model.items[n].lane == lane] for one in (self.started, self.model.started)
            )
            assert real == right

    @invariant()
    def every_call_is_running_ended_or_waiting(self):
        living = {item.number for item in self.model.items if item.state in {"active", "waiting"}}
        assert {number for number, task in self.tasks.items() if not task.done()} == living
        assert sorted(self.ended) == [number for number in self.tasks if number not in living]

    @invariant()
    def slots_and_leases_are_conserved(self):
        for at, name in enumerate(LANES):
            active = len(self.model.of("active", at))
            assert self.slots[at].limit == self.model.caps[at]
            assert self.slots[at].free == max(self.model.caps[at] - active, 0)
            assert self.slots[at].others == sum(not item.high for item in self.model.of("active", at))
            assert self.gates[at].out == active
            if (name, "http://127.0.0.1") in self.dispatcher.lanes:
                lane = lane_of(self.dispatcher, Target(name, "m", "http://127.0.0.1"))
                waiting = len(self.model.of("waiting", at))
                assert (lane.active, lane.queue.waiting, lane.queue.kept >= waiting) == (active, waiting, True)
                assert bool(lane.queue.groups) == bool(waiting)
        assert self.total.free == self.model.total - len(self.model.of("active")) >= 0

    def teardown(self):
        if hasattr(self, "loop"):
            try:
                self.run_out()
            finally:
                self.loop.close()

    def run_out(self) -> None:
        for at in (0, 1):  # what was closed or lowered to nothing
            self.narrow_a_gate(at, narrow=False)
            for model in MODELS:
                self.hold_a_model(at, model, 0.0)
            self.change_a_cap(at, 3)
        while active := self.model.of("active"):
            self.finish(0, fails=active[0].number % 2 == 0)
        for item in self.model.items:
            task = self.tasks[item.number]
            if item.state == "cancelled":
                assert task.cancelled()
            else:
                assert isinstance(task.exception() or task.result(), ENDS[item.state])
        self.slots_and_leases_are_conserved()
        assert asyncio.all_tasks(self.loop) == set()
