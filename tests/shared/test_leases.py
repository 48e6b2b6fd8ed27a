"""Leases of a shared limit over random histories, by the real script on a real server whose time is given."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async.policy.quota import Cost, Limits, Reservation
from ipfs_accel_async.shared.quota import SharedQuota
from ipfs_accel_async.shared.scripts import LEASE
from tests.shared.counting import excess

if TYPE_CHECKING:
    from tests.shared.conftest import Server

pytestmark = pytest.mark.sockets
TIMED = LEASE.replace("redis.call('TIME')", "{table.remove(ARGV), 0}")
"""The script, with the last argument as the time of the server."""
TTL = 5.0
HISTORIES = 150


class Process:
    """One process of a history: its quota, what it used and when."""

    def __init__(self, number: int, limits: Limits) -> None:
        self.asks = False
        self.quota = SharedQuota("quota", f"process{number}", limits, self._ask, lambda: False, lambda: 3)
        self.used: list[float] = []
        self.late: list[list[Any]] = []
        self.alive = True

    def _ask(self, _: SharedQuota) -> None:
        self.asks = True

    def take(self, cost: Cost, now: float) -> Reservation | None:
        """Use something, if the share has it."""
        taken = self.quota.try_take(cost, now)
        if isinstance(taken, (int, float)):
            return None
        self.used.append(now)
        return taken


class World:
    """Processes and a server whose clock is `skew` ahead of theirs."""

    def __init__(self, client: Any, limits: Limits, processes: int) -> None:
        self.client = client
        self.now = 1_000.0
        self.skew = 1e6
        self.processes = [Process(number, limits) for number in range(processes)]
        client.delete("quota")

    def script(self, arguments: list[Any]) -> list[bytes]:
        """Run the script on the server, in its time."""
        return self.client.eval(TIMED, 1, "quota", *arguments, f"{self.now + self.skew:.6f}")  # type: ignore[no-any-return]

    def lease(self, one: Process, *, lost: bool = False) -> None:
        """Ask; the answer may be lost."""
        one.asks = False
        answer = self.script(one.quota.question(TTL, self.now))
        if not lost:
            one.quota.answered(answer, self.now + TTL, self.now)

    def levels(self) -> tuple[float, float]:
        """What is left of the limit, and what the server believes to be held of it."""
        has = {name.decode(): float(value) for name, value in self.client.hgetall("quota").items()}
        return has.get("v:rpm", 0.0), sum(value for name, value in has.items() if name.startswith("l:"))


@pytest.fixture
def client(redis: Server) -> Any:
    """A connection to a server of this test."""
    library = pytest.importorskip("redis", reason="the extra redis is not installed")
    with library.Redis.from_url(redis.url) as made:
        yield made


def happens(world: World, one: Process, rng: random.Random) -> None:
    """Something, to one process."""
    match rng.choice(["take", "take", "take", "lease", "lease", "lost", "late", "die", "beat"]):
        case "take":
            for _ in range(rng.randint(1, 20)):
                taken = one.take(Cost(1), world.now)
                if taken is None:
                    break
                if rng.random() < 0.1:
                    taken.settle(None, world.now)
                    one.used.pop()
        case "lease":
            world.lease(one)
        case "lost":
            world.lease(one, lost=True)
        case "late":
            question = one.quota.question(TTL, world.now)
            world.lease(one)
            assert world.script(question) == []
        case "die":
            one.alive = rng.random() < 0.7
        case "beat":
            one.quota.quiet += 1
            world.lease(one)


def test_in_no_history_is_more_used_than_one_burst_and_the_rate(client: Any) -> None:
    """Answers lost or late, questions doubled, processes that pause or die: the server's arithmetic never gives more.

    Level and what is held are together never above the burst, neither is ever below nothing, and in no span of time
    do all processes use more than a burst and what the rate gives in it.
    """
    rng = random.Random(7)
    for _ in range(HISTORIES):
        rpm, burst = rng.choice([60, 600, 3_000]), rng.choice([1.0, 3.0])
        limits = Limits(rpm=rpm, burst_seconds=burst)
        capacity = max(rpm / 60 * burst, 1.0)
        world = World(client, limits, rng.randint(1, 4))
        for _ in range(60):
            world.now += rng.choice([0.0, 0.001, 0.01, 0.05, 0.3, TTL * 1.2 * (rng.random() < 0.05)])
            one = rng.choice(world.processes)
            if one.alive:
                happens(world, one, rng)
            level, held = world.levels()
            assert level + held <= capacity + 0.01
            assert level >= -0.01
            assert held >= 0
        used = sorted(at for one in world.processes for at in one.used)
        assert excess(used, rpm / 60) <= capacity + 0.05


def test_processes_that_need_one_each_take_turns(client: Any) -> None:
    """Four processes that wait for the one permit that there is get it in turn: none holds a part that others lack."""
    world = World(client, Limits(rpm=60, burst_seconds=1.0), 4)
    order: list[int] = []
    for _ in range(400):
        for number, one in enumerate(world.processes):
            if one.take(Cost(1), world.now) is not None:
                order.append(number)
            if one.asks:
                world.lease(one)
        world.now += 0.05
    assert 18 <= len(order) <= 21
    assert all(order.count(number) >= 4 for number in range(4))


def test_a_large_call_is_not_starved_by_small_ones(client: Any) -> None:
    """What costs most of the burst gets its turn among small calls of other processes that take all there is.

    What costs more than the burst goes once the bucket is as full as it gets.
    """
    limits = Limits(tpm=60_000, burst_seconds=2.0)
    for size in (1_800, 5_000):
        world = World(client, limits, 3)
        large, *small = world.processes
        begun = world.now
        while world.now < begun + 5 or large.take(Cost(1, size), world.now) is None:
            if large.asks:
                world.lease(large)
            for one in small:
                for _ in range(3):
                    one.take(Cost(1, 100), world.now)
                if one.asks:
                    world.lease(one)
            world.now += 0.05
            assert world.now - begun < 30
        assert all(len(one.used) > 20 for one in small)


def test_what_a_dead_one_held_of_a_day_returns_when_its_lease_ends(client: Any) -> None:
    """Not before; and it is used once."""
    world = World(client, Limits(rpd=1_000), 2)
    dead, other = world.processes
    dead.take(Cost(1), world.now)
    world.lease(dead)
    held = dead.quota.shares[0].held
    assert held >= 3

    def rest() -> int:
        begun = len(other.used)
        for _ in range(400):
            while other.take(Cost(1), world.now) is not None:
                pass
            world.lease(other)
            world.now += 0.01
        return len(other.used) - begun

    assert rest() == 1_000 - held
    world.now += TTL
    assert rest() == held
    assert rest() == 0


def test_who_was_away_longer_than_its_lease_holds_nothing(client: Any) -> None:
    """A process that was stopped for a while asks again before it uses anything."""
    world = World(client, Limits(rpm=6_000, burst_seconds=1.0), 1)
    (one,) = world.processes
    one.take(Cost(1), world.now)
    world.lease(one)
    assert one.take(Cost(1), world.now) is not None
    world.now += TTL
    assert one.take(Cost(1), world.now) is None


@pytest.mark.parametrize("jump", [-1e5, -3.0, 3.0, 1e5])
def test_a_clock_of_the_server_that_jumps_gives_one_burst_at_most(client: Any, jump: float) -> None:
    """Backwards nothing is refilled twice nor blocked for ever; forwards a full bucket is all that it gives."""
    world = World(client, Limits(rpm=600, burst_seconds=1.0), 2)
    counts = []
    for turn in range(400):
        if turn == 200:
            world.skew += jump
        for one in world.processes:
            while one.take(Cost(1), world.now) is not None:
                pass
            if one.asks:
                world.lease(one)
        world.now += 0.05
        counts.append(sum(len(one.used) for one in world.processes))
    used = sorted(at for one in world.processes for at in one.used)
    assert excess(used, 10.0) <= 2 * 10 + 1
    assert counts[-1] - counts[300] >= 20
