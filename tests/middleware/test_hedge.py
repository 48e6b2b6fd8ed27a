"""Hedging: off unless asked for; the faster of two answers, and nothing left of the other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from ipfs_accel_async import Client, MockTransport, OverloadedError, RequestTimeoutError, ServerError
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON, SSE, completion, error_body, header
from tests.test_cancellation import Suspensions, _await
from tests.virtual_loop import VirtualLoop

OK = MockTransport.reply(completion(), headers=JSON)
DOWN = MockTransport.reply(error_body("down"), status=500, headers=JSON)
BUSY = MockTransport.reply(error_body("busy"), status=503, headers=JSON)
FRAME = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'


class Service:
    """Answers after as many seconds as a list says, then after one each; counts what is under way."""

    def __init__(self, *plan: tuple[float, Response]) -> None:
        self.plan = iter(plan)
        self.mock = MockTransport(self.answer)
        self.under_way = 0
        self.cancelled = 0

    async def answer(self, request: Request) -> Response:
        seconds, answer = next(self.plan, (1.0, OK))
        self.under_way += 1
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1
        return answer

    def client(self, **more: Any) -> Client:
        return Client(
            **{"transport": self.mock, "keys": {"openai": ["k-1", "k-2"]}, "hedge": True, "max_retries": 0, **more}
        )


async def learn(ai: Client, calls: int = 20) -> None:
    """Let it see enough calls of one second."""
    for _ in range(calls):
        await ai.chat("openai:m", "x")


def warm(*plan: tuple[float, Response]) -> Iterator[tuple[float, Response]]:
    """Twenty calls of one second, then the plan."""
    yield from [(1.0, OK)] * 20
    yield from plan


def quiet(ai: Client, before: set[asyncio.Task[Any]]) -> bool:
    """Whether every permit and key is back and no task is left."""
    (lane,) = ai.statistics()["lanes"]
    return (lane["active"], lane["waiting"], lane["keys"]) == (0, 0, [(0, 0)]) and asyncio.all_tasks() == before


async def test_the_second_answer_wins_when_the_first_is_slow() -> None:
    """After the 95th percentile another attempt goes out, by another key; its answer counts, the slow one is gone."""
    service, before = Service(*warm((60.0, OK), (0.5, OK))), asyncio.all_tasks()
    async with service.client() as ai:
        await learn(ai)
        began = asyncio.get_running_loop().time()
        reply = await ai.chat("openai:m", "x")
        assert asyncio.get_running_loop().time() - began == pytest.approx(1.5)
        assert (reply.attempts, service.cancelled, service.under_way, service.mock.open) == (2, 1, 0, 0)
        assert quiet(ai, before)
        first, second = ai.explain(reply)["attempts"]
        assert (first["outcome"], first["error"], first["hedge"]) == ("ignored", "CancelledError", False)
        assert (second["outcome"], second["hedge"]) == ("ok", True)
        assert {first["key"], second["key"]} == {"key-1", "key-2"}
        assert "beside the slow one" in str(ai.explain(reply))
        report = ai.report()
        assert (report["hedges"], report["total_requests"]) == ({"total": 1, "won": 1}, 21)
        assert ai.statistics()["breakers"][0]["state"] == "closed"
        assert len({header(request, "x-request-id") for request in service.mock.requests[-2:]}) == 1


async def test_the_first_answer_wins_when_it_comes_first() -> None:
    """An attempt that was nearly done is not thrown away for the one beside it."""
    service, before = Service(*warm((1.5, OK), (60.0, OK))), asyncio.all_tasks()
    async with service.client() as ai:
        await learn(ai)
        reply = await ai.chat("openai:m", "x")
        assert (reply.attempts, service.cancelled) == (1, 1)
        assert ai.report()["hedges"] == {"total": 1, "won": 0}
        assert quiet(ai, before)


async def test_both_fail_with_the_first_error() -> None:
    """When neither answers well, the error of the call's own attempt is raised."""
    service, before = Service(*warm((5.0, DOWN), (0.1, BUSY))), asyncio.all_tasks()
    async with service.client() as ai:
        await learn(ai)
        with pytest.raises(ServerError) as caught:
            await ai.chat("openai:m", "x")
        assert not isinstance(caught.value, OverloadedError)
        assert [attempt["error"] for attempt in ai.explain(caught.value)["attempts"]] == [
            "ServerError",
            "OverloadedError",
        ]
        assert quiet(ai, before)


async def test_a_failure_waits_for_the_other_answer() -> None:
    """One that fails is no answer: the other one is waited for, whichever it is."""
    service = Service(*warm((3.0, DOWN), (4.0, OK), (3.0, OK), (0.1, DOWN)))
    async with service.client() as ai:
        await learn(ai)
        assert (await ai.chat("openai:m", "x")).text == "hello"
        assert (await ai.chat("openai:m", "x")).text == "hello"


