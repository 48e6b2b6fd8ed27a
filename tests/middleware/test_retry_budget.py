"""The retry budget at work: a backend that is down is not asked to death, a lone call is still retried."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async import Client, MockTransport, RateLimitError, ServerError
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON, completion, error_body

DOWN = MockTransport.reply(error_body("down"), status=500, headers=JSON)
SLOW = MockTransport.reply(error_body("slow"), status=429, headers={**JSON, "retry-after": "0.01"})


def client(mock: MockTransport, **settings: object) -> Client:
    """A client without a breaker to speak of, so that only the budget holds retries back."""
    bounds = {
        "failure_threshold": 10**6,
        "failure_rate_calls": 10**6,
        "queue_size": 20_000,
        "max_concurrent_requests": 100,
        "max_retries": 20,
    }
    quick = {"initial_retry_delay": 0.01, "max_retry_delay": 0.05}
    return Client(transport=mock, keys={"openai": "k"}, **{**bounds, **quick, **settings})


async def test_a_backend_that_is_down_gets_a_fifth_more_than_the_calls() -> None:
    """2,000 calls that all fail: at most 1.2 requests a call and the reserve of each ten seconds."""
    mock = MockTransport(lambda _: DOWN)
    loop = asyncio.get_running_loop()
    async with client(mock) as ai:
        started = loop.time()
        ended = await asyncio.gather(*(ai.chat("openai:m", "x") for _ in range(2_000)), return_exceptions=True)
        windows = 1 + int((loop.time() - started) / 10)
    assert len(mock.requests) <= 1.2 * 2_000 + 10 * windows
    assert all(isinstance(error, ServerError) for error in ended)
    assert sum(error.retry_suppressed == "budget" for error in ended) > 1_000  # type: ignore[union-attr]


async def test_a_lone_call_is_retried_as_often_as_it_may() -> None:
    """The reserve is enough for the five retries of the defaults."""
    left = [DOWN] * 5
    mock = MockTransport(lambda _: left.pop() if left else MockTransport.reply(completion(), headers=JSON))
    async with client(mock, max_retries=5) as ai:
        assert (await ai.chat("openai:m", "x")).attempts == 6


async def test_what_the_service_asks_for_costs_nothing() -> None:
    """A 429 says when to come back: every call does, however many there are."""
    seen: dict[str, int] = {}

    def limited(request: Request) -> Response:
        name = dict(request.headers)[b"x-request-id"].decode()
        seen[name] = seen.get(name, 0) + 1
        return SLOW if seen[name] == 1 else MockTransport.reply(completion(), headers=JSON)

    async with client(MockTransport(limited)) as ai:
        replies = await asyncio.gather(*(ai.chat("openai:m", "x") for _ in range(200)))
    assert [reply.attempts for reply in replies] == [2] * 200


async def test_each_endpoint_has_a_budget_of_its_own() -> None:
    """One that is used up does not keep another from being retried."""
    left = [DOWN] * 3

    def service(request: Request) -> Response:
        if "127.0.0.1" in request.url:
            return DOWN
        return left.pop() if left else MockTransport.reply(completion(), headers=JSON)

    async with client(MockTransport(service), retry_budget_reserve=3, retry_budget_ratio=0) as ai:
        handler = ai.handler("openai", "m", "http://127.0.0.1:9")
        with pytest.raises(ServerError) as caught:
            await handler("x")
        assert (caught.value.attempts, caught.value.retry_suppressed) == (4, "budget")
        assert (await ai.chat("openai:m", "x")).attempts == 4


async def test_without_budget_nothing_is_retried_but_what_is_asked_for() -> None:
    """Ratio and reserve of zero."""
    mock = MockTransport(lambda _: DOWN)
    async with client(mock, retry_budget_reserve=0, retry_budget_ratio=0) as ai:
        with pytest.raises(ServerError):
            await ai.chat("openai:m", "x")
    assert len(mock.requests) == 1
    mock = MockTransport(lambda _: SLOW)
    async with client(mock, retry_budget_reserve=0, retry_budget_ratio=0, max_retries=2) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat("openai:m", "x")
    assert len(mock.requests) == 3
