"""Settings of one endpoint of several: what differs from the provider's holds, and what is changed takes effect."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client, CostExceedsLimitError, QueueFullError
from ipfs_accel_async.errors import CircuitOpenError, RateLimitError, ServerError
from ipfs_accel_async.transport.mock import MockTransport
from tests.answering import completion, error_body

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request, Response

A, B = "http://a:8000", "http://b:8000"
MODEL = "vllm:llama"


class Service:
    """Two hosts that take a second; what they answer may be told."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.asked: list[str] = []
        self.now: Counter[str] = Counter()
        self.peak: Counter[str] = Counter()

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        host = request.url.removeprefix("http://")[0]
        self.asked.append(host)
        self.now[host] += 1
        self.peak[host] = max(self.peak[host], self.now[host])
        try:
            await asyncio.sleep(1.0)
        finally:
            self.now[host] -= 1
        if self.status != 200:
            return MockTransport.reply(error_body("no"), status=self.status)
        return MockTransport.reply(completion(host))

    def client(self, *endpoints: Any, **settings: Any) -> Client:
        """A client of these endpoints."""
        own = {"endpoints": endpoints or ({"url": A, "name": "one"}, {"url": B, "name": "two"}), **settings}
        return Client(providers={"vllm": own}, transport=MockTransport(self), retry_jitter=0)


async def ask(ai: Client, count: int) -> list[Any]:
    """Many chats at once: what became of each."""
    return await asyncio.gather(*(ai.chat(MODEL, str(number)) for number in range(count)), return_exceptions=True)


@pytest.mark.parametrize("keys", [None, "key-of-both"])
async def test_a_rate_limit_of_one_endpoint_holds_there_alone(keys: str | None) -> None:
    """Sixty a minute of one of two: six at once there, all others at the other one; with a key they share or none."""
    service = Service()
    one, two = {"url": A, "rpm": 60, "max_concurrent_requests": 100}, {"url": B, "max_concurrent_requests": 100}
    async with service.client(one, two, balance="least-loaded", keys=keys, queue_size=100) as ai:
        await ask(ai, 50)
        assert Counter(service.asked) == {"a": 6, "b": 44}


async def test_what_is_too_large_for_one_goes_to_the_other() -> None:
    """And is refused at once where it is too large for both."""
    service = Service()
    for most, ends in ((None, "b"), (20, None)):
        two = {"url": B} if most is None else {"url": B, "tpm": most}
        async with service.client({"url": A, "tpm": 100}, two, balance="least-loaded") as ai:
            if ends is None:
                with pytest.raises(CostExceedsLimitError, match="tpm"):
                    await ai.chat(MODEL, "word " * 400)
            else:
                assert (await ai.chat(MODEL, "word " * 400)).text == ends
    assert "a" not in service.asked


async def test_what_an_endpoints_limit_reserved_comes_back() -> None:
    """A call that used less than was expected leaves the rest to the next ones."""
    service = Service()
    async with service.client({"url": A, "name": "one", "tpm": 1_000, "burst_seconds": 60}) as ai:
        for number in range(5):
            await ai.chat(MODEL, str(number), max_tokens=900)
        assert asyncio.get_running_loop().time() == pytest.approx(5.0)


async def test_each_endpoint_finds_its_own_number_of_places() -> None:
    """Within the bounds of its own settings; it outlives a change of others, and is shown by endpoint."""
    service = Service()
    one = {"url": A, "name": "one", "max_concurrent_requests": 40, "adaptive_concurrency": True}
    two = {"url": B, "name": "two"}
    own = {"initial_concurrent": 2, "balance": "least-loaded", "queue_size": 1_000}
    async with service.client(one, two, **own) as ai:
        await ask(ai, 200)
        found = ai.statistics()["lanes"][0]["adaptive"]
        assert list(found) == ["llama at one"]
        assert found["llama at one"] == service.peak["a"] > 10
        assert service.peak["b"] == 5
        ai.endpoints("vllm").update("one", weight=2)
        ai.endpoints("vllm").update("two", max_retries=1)
        assert ai.statistics()["lanes"][0]["adaptive"] == found
        ai.endpoints("vllm").update("one", max_concurrent_requests=4)
        service.peak.clear()
        await ask(ai, 20)
        assert service.peak["a"] <= 4