async def test_it_is_off_unless_asked_for() -> None:
    """Without the setting a slow call is waited for."""
    service = Service(*warm((60.0, OK)))
    async with service.client(hedge=False) as ai:
        await learn(ai)
        assert (await ai.chat("openai:m", "x")).attempts == 1
        assert len(service.mock.requests) == 21


async def test_too_few_calls_seen_means_no_second_attempt() -> None:
    """Nobody knows yet what slow is."""
    service = Service(*[(1.0, OK)] * 19, (60.0, OK))
    async with service.client() as ai:
        await learn(ai, 19)
        assert (await ai.chat("openai:m", "x")).attempts == 1


@pytest.mark.parametrize("what", ["not idempotent", "stream"])
async def test_streams_and_what_must_not_be_sent_twice_are_left_alone(what: str) -> None:
    """Both are sent once, however slow."""
    service = Service(*[(1.0, OK)] * 20, (60.0, MockTransport.reply(body=FRAME + b"data: [DONE]\n\n", headers=SSE)))
    async with service.client() as ai:
        for _ in range(20):
            await ai.request("openai", "POST", "/x", idempotent=True)
        if what == "stream":
            async with ai.stream("openai:m", "x") as stream:
                await stream.collect()
        else:
            await ai.request("openai", "POST", "/x")
        assert len(service.mock.requests) == 21


async def test_the_retry_budget_bounds_it() -> None:
    """With no retries to give, nothing is sent twice."""
    service = Service(*warm((60.0, OK)))
    async with service.client(retry_budget_ratio=0.0, retry_budget_reserve=0) as ai:
        await learn(ai)
        assert (await ai.chat("openai:m", "x")).attempts == 1


async def test_it_takes_no_place_from_others() -> None:
    """Where every permit is in use there is no second attempt: it would only add to the load."""
    service = Service(*warm((60.0, OK), (60.0, OK)))
    async with service.client(max_concurrent_requests=2) as ai:
        await learn(ai)
        await asyncio.gather(ai.chat("openai:m", "x"), ai.chat("openai:m", "x"))
        assert len(service.mock.requests) == 22


async def test_time_in_the_queue_is_not_slowness() -> None:
    """A call that waited long for its turn is hedged only once it has been sent for long."""
    service = Service(*warm((5.0, OK), (0.9, OK)))
    async with service.client(max_concurrent_requests=1) as ai:
        await learn(ai)
        replies = await asyncio.gather(ai.chat("openai:m", "x"), ai.chat("openai:m", "x"))
        assert [reply.attempts for reply in replies] == [1, 1]


@pytest.mark.parametrize("after", [0.0, 0.5, 1.2, 1.7])
async def test_cancelling_the_call_ends_both(after: float) -> None:
    """Cancelled before or after the second attempt: no task, permit, key or response is left, nobody is blamed."""
    service, before = Service(*warm((60.0, OK), (60.0, OK))), asyncio.all_tasks()
    async with service.client() as ai:
        await learn(ai)
        task = asyncio.ensure_future(ai.chat("openai:m", "x"))
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert quiet(ai, before)
        assert (service.under_way, service.mock.open) == (0, 0)


async def test_the_deadline_ends_both() -> None:
    """One deadline is over both attempts."""
    service, before = Service(*warm((60.0, OK), (60.0, OK))), asyncio.all_tasks()
    async with service.client() as ai:
        await learn(ai)
        with pytest.raises(RequestTimeoutError) as caught:
            await ai.chat("openai:m", "x", timeout=5)
        assert caught.value.phase == "first byte"
        assert quiet(ai, before)


async def test_a_service_that_stays_slow_is_hedged_within_the_share() -> None:
    """A service that turns slow for good gets at most the budget's share more requests."""
    service = Service(*warm(*[(60.0, OK)] * 400))
    async with service.client(max_concurrent_requests=50, queue_size=1_000, timeout=80_000) as ai:
        await learn(ai)
        await asyncio.gather(*(ai.chat("openai:m", "x") for _ in range(100)))
        assert len(service.mock.requests) <= 120 * 1.2 + 20


def swept(*at: int) -> int:
    """Run a hedged call, cancelled at those suspensions; how often it suspends."""

    async def scenario() -> int:
        service = Service(*warm((60.0, OK), (60.0, DOWN), (0.5, OK)))
        async with service.client(max_retries=1, retry_jitter=0) as ai:
            await learn(ai)
            before = asyncio.all_tasks()
            watched = Suspensions(ai.chat("openai:m", "x"), *at)
            (end,) = await asyncio.gather(asyncio.ensure_future(_await(watched)), return_exceptions=True)
            assert isinstance(end, asyncio.CancelledError) == bool(at), end
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # cancelled twice, the sides end on their own in the next steps
            await asyncio.sleep(0)
            assert quiet(ai, before)
            assert (service.under_way, service.mock.open) == (0, 0)
        return watched.count

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scenario())


def test_cancel_at_every_suspension() -> None:
    """Cancelled at each suspension of a hedged call, once and twice in a row: all is as it was before."""
    count = swept()
    assert count >= 3
    for at in range(1, count + 1):
        swept(at)
        swept(at, at + 1)
