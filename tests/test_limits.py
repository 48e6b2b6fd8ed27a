"""Rate limits of the client: whose they are, what is spent, and what is learnt."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import AllKeysExhaustedError, CostExceedsLimitError, DeadlineExceededError, RateLimitError
from ipfs_accel_async.keys import Key, Keys
from tests.answering import error_body, header
from tests.faults.virtual import VirtualServer, refuses, says, streams


def client(server: Any, **more: Any) -> Client:
    """A client of a virtual server that lets many calls go at once."""
    return Client(transport=server, **{"keys": {"openai": "sk-test"}, "max_concurrent_requests": 100, **more})


def state(ai: Client, model: str = "m") -> dict[str, Any]:
    """What is known of a model's limits."""
    (groups,) = ai.statistics()["lanes"][0]["limits"]
    ((_, models),) = groups.items()
    return dict(models[model])


async def test_a_provider_has_its_limits_and_others_have_theirs() -> None:
    """Settings of the client hold for all, those of a provider for it."""
    server = VirtualServer()
    async with client(server, rpm=60, providers={"groq": {"rpm": 600}}, keys={"openai": "a", "groq": "b"}) as ai:
        await asyncio.gather(*(ai.chat(f"{name}:m", "hi") for name in ("openai", "groq") for _ in range(20)))
    hosts = [
        ("openai" in request.url.split("/")[2], at) for request, at in zip(server.requests, server.times, strict=True)
    ]
    assert [at for openai, at in hosts if openai] == [0.0] * 6 + [float(second) for second in range(1, 15)]
    assert {at for openai, at in hosts if not openai} == {0.0}


async def test_each_model_has_its_own() -> None:
    """A model that waits holds back no other."""
    server = VirtualServer()
    async with client(server, rpm=60) as ai:
        first = [asyncio.ensure_future(ai.chat("openai:a", "hi")) for _ in range(10)]
        await asyncio.sleep(0)
        await asyncio.gather(*(ai.chat("openai:b", "hi") for _ in range(6)))
        assert asyncio.get_running_loop().time() == 0.0
        await asyncio.gather(*first)
    assert max(server.times) == 4.0


async def test_waiters_sleep_to_the_instant_and_nobody_polls() -> None:
    """Ten calls wait for ten refills: the clock stops at these instants and at no others."""
    server, loop = VirtualServer(), asyncio.get_running_loop()
    async with client(server, rpm=60) as ai:
        turns = 0
        inner = loop.call_at

        def counted(at: float, *given: Any, **more: Any) -> Any:
            nonlocal turns
            turns += 1
            return inner(at, *given, **more)

        loop.call_at = counted  # type: ignore[method-assign]
        try:
            await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(16)))
        finally:
            loop.call_at = inner  # type: ignore[method-assign]
    assert server.times == [0.0] * 6 + [float(second) for second in range(1, 11)]
    assert turns <= 16 * 4


async def test_keys_of_their_own_quota_add_up_and_those_of_one_group_do_not() -> None:
    """Two keys of two groups have twice the limit, two of one group have it once."""
    for groups, instants in ((("x", "y"), 1), (("x", "x"), 6)):
        server = VirtualServer()
        keys = Keys(*(Key(f"sk-{number}", quota_group=group, rpm=60) for number, group in enumerate(groups)))
        async with client(server, keys={"openai": keys}) as ai:
            await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(12)))
        assert len(set(server.times)) == instants + (groups == ("x", "x"))


async def test_a_service_without_keys_has_limits_all_the_same() -> None:
    """A model server of one's own, say."""
    server = VirtualServer()
    async with client(server, keys={}, base_urls={"vllm": "http://server.test/v1"}, rpm=60) as ai:
        await asyncio.gather(*(ai.chat("vllm:m", "hi") for _ in range(8)))
    assert server.times == [0.0] * 6 + [1.0, 2.0]


async def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    """The refusal comes at once, or at the deadline at the latest, and nothing was sent."""
    server = VirtualServer()
    async with client(server, rpm=1) as ai:
        await ai.chat("openai:m", "hi")
        with pytest.raises((DeadlineExceededError, AllKeysExhaustedError)):
            await ai.chat("openai:m", "hi", timeout=5)
        assert asyncio.get_running_loop().time() <= 5.0
    assert len(server.requests) == 1


async def test_a_stream_is_settled_when_it_is_closed() -> None:
    """Until then its reservation stands."""
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
    stop = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":15,"total_tokens":20}}\n\n'
    server = VirtualServer(streams(chunk, 2.0, stop, usage, b"data: [DONE]\n\n"))
    async with client(server, tpm=10_000) as ai:
        async with ai.stream("openai:m", "hi", max_tokens=500) as stream:
            assert state(ai)["tpm"]["remaining"] < 9_500
            async for _ in stream:
                pass
        assert state(ai)["tpm"]["remaining"] == 9_980


