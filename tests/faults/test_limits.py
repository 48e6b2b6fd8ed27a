"""Groups Q, H and E: limits that are kept before the service has to say so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async.errors import ConnectError, CostExceedsLimitError, InvalidRequestError, RejectedError
from tests.answering import completion
from tests.faults.scenarios import scenario
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import watched


def used(prompt: int, answer: int, **more: Any) -> Any:
    """An answer that cost so many tokens."""
    usage = {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
    return says(completion(usage=usage), **more)


def left(ai: Any, name: str = "tpm") -> float:
    """What is left of a limit."""
    (groups,) = ai.statistics()["lanes"][0]["limits"]
    ((_, models),) = groups.items()
    return float(models["m"][name]["remaining"])


@scenario("Q10")
@pytest.mark.parametrize("queued", [False, True])
async def test_a_call_above_the_limit_is_refused_at_once(queued: bool) -> None:
    """It is an invalid request and a rejection, names the limit, waits for nothing, and nobody waits for it."""
    server = VirtualServer(always=used(10, 10, wait=5.0))
    async with watched(server, providers={"openai": {"tpm": 1_000}}, max_concurrent_requests=1) as ai:
        others = [asyncio.ensure_future(ai.chat("openai:m", "hi", max_tokens=10)) for _ in range(3 * queued)]
        await asyncio.sleep(0)
        with pytest.raises(CostExceedsLimitError) as caught:
            await ai.chat("openai:m", "word " * 2_000, max_tokens=10)
        assert asyncio.get_running_loop().time() == 0.0
        assert isinstance(caught.value, InvalidRequestError)
        assert isinstance(caught.value, RejectedError)
        assert (caught.value.code, caught.value.attempts) == ("exceeds_tpm", 0)
        assert "tpm is 1,000" in str(caught.value)
        await asyncio.gather(*others)
        assert len(server.requests) == len(others)


@scenario("Q11")
async def test_a_large_call_is_not_overtaken_by_small_ones() -> None:
    """It waits for its tokens, a flow of small calls behind it: they go in the order they came."""
    server = VirtualServer(always=used(0, 0))
    async with watched(server, providers={"openai": {"tpm": 6_000}}, max_concurrent_requests=50) as ai:
        begun: list[str] = []

        async def call(name: str, tokens: int) -> None:
            await ai.chat("openai:m", name, max_tokens=tokens)

        tasks = [asyncio.ensure_future(call("first", 580)), asyncio.ensure_future(call("large", 3_000))]
        await asyncio.sleep(0)
        tasks += [asyncio.ensure_future(call(f"small-{number}", 10)) for number in range(20)]
        await asyncio.gather(*tasks)
        for request in server.requests:
            begun.append(str(request.body).partition('"content":"')[2].partition('"')[0])
    assert begun == ["first", "large", *(f"small-{number}" for number in range(20))]
    assert server.times[1] > 0.0


@scenario("Q12")
@pytest.mark.parametrize(
    ("answer", "cost"), [(used(8, 42), 50), (used(2_000, 3_000), 5_000), (says({**completion(), "usage": None}), None)]
)
async def test_what_was_reserved_is_settled_to_what_was_used(answer: Any, cost: int | None) -> None:
    """A thousand were reserved: the rest comes back, more is charged, and what nobody knows stays."""
    async with watched(VirtualServer(answer), providers={"openai": {"tpm": 10_000}}) as ai:
        await ai.chat("openai:m", "hi", max_tokens=992)
        reserved = 1_000
        assert left(ai) == pytest.approx(10_000 - (reserved if cost is None else cost), abs=5 if cost is None else 0)


@scenario("Q12")
async def test_what_was_never_used_comes_back() -> None:
    """Cancelled before it was sent, refused by the service, or never connected: its tokens are there again."""
    server = VirtualServer(refuses(400), ConnectError("nobody listens"), always=used(10, 10, wait=9.0))
    async with watched(server, providers={"openai": {"tpm": 10_000}}, max_concurrent_requests=1, max_retries=0) as ai:
        with pytest.raises(Exception, match="no"):
            await ai.chat("openai:m", "hi", max_tokens=900)
        assert left(ai) == 10_000
        running = asyncio.ensure_future(ai.chat("openai:m", "hi", max_tokens=900))
        waiting = asyncio.ensure_future(ai.chat("openai:m", "hi", max_tokens=900))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
        assert left(ai) >= 9_980


@scenario("Q13")
async def test_a_service_that_says_nothing_is_left_is_believed() -> None:
    """Remaining 0 and a reset in 20 s: the next call goes then, and not a moment sooner."""
    told = {
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "20s",
    }
    server = VirtualServer(says(headers=told))
    async with watched(server, providers={"openai": {"rpm": 600}}) as ai:
        await ai.chat("openai:m", "hi")
        await ai.chat("openai:m", "hi")
        await ai.chat("openai:m", "hi")
        assert server.times == [0.0, 20.0, 20.0]


@scenario("Q13")
async def test_a_service_that_says_more_is_left_changes_nothing() -> None:
    """Downwards only: the own limit stays the limit."""
    told = {"x-ratelimit-limit-requests": "60000", "x-ratelimit-remaining-requests": "59999"}
    server = VirtualServer(always=says(headers=told))
    async with watched(server, providers={"openai": {"rpm": 60}}, max_concurrent_requests=50) as ai:
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(10)))
        assert server.times == [0.0] * 6 + [1.0, 2.0, 3.0, 4.0]


@scenario("H05")
@pytest.mark.parametrize(
    ("provider", "told", "seconds"),
    [
        ("openai", {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ("openai", {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1.5ms"}, 0.0015),
        (
            "groq",
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "2s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "7.66s",
            },
            7.66,
        ),
        (
            "claude",
            {
                "date": "Thu, 21 Aug 2025 12:40:00 GMT",
                "anthropic-ratelimit-input-tokens-limit": "1000",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2025-08-21T12:40:33Z",
            },
            33.0,
        ),
    ],
)
async def test_resets_are_waited_for(provider: str, told: dict[str, str], seconds: float) -> None:
    """A 429 that states no other time: what ran out says when it is back, and the longest of several counts."""
    headers = {name.replace("-", "_"): value for name, value in told.items()}
    server = VirtualServer(refuses(429, **headers))
    options = {
        "timeout": 1_000.0,
        "max_retry_after": 400.0,
        "initial_retry_delay": 0.0,
        "retry_jitter": 0.0,
        "max_retries": 1,
    }
    async with watched(server, provider=provider, **options) as ai:
        await asyncio.gather(ai.chat(f"{provider}:m", "hi"), return_exceptions=True)
    first, second = server.times
    assert first == 0.0
    assert seconds <= second <= seconds * 1.1  # spread, as all who were told the same come back


@scenario("E09")
async def test_an_hour_asleep_fills_no_more_than_the_burst() -> None:
    """Sixty a minute, an hour away: six go at once when it wakes, the others one a second."""
    server = VirtualServer()
    async with watched(server, providers={"openai": {"rpm": 60}}, max_concurrent_requests=50) as ai:
        await ai.chat("openai:m", "hi")
        asyncio.get_running_loop().advance(3_600.0)  # type: ignore[attr-defined]
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(9)))
        assert server.times[1:] == [3_600.0] * 6 + [3_601.0, 3_602.0, 3_603.0]


@scenario("H10")
@pytest.mark.parametrize(("first", "second"), [("10", "2"), ("2", "10")])
async def test_the_longer_of_two_pauses_holds_for_all(first: str, second: str) -> None:
    """Two calls are refused, one after the other: whoever comes then waits for the later of the two instants."""
    server = VirtualServer(refuses(429, retry_after=first), refuses(429, wait=1.0, retry_after=second))
    async with watched(server, rpm=6_000, max_concurrent_requests=50, retry_jitter=0.0) as ai:
        both = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(2)]
        await asyncio.sleep(1.5)
        await asyncio.gather(*both, *(ai.chat("openai:m", "hi") for _ in range(3)))
    end = max(float(first), 1.0 + float(second))
    assert server.times[:2] == [0.0, 0.0]
    assert min(server.times[2:]) == pytest.approx(end, rel=0.11)
    assert min(server.times[2:]) >= end


@scenario("J09")
@pytest.mark.parametrize("counted", [10**18, -(10**18)])
async def test_counts_that_make_no_sense_do_not_stop_the_limits(counted: int) -> None:
    """A service says that a call cost a quintillion tokens, or less than none: a window later all goes on."""
    server = VirtualServer(used(counted, counted))
    async with watched(server, providers={"openai": {"tpm": 6_000}}, timeout=200.0) as ai:
        await ai.chat("openai:m", "hi", max_tokens=10)
        assert -6_000 <= left(ai) <= 6_000
        await ai.chat("openai:m", "hi", max_tokens=10)
        assert server.times[1] <= 130.0
