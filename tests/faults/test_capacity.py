"""Group Q, what is about places: caps that change, limits that are found, gates that fail, places that are kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Client, DispatcherError, Priority
from ipfs_accel_async.errors import (
    ClientClosedError,
)
from ipfs_accel_async.lanes import Lane
from tests.faults.scenarios import scenario
from tests.faults.virtual import Answer, VirtualServer, refuses, says
from tests.faults.watching import FAST, PATIENT, watched

ADAPTIVE = {"adaptive_concurrency": True, "max_concurrent_requests": 200, "queue_size": 5_000, "initial_concurrent": 8}


async def turns(count: int = 10) -> None:
    """Let everything run that can run now."""
    for _ in range(count):
        await asyncio.sleep(0)


def lane_of(ai: Client) -> Lane:
    """The one lane of a client."""
    runtime = ai._engine.runtime()
    (lane,) = runtime.dispatcher.lanes.values()
    return lane


def limit_of(ai: Client) -> Any:
    """The adaptive limit of the one model that was called."""
    return lane_of(ai).gates[0]._limits["m"]  # type: ignore[attr-defined]


@scenario("Q08")
async def test_a_cap_is_lowered_raised_and_set_to_nothing() -> None:
    """Lowering cancels nothing and converges, nothing pauses, raising by k lets exactly k go."""
    server = VirtualServer(always=says(wait=10.0))
    async with watched(server, max_concurrent_requests=100, queue_size=500) as ai:
        places = ai.capacity("openai")
        calls = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(300)]
        await turns()
        assert (server.now, places.in_flight, places.waiting) == (100, 100, 200)
        places.set(max_concurrent_requests=10)
        await turns()
        assert (server.now, places.in_flight) == (100, 100)
        await asyncio.sleep(10.5)
        assert (server.now, places.in_flight, places.waiting) == (10, 10, 190)
        places.set(max_concurrent_requests=0)
        await asyncio.sleep(30)
        assert (server.now, places.in_flight, places.waiting) == (0, 0, 190)
        for size, waiting in ((7, 183), (12, 178)):
            places.set(max_concurrent_requests=size)
            await turns()
            assert (server.now, places.waiting) == (size, waiting)
        places.set(max_concurrent_requests=100)
        assert places.max_concurrent_requests == 100
        replies = await asyncio.gather(*calls)
        assert len(replies) == 300
        assert server.peak == 100


def bimodal(knee: int) -> VirtualServer:
    """A server that answers one call in four in 4 s and the others in 10 ms, and refuses all beyond `knee` at once."""
    server = VirtualServer()

    def answer(request: object) -> Answer:
        if server.now >= knee:
            return refuses(429)
        return says(wait=4.0 if len(server.requests) % 4 == 0 else 0.01)

    server.always = answer
    return server


async def served(seconds: float, server: VirtualServer, **more: Any) -> tuple[int, Any]:
    """How many calls are answered in so many seconds, by a client that always has more to ask; and its limit."""
    loop = asyncio.get_running_loop()
    done = 0
    options = {**PATIENT, **FAST, "initial_retry_delay": 0.05, "max_retries": 100, "timeout": 10_000, **more}
    async with Client(transport=server, keys={"openai": "k"}, **options) as ai:

        async def caller() -> None:
            nonlocal done
            while loop.time() < seconds:
                await ai.chat("openai:m", "hi")
                done += loop.time() <= seconds

        await asyncio.gather(*(caller() for _ in range(100)))
        limit = limit_of(ai) if options.get("adaptive_concurrency") else None
    return done, limit


@scenario("Q14")
async def test_answers_of_very_different_length_do_not_make_the_limit_collapse() -> None:
    """Some calls take 400 times as long as others: at least four fifths of the best fixed limit are served."""
    best, _ = await served(60, bimodal(30), max_concurrent_requests=30, queue_size=5_000)
    loop = asyncio.get_running_loop()
    began = loop.time()
    found, limit = await served(began + 60, bimodal(30), **ADAPTIVE)
    assert found >= 0.8 * best
    assert 20 <= limit.limit <= 31


@scenario("Q15")
async def test_what_is_not_used_does_not_grow() -> None:
    """A thousand calls, three at a time with a limit of eight: the limit stays eight."""
    server = VirtualServer(always=says(wait=0.1))
    async with watched(server, **ADAPTIVE) as ai:
        for _ in range(1_000 // 3 + 1):
            await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(3)))
            assert limit_of(ai).limit == 8
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(8)))
        assert limit_of(ai).limit > 8


@scenario("Q16")
async def test_cancelled_calls_say_nothing_and_free_their_places() -> None:
    """A hundred are cancelled under way and waiting: the limit is the same, nothing was cut, all places are free."""
    server = VirtualServer(always=says(wait=5.0))
    async with watched(server, **ADAPTIVE) as ai:
        calls = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(100)]
        await asyncio.sleep(1)
        limit = limit_of(ai)
        before = (limit.limit, limit.cuts, limit._successes)
        assert (server.now, limit.in_flight) == (8, 8)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert (limit.limit, limit.cuts, limit._successes) == before
        assert limit.in_flight == 0
        assert len(await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(8)))) == 8


class FailingGate:
    """Works until it is told not to."""

    key = None

    def __init__(self) -> None:
        self.fails = False
        self.at = 0.0

    def try_take(self, call: Any, now: float) -> Any:
        """A lease, an instant, or a fault for calls of the tenant `x`."""
        if self.fails and call.tags.get("tenant") == "x":
            raise ZeroDivisionError
        return self.at if now < self.at else self

    def settle(self, outcome: Any, now: float) -> None:
        """A fault of its own, if it was told so."""
        if self.fails:
            raise KeyError("settling")


@scenario("Q18")
@pytest.mark.parametrize("held", [False, True])
async def test_a_gate_that_fails_hangs_nobody(held: bool) -> None:
    """Asked at once, after a wait or by a timer: the call concerned ends typed, all others are answered, none hangs."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server, max_concurrent_requests=2) as ai:
        await ai.chat("openai:m", "hi")
        gate = FailingGate()
        lane_of(ai).gates.insert(0, gate)  # type: ignore[attr-defined]
        gate.at = asyncio.get_running_loop().time() + 5.0 if held else 0.0
        names = ["x", "y", "y", "x", "y", "y"]
        calls = [asyncio.ensure_future(ai.chat("openai:m", "hi", tags={"tenant": name})) for name in names]
        gate.fails = True
        told: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        ends = await asyncio.gather(*calls, return_exceptions=True)
        kinds = [type(end).__name__ for end in ends]
        assert kinds == ["DispatcherError" if name == "x" else "Reply" for name in names]
        failed = ends[0]
        assert isinstance(failed, DispatcherError)
        assert "ZeroDivisionError" in failed.message
        assert isinstance(failed.__cause__, ZeroDivisionError)
        assert [type(one["exception"]) for one in told] == [KeyError] * 4
        gate.fails = False