async def test_the_queue_is_as_long_as_all_endpoints_have_places() -> None:
    """Two of five places each, and one that waits for each of them."""
    async with Service().client(queue_per_place=1.0) as ai:
        ends = await ask(ai, 40)
        assert sum(isinstance(end, QueueFullError) for end in ends) == 20


async def test_a_changed_breaker_counts_at_once() -> None:
    """Its threshold and its time, also for what has failed before; other changes leave it as it was."""
    service = Service(status=500)
    async with service.client(failure_threshold=100, failure_rate_calls=100, max_retries=0) as ai:
        bound = ai.handler("vllm", "llama", "one")
        for number in range(3):
            with pytest.raises(ServerError):
                await bound(f"{number}")
        ai.endpoints("vllm").update("one", failure_threshold=5, reset_timeout=7.0)
        ai.endpoints("vllm").update("one", weight=3)
        for number in range(2):
            with pytest.raises(ServerError):
                await bound(f"again {number}")
        with pytest.raises(CircuitOpenError) as caught:
            await bound("one more")
        assert caught.value.retry_after == 7.0
        with pytest.raises(ServerError):
            await ai.handler("vllm", "llama", "two")("the other one")


async def test_a_changed_queue_counts_at_once() -> None:
    """One that waits, where three did."""
    service = Service()
    async with service.client({"url": A, "name": "one", "max_concurrent_requests": 1}, B) as ai:
        bound = ai.handler("vllm", "llama", "one")

        async def refused() -> int:
            ends = await asyncio.gather(*(bound(str(number)) for number in range(4)), return_exceptions=True)
            return sum(isinstance(end, QueueFullError) for end in ends)

        assert await refused() == 0
        ai.endpoints("vllm").update("one", queue_size=1)
        assert await refused() == 2


async def test_an_endpoint_that_moved_begins_anew() -> None:
    """The counters are of what stands at that address."""
    source = {"providers": {"vllm": {"endpoints": [{"url": A, "name": "one"}]}}}
    async with Client.from_config(source, transport=MockTransport(Service())) as ai:
        await ask(ai, 3)
        assert ai.endpoints("vllm")["one"].calls == 3
        source["providers"]["vllm"]["endpoints"][0]["url"] = B
        ai.reload()
        await ask(ai, 2)
        assert ai.endpoints("vllm")["one"].calls == 2


async def test_a_limited_endpoint_that_is_paused_pauses_no_other() -> None:
    """What a 429 says counts where it was said."""
    service = Service(status=429)
    async with service.client({"url": A, "name": "one", "rpm": 60}, {"url": B, "name": "two"}, max_retries=0) as ai:
        with pytest.raises(RateLimitError):
            await ai.handler("vllm", "llama", "one")("Hello")
        service.status = 200
        assert (await ai.handler("vllm", "llama", "two")("Hello")).text == "b"
        assert asyncio.get_running_loop().time() == 2.0


async def test_statistics_show_the_keys_and_limits_of_endpoints() -> None:
    """Leases of the provider's keys and of an endpoint's own; quotas of both, and of what an endpoint limits itself."""
    service = Service()
    one, two = {"url": A, "rpm": 60}, {"url": B, "keys": ["sk-b", "sk-c"], "rpm": 90}
    async with service.client(one, two, keys="sk-a", balance="least-loaded") as ai:
        under_way = asyncio.ensure_future(ask(ai, 2))
        await asyncio.sleep(0.5)
        lane = ai.statistics()["lanes"][0]
        assert sorted(lane["keys"], key=len) == [(1,), (1, 0)]
        assert len(lane["limits"]) == 3
        assert sum(bool(states) for states in lane["limits"]) == 2
        assert "sk-" not in str(lane)
        await under_way
