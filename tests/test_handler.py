"""Endpoint handlers: awaitables bound to one model at one address."""

from __future__ import annotations

import asyncio
import json

import pytest

from ipfs_accel_async import Client, ConfigError, InvalidRequestError, MockTransport
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import completion


def answer(request: Request) -> Response:
    """A chat completion that says where it came from."""
    return MockTransport.reply(completion(request.url))


def client(**settings: object) -> Client:
    """A client over a mock."""
    return Client(transport=MockTransport(answer), keys={"openai": "sk-test"}, **settings)


async def test_a_handler_calls_its_model_at_its_address() -> None:
    """The host that is contacted is the one given, and the answer is the client's own."""
    async with client() as ai:
        handler = ai.handler("openai", "m", "http://127.0.0.1:9000/v1")
        reply = await handler("Hello", temperature=0)
        assert reply.text == "http://127.0.0.1:9000/v1/chat/completions"
        assert (await ai.chat("openai:m", "Hello")).text == "https://api.openai.com/v1/chat/completions"
        sent = json.loads(ai._engine._home.transport.requests[0].body)  # type: ignore[union-attr]
    assert (sent["model"], sent["temperature"]) == ("m", 0)


async def test_metadata_says_what_it_is_bound_to() -> None:
    """Provider, model, address, operation and what else there is."""
    async with client() as ai:
        made = ai.handler("openai", "m", "http://127.0.0.1:9000", operation="embed", dimensions=8)
    assert made.metadata["provider"] == "openai"
    assert made.metadata["model"] == "m"
    assert made.metadata["base_url"] == "http://127.0.0.1:9000/v1"
    assert made.metadata["operation"] == "embed"
    assert {"chat", "embed"} <= set(made.metadata["operations"])
    assert "tools" in made.metadata["capabilities"]
    assert "openai:m" in repr(made)
    assert "sk-test" not in repr(made) + repr(made.metadata)


async def test_defaults_hold_unless_the_call_says_otherwise() -> None:
    """Arguments given to the factory are those of every call."""
    async with client() as ai:
        handler = ai.handler("openai", "m", temperature=0.5, max_tokens=3)
        await handler("a")
        await handler("a", temperature=1)
        bodies = [json.loads(request.body) for request in ai._engine._home.transport.requests]  # type: ignore[union-attr]
    assert [body["temperature"] for body in bodies] == [0.5, 1]
    assert [body["max_completion_tokens"] for body in bodies] == [3, 3]


async def test_caps_and_counters_are_those_of_the_address() -> None:
    """Two addresses of one provider have a lane each; the report counts both."""
    running: dict[str, int] = {}
    peak: dict[str, int] = {}

    async def slow(request: Request) -> Response:
        host = request.url.split("/")[2]
        running[host] = running.get(host, 0) + 1
        peak[host] = max(peak.get(host, 0), running[host])
        await asyncio.sleep(1)
        running[host] -= 1
        return answer(request)

    settings = {"max_concurrent_requests": 50, "max_concurrent_per_endpoint": 2}
    async with Client(transport=MockTransport(slow), keys={"openai": "k"}, **settings) as ai:
        handlers = [ai.handler("openai", "m", f"http://127.0.0.1:{port}") for port in (9001, 9002)]
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(*(handler("x") for handler in handlers for _ in range(4)))
        assert loop.time() - started == pytest.approx(2.0)
        assert ai.report()["total_requests"] == 8
    assert peak == {"127.0.0.1:9001": 2, "127.0.0.1:9002": 2}


async def test_a_fallback_goes_where_it_always_does() -> None:
    """Only the handler's own model is bound to the address."""

    def down_there(request: Request) -> Response:
        if "127.0.0.1" in request.url:
            return MockTransport.reply({"error": {"message": "no"}}, status=401)
        return answer(request)

    async with Client(transport=MockTransport(down_there), keys={"openai": "k"}) as ai:
        reply = await ai.handler("openai", "m", "http://127.0.0.1:9000")("x", fallbacks=["openai:other"])
    assert reply.text == "https://api.openai.com/v1/chat/completions"


async def test_what_cannot_be_bound_is_refused_when_the_handler_is_made() -> None:
    """Unknown providers, addresses and operations; a missing key."""
    async with client() as ai:
        with pytest.raises(ConfigError, match="no provider"):
            ai.handler("nobody", "m")
        with pytest.raises(ConfigError, match="base_url"):
            ai.handler("openai", "m", "not a url")
        for operation in ("fly", "models", "aclose"):
            with pytest.raises(InvalidRequestError, match="it has: chat"):
                ai.handler("openai", "m", operation=operation)
        with pytest.raises(ConfigError, match="no key"):
            ai.handler("claude", "m")
