"""What a call tells of its waits for rate limits, and of the endpoint that was chosen for it."""

from __future__ import annotations

import asyncio
from typing import Any, get_args

import pytest

from ipfs_accel_async import Client, DeadlineExceededError, Key, Keys, MockTransport, RateLimitError
from ipfs_accel_async.middleware.replicas import WHY
from ipfs_accel_async.policy.balance import Strategy
from tests.answering import JSON, Server, completion, error_body

A, B = "http://a:8000/v1", "http://b:8000/v1"
MODEL = "vllm:llama"


async def test_the_wait_for_a_rate_limit_is_told_apart_from_the_queue() -> None:
    """Ten a second are allowed, six at once: the seventh waits for the limit; one behind a cap does not."""
    async with Server(seconds=1.0).client(rpm=60, burst_seconds=6, max_concurrent_requests=50) as ai:
        made = [ai.explain(one) for one in await asyncio.gather(*(ai.chat("openai:m", str(n)) for n in range(7)))]
    assert [one["limit_ms"] for one in made[:6]] == [0] * 6
    assert made[6]["limit_ms"] == made[6]["queue_ms"] == made[6]["attempts"][0]["limit_ms"] > 500
    assert made[6]["overhead_ms"] == 0
    assert f"{made[6]['limit_ms']:.1f} of them for a rate limit" in str(made[6])
    async with Server(seconds=1.0).client(rpm=60, max_concurrent_requests=1) as ai:
        behind = ai.explain((await asyncio.gather(ai.chat("openai:m", "1"), ai.chat("openai:m", "2")))[1])
    assert (behind["queue_ms"], behind["limit_ms"]) == (1_000, 0)
    assert "rate limit" not in str(behind)


async def test_both_waits_of_one_call_add_up() -> None:
    """A second behind the cap, then what is left until the limit has room for it."""
    async with Server(seconds=1.0).client(rpm=60, burst_seconds=2, max_concurrent_requests=1) as ai:
        replies = await asyncio.gather(*(ai.chat("openai:m", str(n)) for n in range(4)))
        made = [ai.explain(reply) for reply in replies]
    for one in made:
        assert 0 <= one["limit_ms"] <= one["queue_ms"]
        assert one["queue_ms"] + one["network_ms"] == pytest.approx(one["total_ms"])


async def test_a_wait_that_the_deadline_ends_is_told_too() -> None:
    """With the error, of a key that is taken; and the pause of a key after a 429 is such a wait."""
    async with Server(seconds=60.0).client(keys={"openai": Keys(Key("sk-test", max_concurrent=1))}) as ai:
        first = asyncio.ensure_future(ai.chat("openai:m", "1"))
        await asyncio.sleep(1)
        with pytest.raises(DeadlineExceededError) as caught:
            await ai.chat("openai:m", "2", timeout=5)
        told = ai.explain(caught.value)
        assert (told["limit_ms"], told["queue_ms"], told["attempts"][0]["outcome"]) == (5_000, 5_000, "refused")
        await first
    refused = MockTransport.reply(error_body("slow"), status=429, headers={**JSON, "retry-after": "30"})
    async with Server(refused).client(max_retries=0) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat("openai:m", "1")
        made = ai.explain(await ai.chat("openai:m", "2"))
    assert (made["limit_ms"], made["queue_ms"]) == (30_000, 30_000)


def a_pool(balance: str, *, down: str = "", **more: Any) -> Client:
    """A client of a provider with two endpoints, of which one may be down."""

    async def answer(request: Any) -> Any:
        await asyncio.sleep(1.0)
        host = request.url.removeprefix("http://")[0]
        if host == down:
            return MockTransport.reply(error_body("down"), status=500, headers=JSON)
        return MockTransport.reply(completion(host), headers=JSON)

    own = {"endpoints": [{"url": A, "name": "one"}, {"url": B, "name": "two"}], "balance": balance, **more}
    return Client(providers={"vllm": own}, keys={"openai": "k"}, transport=MockTransport(answer), retry_jitter=0)


@pytest.mark.parametrize("balance", ["p2c", "weighted", "least-loaded", "latency", "cheapest", "prefix"])
async def test_of_several_endpoints_it_says_why_this_one(balance: str) -> None:
    """By the strategy; one that was asked for by name says that, and a lone one has no reason."""
    async with a_pool(balance) as ai:
        made = ai.explain(await ai.chat(MODEL, "hi"))
        (attempt,) = made["attempts"]
        assert attempt["endpoint"] in {A, B}
        assert attempt["endpoint_why"]
        assert f"{attempt['endpoint']} ({attempt['endpoint_why']})" in str(made)
        asked = ai.explain(await ai.handler("vllm", "llama", "two")("hi"))["attempts"][0]
        assert (asked["endpoint"], asked["endpoint_why"]) == (B, "asked for")
    async with Server().client() as ai:
        assert ai.explain(await ai.chat("openai:m", "hi"))["attempts"][0]["endpoint_why"] is None


async def test_the_one_that_failed_and_the_one_that_is_full_are_told() -> None:
    """A retry names the endpoint that it avoids; where the first choice has no room, that is why."""
    async with a_pool("cheapest", down="a") as ai:
        first, second = ai.explain(await ai.chat(MODEL, "hi"))["attempts"]
        assert (first["endpoint"], first["endpoint_why"]) == (A, "the lowest price")
        assert (second["endpoint"], second["endpoint_why"]) == (
            B,
            "the lowest price, without one, which had just failed",
        )
    full: dict[str, Any] = {"endpoints": [{"url": A, "price": 1, "max_concurrent_requests": 1}, {"url": B, "price": 2}]}
    async with a_pool("cheapest", **full) as ai:
        replies = await asyncio.gather(ai.chat(MODEL, "1"), ai.chat(MODEL, "2"))
        whys = [ai.explain(reply)["attempts"][0]["endpoint_why"] for reply in replies]
    assert whys == ["the lowest price", "others before it could not take the call"]


async def test_a_fallback_to_a_lone_endpoint_has_no_reason_left_over() -> None:
    """What was said of the pool is not said of the other provider."""
    async with a_pool("cheapest", down="a", endpoints=[A, {"url": "http://a.other:8000/v1"}]) as ai:
        made = ai.explain(await ai.chat(MODEL, "hi", fallbacks=["openai:m"], timeout=1_000))
    assert made["attempts"][0]["endpoint_why"] == "the lowest price"
    assert (made["attempts"][-1]["target"], made["attempts"][-1]["endpoint_why"]) == ("openai:m", None)


def test_every_strategy_has_its_words() -> None:
    """None is left without a reason."""
    assert set(WHY) == set(get_args(Strategy))