async def test_a_429_teaches_a_limit_that_nobody_set() -> None:
    """From then on calls keep to it; before it nothing is counted."""
    told = {"x_ratelimit_limit_requests": "60", "x_ratelimit_remaining_requests": "0", "retry_after": "1"}
    server = VirtualServer(says(), refuses(429, **told, x_ratelimit_reset_requests="60s"))
    async with client(server, retry_jitter=0.0) as ai:
        await ai.chat("openai:m", "hi")
        assert ai.statistics()["lanes"][0]["limits"] == [{}]
        await ai.chat("openai:m", "hi")
        assert state(ai)["rpm"]["limit"] == 60
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(10)))
    assert len(set(server.times[3:])) >= 9


async def test_learning_can_be_switched_off() -> None:
    """Then a 429 parks, and nothing more."""
    told = {"x_ratelimit_limit_requests": "60", "x_ratelimit_remaining_requests": "0", "retry_after": "1"}
    server = VirtualServer(refuses(429, **told))
    async with client(server, retry_jitter=0.0, learn_limits=False) as ai:
        await ai.chat("openai:m", "hi")
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(10)))
        assert len(set(server.times[2:])) == 1


async def test_an_errors_words_teach_too() -> None:
    """Where the headers say nothing, the text names the limit and the wait."""
    text = "Rate limit reached in organization o on requests per min (RPM): Limit 60, Used 60. Please try again in 2s."
    server = VirtualServer(says(error_body(text), status=429))
    async with client(server, retry_jitter=0.0, initial_retry_delay=0.0) as ai:
        await ai.chat("openai:m", "hi")
        assert 2.0 <= server.times[1] <= 2.2
        assert state(ai)["rpm"]["limit"] == 60


async def test_what_an_error_said_of_the_limits_is_on_it() -> None:
    """Body first, then headers."""
    text = "on tokens per min (TPM): Limit 10, Used 4. Please try again in 2s."
    headers = {"x-ratelimit-limit-requests": "60"}
    server = VirtualServer(says(error_body(text), status=429, headers=headers))
    async with client(server, max_retries=0) as ai:
        with pytest.raises(RateLimitError) as caught:
            await ai.chat("openai:m", "hi")
    body, head = caught.value.rate_limits
    assert (body.limit_tokens, body.remaining_tokens, head.limit_requests) == (10, 6, 60)
    assert caught.value.retry_after == 2.0


async def test_headers_are_not_parsed_where_nothing_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer's limits are read by who asks for them, and nobody does."""
    from ipfs_accel_async.providers import openai

    monkeypatch.setattr(openai, "parse_openai", None)
    async with client(VirtualServer()) as ai:
        assert (await ai.chat("openai:m", "hi")).text == "hello"


async def test_texts_to_embed_cost_their_tokens() -> None:
    """Input only."""
    vectors = {
        "data": [{"index": 0, "embedding": [1.0]}],
        "model": "e",
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }
    server = VirtualServer(says(vectors, wait=1.0))
    async with client(server, tpm=1_000) as ai:
        call = asyncio.ensure_future(ai.embed("openai:m", "seven words of text to be embedded"))
        await asyncio.sleep(0.5)
        assert 985 <= state(ai)["tpm"]["remaining"] < 1_000
        await call
        assert state(ai)["tpm"]["remaining"] == 993


async def test_expectations_come_down_to_what_calls_use() -> None:
    """After some answers a call reserves what its like used, not all that it may use."""
    server = VirtualServer(always=says(wait=1.0))
    async with client(server, tpm=100_000) as ai:
        for _ in range(20):
            await ai.chat("openai:m", "hi", max_tokens=4_000)
        before = state(ai)["tpm"]["remaining"]
        call = asyncio.ensure_future(ai.chat("openai:m", "hi", max_tokens=4_000))
        await asyncio.sleep(0.5)
        assert before - state(ai)["tpm"]["remaining"] < 50
        await call


async def test_a_call_must_fit_one_key_and_goes_to_that_one() -> None:
    """What is too large for a small key waits for the large one; what is too large for all is refused at once."""
    server = VirtualServer(always=says(wait=1.0))
    keys = Keys(Key("sk-small", tpm=100), Key("sk-large", tpm=10_000))
    async with client(server, keys={"openai": keys}, max_concurrent_requests=1) as ai:
        calls = [asyncio.ensure_future(ai.chat("openai:m", "hi", max_tokens=900)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(CostExceedsLimitError):
            await ai.chat("openai:m", "hi", max_tokens=50_000)
        assert asyncio.get_running_loop().time() == 0.0
        await asyncio.gather(*calls)
    assert {header(request, "authorization") for request in server.requests} == {"Bearer sk-large"}
