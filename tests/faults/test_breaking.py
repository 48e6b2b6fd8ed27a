"""Group K, through the whole client: who is let through, and what counts."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import AccelError, CircuitOpenError, OverloadedError
from tests.faults.scenarios import scenario
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import PATIENT, watched

OPENS = {"max_retries": 0, "failure_threshold": 2, "reset_timeout": 30.0, "max_reset_timeout": 30.0}


async def opened(ai: Client, model: str = "openai:m") -> None:
    """Fail until the breaker of a model is open."""
    for _ in range(2):
        with pytest.raises(OverloadedError):
            await ai.chat(model, "hi")
    with pytest.raises(CircuitOpenError):
        await ai.chat(model, "hi")


def state_of(ai: Client) -> Any:
    """The state of its breaker."""
    return ai.report()["circuit_breaker"]["state"]


DOWN = [refuses(503)] * 2


@scenario("K01")
async def test_of_a_thousand_callers_one_probes() -> None:
    """The others are refused with the seconds to wait, and nothing of theirs is sent."""
    server = VirtualServer(*DOWN, always=says(wait=1.0))
    async with watched(server, max_concurrent_requests=1_000, queue_size=1_000, **OPENS) as ai:
        await opened(ai)
        await asyncio.sleep(30)
        ends = await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(1_000)), return_exceptions=True)
        refused = [end for end in ends if isinstance(end, CircuitOpenError)]
        assert (len(refused), len(server.requests)) == (999, 3)
        assert all(end.retry_after for end in refused)
        assert state_of(ai) == "closed"


@scenario("K02")
@pytest.mark.parametrize("turns", range(8))
async def test_a_cancelled_probe_neither_closes_nor_wedges(turns: int) -> None:
    """Cancelled at any turn of the loop: half-open still, and the next call is the probe."""
    server = VirtualServer(*DOWN, always=says(wait=1.0))
    async with watched(server, **OPENS) as ai:
        await opened(ai)
        await asyncio.sleep(30)
        probe = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        for _ in range(turns):
            await asyncio.sleep(0)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        assert state_of(ai) == "half-open"
        await ai.chat("openai:m", "hi")
        assert state_of(ai) == "closed"


@scenario("K03")
@pytest.mark.parametrize(
    ("status", "state"),
    [(400, "closed"), (401, "closed"), (404, "closed"), (429, "closed"), (408, "half-open"), (503, "open")],
)
async def test_what_a_probes_answer_decides(status: int, state: str) -> None:
    """Any answer shows that the service lives, but for those that say nothing and for failures."""
    server = VirtualServer(*DOWN, refuses(status))
    async with watched(server, **OPENS) as ai:
        await opened(ai)
        await asyncio.sleep(30)
        with pytest.raises(AccelError):
            await ai.chat("openai:m", "hi")
        assert state_of(ai) == state


@scenario("K05", "K06")
@pytest.mark.parametrize("late", [says(wait=100.0), refuses(503, None, 100.0)])
async def test_results_from_before_it_opened_change_nothing(late: Any) -> None:
    """A call that began before, and ends while it is half-open, well or not: the state is what it was."""
    server = VirtualServer(late, *DOWN)
    async with watched(server, timeout=600, **OPENS) as ai:
        old = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await asyncio.sleep(1)
        await opened(ai)
        await asyncio.sleep(60)
        assert state_of(ai) == "half-open"
        await asyncio.gather(old, return_exceptions=True)
        assert state_of(ai) == "half-open"


@scenario("K09")
async def test_a_storm_of_cancelled_calls_is_no_failure() -> None:
    """In flight, in the queue and in backoff."""
    server = VirtualServer(always=says(wait=5.0))
    async with watched(server, max_concurrent_requests=500, queue_size=500, failure_threshold=1) as ai:
        for _ in range(3):
            tasks = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(1_000)]
            await asyncio.sleep(1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert state_of(ai) == "closed"


@scenario("K10")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
async def test_storms_of_what_is_not_its_fault(status: int) -> None:
    """A thousand of them leave it closed."""
    async with watched(VirtualServer(always=refuses(status)), max_retries=0, failure_threshold=1) as ai:
        for _ in range(1_000):
            with pytest.raises(AccelError):
                await ai.chat("openai:m", "hi")
        assert state_of(ai) == "closed"


@scenario("K12")
async def test_it_stays_open_longer_each_time() -> None:
    """Waits grow to the maximum while probes fail, and start over after one that succeeds."""
    server = VirtualServer(always=refuses(503))
    options = {**OPENS, "reset_timeout": 5.0, "max_reset_timeout": 120.0}
    async with watched(server, **options) as ai:
        await opened(ai)
        waits = []
        for _ in range(8):
            with pytest.raises(CircuitOpenError) as caught:
                await ai.chat("openai:m", "hi")
            waits.append(caught.value.retry_after or 0.0)
            await asyncio.sleep(waits[-1] + 1e-6)  # sums of times are rounded
            with pytest.raises(OverloadedError):
                await ai.chat("openai:m", "hi")
        assert waits[0] == pytest.approx(5.0)
        assert all(5.0 - 1e-6 <= wait <= 120.0 + 1e-6 for wait in waits)
        assert max(waits) > 50.0
        await asyncio.sleep(120)
        server.answers = [says(), *DOWN]
        await ai.chat("openai:m", "hi")
        await opened(ai)
        with pytest.raises(CircuitOpenError) as caught:
            await ai.chat("openai:m", "hi")
        assert caught.value.retry_after == pytest.approx(5.0)


@scenario("K13")
async def test_one_dead_model_leaves_the_others_alone() -> None:
    """Same host, same key, another model: it is asked as before."""

    def by_model(request: Any) -> Any:
        return refuses(503) if b'"model":"dead"' in request.body else says()

    async with watched(VirtualServer(always=by_model), **OPENS) as ai:
        await opened(ai, "openai:dead")
        for _ in range(10):
            assert (await ai.chat("openai:alive", "hi")).text == "hello"
        with pytest.raises(CircuitOpenError):
            await ai.chat("openai:dead", "hi")


@scenario("K14")
async def test_a_provider_that_is_down_is_probed_once_for_all_its_models() -> None:
    """Twenty models, all dead: in each interval one request arrives, not twenty."""
    server = VirtualServer(always=refuses(503))
    async with watched(server, max_concurrent_requests=100, **OPENS) as ai:
        for _ in range(4):
            await asyncio.gather(*(ai.chat(f"openai:m{n}", "hi") for n in range(20)), return_exceptions=True)
        for _ in range(5):
            await asyncio.sleep(31)
            before = len(server.requests)
            for number in range(20):
                with pytest.raises((CircuitOpenError, OverloadedError)):
                    await ai.chat(f"openai:m{number}", "hi")
            assert len(server.requests) - before <= 1


@scenario("K15")
async def test_any_number_of_model_names_takes_bounded_memory() -> None:
    """Five thousand names: a thousand breakers and a few hundred rows of the report are kept."""
    async with watched(VirtualServer(), max_retries=0, **PATIENT) as ai:
        for number in range(5_000):
            await ai.chat(f"openai:m{number}", "hi")
        assert len(ai.statistics()["breakers"]) <= 1_010
        assert len(ai.report()["models"]) <= 201


@scenario("K16")
async def test_ten_thousand_refusals_are_ten_thousand_exceptions() -> None:
    """None grows a traceback, as each is made anew."""
    async with watched(VirtualServer(*DOWN), **OPENS) as ai:
        await opened(ai)
        depth, kept = set(), []
        for _ in range(10_000):
            try:
                await ai.chat("openai:m", "hi")
            except CircuitOpenError as error:
                depth.add(sum(1 for _ in traceback.walk_tb(error.__traceback__)))
                kept.append(error)
        assert (len(set(map(id, kept))), len(depth)) == (10_000, 1)
