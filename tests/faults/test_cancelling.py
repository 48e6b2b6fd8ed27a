"""Groups X and Q, through the whole client: cancelled anywhere, waiting in line, cut off in line."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from ipfs_accel_async import Keys
from ipfs_accel_async.errors import DeadlineExceededError, QueueFullError
from tests.faults.scenarios import scenario
from tests.faults.streaming import DONE, event
from tests.faults.virtual import VirtualServer, refuses, says, streams
from tests.faults.watching import FAST, watched


@scenario("X03")
@pytest.mark.parametrize("answer", [says(wait=1.0), refuses(400, None, 1.0), refuses(503, None, 1.0)])
async def test_cancelled_in_the_step_of_the_result(answer: Any) -> None:
    """A result and a cancellation in one step: the caller gets either, and every permit is back."""
    async with watched(VirtualServer(always=answer), max_concurrent_requests=3, max_retries=0) as ai:
        loop, rng = asyncio.get_running_loop(), random.Random(3)
        for _ in range(40):
            began = loop.time()
            tasks = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(7)]
            for task in tasks:
                loop.call_at(began + rng.choice([1.0, 1.0, 2.0, 0.5]), task.cancel)
            await asyncio.gather(*tasks, return_exceptions=True)
            assert ai.statistics()["under_way"] == 0


@scenario("X02")
async def test_cancelled_twice_in_a_row_at_any_turn() -> None:
    """A stream being closed by one cancellation gets another: what it held is back after the first."""
    server = VirtualServer(always=streams(event("a"), 1.0, event("b"), 1.0, DONE))
    async with watched(server, max_concurrent_requests=1, max_retries=0) as ai:

        async def read() -> None:
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()

        for turns in range(12):
            task = asyncio.ensure_future(read())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await read()


@scenario("X04")
async def test_the_outer_timeout_and_the_deadline_at_once() -> None:
    """Both at the same instant: a TimeoutError of one of them, and no cancellation left over in the task."""
    async with watched(VirtualServer(always=says(wait=100.0)), max_retries=0) as ai:
        task = asyncio.current_task()
        assert task is not None
        for _ in range(10):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5):
                    await ai.chat("openai:m", "hi", timeout=5)
            assert task.cancelling() == 0


@scenario("X05")
async def test_a_sibling_that_fails_cancels_a_hundred_calls() -> None:
    """The group raises the sibling's error alone; nothing is left in flight or queued."""
    async with watched(VirtualServer(always=says(wait=50.0)), queue_size=1_000, max_retries=0) as ai:

        async def fails() -> None:
            await asyncio.sleep(1)
            raise LookupError("sibling")

        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                for _ in range(100):
                    group.create_task(ai.chat("openai:m", "hi"))
                group.create_task(fails())
        assert [type(error) for error in caught.value.exceptions] == [LookupError]


@scenario("X11")
async def test_cancelled_inside_a_callable_of_the_callers() -> None:
    """While the source of a token hangs: the permit is back, and the next call asks it again."""
    asked: list[int] = []

    async def token() -> str:
        asked.append(1)
        if len(asked) == 1:
            await asyncio.Event().wait()
        return "sk-token-0123456789"

    options: dict[str, Any] = {"keys": {"openai": Keys(token)}, "max_concurrent_requests": 1}
    async with watched(VirtualServer(), **options) as ai:
        task = asyncio.ensure_future(ai.request("openai", "GET", "/models"))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("Q04")
async def test_a_deadline_that_passes_in_the_queue() -> None:
    """Ended at its instant, and never sent."""
    server = VirtualServer(always=says(wait=100.0))
    async with watched(server, max_concurrent_requests=1, max_retries=0) as ai:
        ahead = asyncio.ensure_future(ai.chat("openai:m", "ahead"))
        await asyncio.sleep(0)
        with pytest.raises(DeadlineExceededError) as caught:
            await ai.chat("openai:m", "behind", timeout=7)
        assert (caught.value.phase, asyncio.get_running_loop().time()) == ("queue", 7.0)
        await ahead
        assert len(server.requests) == 1


@scenario("Q03")
@pytest.mark.parametrize("policy", ["reject", "drop-lowest", "wait"])
async def test_a_full_queue_loses_nobody_silently(policy: str) -> None:
    """Of fifty calls on three places each ends: served, or refused with QueueFullError."""
    options: dict[str, Any] = {"max_concurrent_requests": 1, "queue_size": 2, "queue_overflow_policy": policy}
    async with watched(VirtualServer(always=says(wait=1.0)), **options) as ai:
        calls = [ai.chat("openai:m", "hi", priority=number % 3) for number in range(50)]
        ends = await asyncio.gather(*calls, return_exceptions=True)
        refused = [end for end in ends if isinstance(end, QueueFullError)]
        assert len(refused) == (0 if policy == "wait" else 47)
        assert all(isinstance(end, QueueFullError) or end.text == "hello" for end in ends)  # type: ignore[union-attr]


@scenario("Q01", "Q02")
async def test_low_calls_are_served_among_endless_high_ones() -> None:
    """Within the aging time and one service, with payloads that nothing can compare."""
    async with watched(VirtualServer(always=says(wait=1.0)), max_concurrent_requests=1, priority_aging=10) as ai:
        high: list[asyncio.Task[Any]] = []

        async def flood() -> None:
            while True:
                high.append(asyncio.ensure_future(ai.chat("openai:m", [{"role": "user", "content": "h"}], priority=0)))
                await asyncio.sleep(0.9)

        flooding = asyncio.ensure_future(flood())
        await asyncio.sleep(2)
        began = asyncio.get_running_loop().time()
        await ai.chat("openai:m", "low", priority=2)
        assert asyncio.get_running_loop().time() - began <= 20 + 10
        flooding.cancel()
        await asyncio.gather(flooding, *high, return_exceptions=True)


@scenario("Q09")
@pytest.mark.parametrize("seed", range(5))
async def test_the_cap_holds_under_random_schedules(seed: int) -> None:
    """Calls of random length, failing, retried and cancelled at random: never more in flight than the cap."""
    rng = random.Random(seed)

    def any_answer(_: Any) -> Any:
        return rng.choice([says(wait=rng.random()), refuses(503, None, rng.random()), refuses(400)])

    server = VirtualServer(always=any_answer)
    async with watched(server, max_concurrent_requests=4, queue_size=1_000, failure_threshold=1_000, **FAST) as ai:
        tasks = []
        for _ in range(300):
            tasks.append(asyncio.ensure_future(ai.chat("openai:m", "hi", priority=rng.randrange(3))))
            if rng.random() < 0.2:
                rng.choice(tasks).cancel()
            await asyncio.sleep(rng.random() / 20)
        await asyncio.gather(*tasks, return_exceptions=True)
    assert server.peak <= 4
