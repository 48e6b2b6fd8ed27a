"""Endpoints that refuse a call, for its rate or its key: the others serve it at once, and are not paused for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import AllKeysExhaustedError, AuthenticationError, Client, Key, Keys, RateLimitError
from ipfs_accel_async.transport.mock import MockTransport
from tests.answering import completion, error_body, header

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request, Response

A, B = "http://a:8000", "http://b:8000"
MODEL = "vllm:llama"


class Service:
    """Hosts that refuse with a status and headers, and others that answer after a tenth of a second."""

    def __init__(self, refused: dict[str, tuple[int, dict[str, str]]]) -> None:
        self.refused = dict(refused)
        self.asked: list[tuple[str, float]] = []
        self.keys: list[str | None] = []

    @property
    def hosts(self) -> str:
        """Who was asked, in order."""
        return "".join(host for host, _ in self.asked)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        host = request.url.removeprefix("http://")[0]
        self.asked.append((host, asyncio.get_running_loop().time()))
        self.keys.append(header(request, "authorization"))
        await asyncio.sleep(0.1)
        if host in self.refused:
            status, headers = self.refused[host]
            return MockTransport.reply(error_body("no"), status=status, headers=headers)
        return MockTransport.reply(completion(host))

    def client(self, *endpoints: Any, **settings: Any) -> Client:
        """A client of these endpoints."""
        own = {"endpoints": endpoints or (A, B), "balance": "least-loaded", **settings}
        return Client(providers={"vllm": own}, transport=MockTransport(self), retry_jitter=0, queue_size=100)


THROTTLED: dict[str, tuple[int, dict[str, str]]] = {"a": (429, {"retry-after": "30"})}
UNTOLD: dict[str, tuple[int, dict[str, str]]] = {"a": (429, {})}
REVOKED: dict[str, tuple[int, dict[str, str]]] = {"a": (401, {})}
OWN_KEYS = ({"url": A, "keys": "key-of-a", "name": "one"}, {"url": B, "keys": "key-of-b", "name": "two"})
NO_KEYS = (A, B)


@pytest.mark.parametrize("endpoints", [NO_KEYS, OWN_KEYS], ids=["no keys", "keys of their own"])
async def test_a_throttled_call_goes_to_another_endpoint_at_once(endpoints: Any) -> None:
    """It does not sleep what one endpoint was told to, and that one is asked no more until then."""
    service = Service(THROTTLED)
    async with service.client(*endpoints) as ai:
        reply = await ai.chat(MODEL, "Hello")
        assert (reply.text, reply.attempts) == ("b", 2)
        assert service.asked == [("a", 0.0), ("b", pytest.approx(0.1))]
        first = ai.explain(reply)["attempts"][0]
        assert (first["verdict"], first["delay_ms"]) == ("sent again to another endpoint", 0.0)
        await asyncio.gather(*(ai.chat(MODEL, str(number)) for number in range(4)))
        assert service.hosts == "ab" + "bbbb"
        service.refused.clear()
        await asyncio.sleep(30)
        await asyncio.gather(*(ai.chat(MODEL, f"again {number}") for number in range(4)))
        assert sorted(service.hosts[6:]) == ["a", "a", "b", "b"]


async def test_with_nothing_told_it_pauses_for_the_first_delay() -> None:
    """One second, of that endpoint alone."""
    service = Service(UNTOLD)
    async with service.client() as ai:
        await ai.chat(MODEL, "Hello")
        await ai.chat(MODEL, "Hello?")
        await asyncio.sleep(1)
        await ai.chat(MODEL, "Hello again?")
        assert service.hosts == "ab" + "b" + "ab"


async def test_a_throttled_call_uses_up_its_retries() -> None:
    """Without any it is not sent again; one that asks for a certain key waits for what it was told."""
    service = Service(THROTTLED)
    async with service.client() as ai:
        with pytest.raises(RateLimitError):
            await ai.with_options(max_retries=0).chat(MODEL, "Hello")
    named = Keys(Key("key", name="k"))
    service = Service(THROTTLED)
    async with service.client({"url": A, "keys": named}, {"url": B, "keys": named}) as ai:
        assert (await ai.with_options(key="k").chat(MODEL, "Hello")).text == "b"
        assert service.asked[1][1] >= 30.0


async def test_one_that_is_asked_for_by_name_is_waited_for() -> None:
    """No other endpoint was meant."""
    service = Service(THROTTLED)
    async with service.client({"url": A, "name": "one"}, B) as ai:
        waiting = asyncio.ensure_future(ai.handler("vllm", "llama", "one")("Hello"))
        await asyncio.sleep(20)
        service.refused.clear()
        assert (await waiting).text == "a"
        assert service.asked[1][1] >= 30.0


async def test_where_no_other_can_take_it_a_throttled_call_waits() -> None:
    """One is down: its breaker is open, so there is nobody to go to at once."""
    service = Service({"a": (500, {}), "b": (429, {"retry-after": "2"})})
    async with service.client(failure_threshold=1, max_retries=1) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat(MODEL, "Hello")
        assert service.hosts == "ab"
        service.asked.clear()
        await asyncio.sleep(2)
        with pytest.raises(RateLimitError):
            await ai.chat(MODEL, "Hello?")
        assert [host for host, _ in service.asked] == ["b", "b"]
        assert service.asked[1][1] - service.asked[0][1] >= 2.0


async def test_a_refused_key_of_one_endpoint_fails_no_call_that_another_can_serve() -> None:
    """Without a single retry: the key is out, the call goes on, and its endpoint is asked no more."""
    service = Service(REVOKED)
    async with service.client(*OWN_KEYS, max_retries=0) as ai:
        replies = await asyncio.gather(*(ai.chat(MODEL, str(number)) for number in range(6)))
        assert {reply.text for reply in replies} == {"b"}
        assert [status.state for status in ai.keys("vllm", "one")] == ["refused"]
        seen = len(service.asked)
        await asyncio.gather(*(ai.chat(MODEL, f"more {number}") for number in range(4)))
        assert service.hosts[seen:] == "bbbb"


async def test_all_endpoints_refuse_their_keys() -> None:
    """Each key is asked once; one key that all of them share is a lone key, whose refusal comes through as it is."""
    service = Service({"a": (401, {}), "b": (401, {})})
    async with service.client(*OWN_KEYS) as ai:
        with pytest.raises(AllKeysExhaustedError, match="401") as caught:
            await ai.chat(MODEL, "Hello")
        assert caught.value.attempts == 2
        assert isinstance(caught.value.__cause__, AuthenticationError)
    service = Service({"a": (401, {}), "b": (401, {})})
    async with service.client(keys="one-key") as ai:
        with pytest.raises(AuthenticationError) as refused:
            await ai.chat(MODEL, "Hello")
        assert refused.value.attempts == 1


async def test_a_limit_that_one_server_tells_is_its_own() -> None:
    """Without keys each endpoint is counted by itself: what one has learnt holds the other one back by nothing."""
    told = {"retry-after": "5", "x-ratelimit-limit-requests": "6", "x-ratelimit-remaining-requests": "0"}
    service = Service({"a": (429, told)})
    async with service.client() as ai:
        await ai.chat(MODEL, "Hello")
        await asyncio.gather(*(ai.chat(MODEL, str(number)) for number in range(40)))
        assert asyncio.get_running_loop().time() < 5.0
        assert service.hosts.count("b") == 41