@scenario("Q18")
async def test_closing_fails_what_a_gate_held() -> None:
    """A gate that never says yes holds nobody beyond the close."""
    async with Client(transport=VirtualServer(), keys={"openai": "k"}) as ai:
        await ai.chat("openai:m", "hi")
        gate = FailingGate()
        lane_of(ai).gates.insert(0, gate)  # type: ignore[attr-defined]
        gate.at = float("inf")
        calls = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(3)]
        await turns()
        await ai.aclose()
        assert {type(end) for end in await asyncio.gather(*calls, return_exceptions=True)} == {ClientClosedError}


@scenario("Q19")
@pytest.mark.parametrize(("reserved", "starts"), [(1, 0.5), (0, 10.0)])
async def test_a_flood_of_low_leaves_a_place_for_high(reserved: int, starts: float) -> None:
    """With a place kept back the urgent call starts when it comes; without, when one of the flood has ended."""
    server = VirtualServer(always=says(wait=10.0))
    async with watched(server, max_concurrent_requests=3, reserved_for_high=reserved) as ai:
        low = [asyncio.ensure_future(ai.chat("openai:m", "x", priority=Priority.LOW)) for _ in range(12)]
        await asyncio.sleep(0.5)
        assert server.now == 3 - reserved
        high = await ai.chat("openai:m", "x", priority=Priority.HIGH)
        assert server.times[3 - reserved] == starts
        assert high.text == "hello"
        await asyncio.gather(*low)
