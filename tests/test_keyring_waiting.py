"""client.keys: calls that wait for a key, or go on with another one; nothing shows one."""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import Any

import pytest

from ipfs_accel_async import (
    AccelError,
    Client,
    ConfigError,
    Key,
    Keys,
    MockTransport,
    RateLimitError,
)
from tests.answering import JSON, Server, completion, error_body, header
from tests.canary import CANARY, leaks, shows
from tests.keyed import failing, named, used
from tests.test_secrets import everything


async def test_a_call_waits_for_a_key_that_is_released() -> None:
    """It is let go in the step of the release."""
    server = Server(failing(429, **{"retry-after": "50"}))
    async with server.client(keys=named("a"), max_retries=0) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat("openai:m", "hi")
        waiting = asyncio.ensure_future(ai.chat("openai:m", "hi"))
        await asyncio.sleep(5)
        ai.keys("openai").release("a")
        await waiting
        assert asyncio.get_running_loop().time() == 5.0


async def test_a_429_is_retried_as_before_when_there_is_no_other_group() -> None:
    """After Retry-After, in which no other call is sent either; above max_retry_after the error is raised at once."""
    server = Server(failing(429, **{"retry-after": "4"}))
    async with server.client(keys=named("a", "b", quota_group="one"), retry_jitter=0.0) as ai:
        reply = await ai.chat("openai:m", "hi")
        assert (reply.attempts, 4.0 <= asyncio.get_running_loop().time() <= 4.4) == (2, True)
        server.answers.append(failing(429, **{"retry-after": "90"}))
        with pytest.raises(RateLimitError) as caught:
            await ai.chat("openai:m", "hi")
        assert caught.value.retry_after == 90.0


async def test_a_429_counts_as_a_retry_wherever_it_goes() -> None:
    """Without retries there is none, and a call that must not be sent twice is not."""
    server = Server(failing(429, **{"retry-after": "4"}), failing(429, **{"retry-after": "4"}))
    async with server.client(keys=named("a", "b", "c"), max_retries=0) as ai:
        with pytest.raises(RateLimitError):
            await ai.chat("openai:m", "hi")
    server = Server(failing(429, **{"retry-after": "4"}))
    async with server.client(keys=named("a", "b")) as ai:
        with pytest.raises(RateLimitError):
            await ai.request("openai", "POST", "/x", json={})


async def test_a_401_does_not_count_as_a_retry() -> None:
    """Nothing was done with the request, so it may go again, whatever it is."""
    server = Server(failing(401))
    async with server.client(keys=named("a", "b"), max_retries=0) as ai:
        assert (await ai.request("openai", "POST", "/x", json={})).attempts == 2
        assert used(server) == "ab"


async def test_a_stream_goes_on_with_another_key_too() -> None:
    """Before its first token."""
    chunk = b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'
    answers = [
        failing(401),
        MockTransport.reply(body=chunk + b"data: [DONE]\n\n", headers={"content-type": "text/event-stream"}),
    ]
    mock = MockTransport(lambda _: answers.pop(0))
    async with Client(transport=mock, keys=named("a", "b"), max_retries=0) as ai, ai.stream("openai:m", "hi") as stream:
        assert (await stream.collect()).text == "x"
        assert ai.keys("openai").usage()["b"].in_flight == 0


async def test_a_refusal_of_a_native_call_says_nothing_of_a_model() -> None:
    """A 403 of a file or an admin path is about that path: the key stays where it is."""
    server = Server(failing(403))
    async with server.client(keys=named("a", "b")) as ai:
        with pytest.raises(AccelError):
            await ai.request("openai", "GET", "/x")
        assert [status.state for status in ai.keys("openai")] == ["ready", "ready"]


async def test_nothing_of_it_shows_a_key() -> None:
    """Lists, usage, reprs, errors, reasons, statistics and pickles, with keys in every state."""
    answers = {"sk-b": 401, "sk-c": 402, "sk-d": 429, "sk-e": 403}

    def answer(request: Any) -> Any:
        key = (header(request, "authorization") or "").removeprefix("Bearer ")
        status = next((status for name, status in answers.items() if key.endswith(name)), 200)
        if status == 200:
            return MockTransport.reply(completion(), headers=JSON)
        echo = error_body(f"key {key} is bad", "x" if status != 402 else None)
        return MockTransport.reply(echo, status=status, headers={**JSON, "retry-after": "50"})

    keys = {"openai": Keys(*(Key(f"{CANARY}sk-{name}", name=f"team-{name}") for name in "abcde"))}
    async with Client(transport=MockTransport(answer), keys=keys, max_retries=0) as ai:
        errors: list[AccelError] = []
        for name in "bcdebcde":
            with pytest.raises(AccelError) as caught:
                await ai.with_options(key=f"team-{name}").chat("openai:m", "hi", timeout=5)
            errors.append(caught.value)
        view = ai.keys("openai")
        with pytest.raises(ConfigError) as refused:
            view.add("x", f"{CANARY}\n{CANARY}")
        with pytest.raises(ConfigError) as replaced:
            view.rotate("team-a", f"{CANARY}\n{CANARY}")
        assert {status.state for status in view} == {"ready", "refused", "billing", "parked", "denied"}
        told = [repr(list(view)), repr(view), repr(view.usage()), json.dumps(ai.statistics()), ai.report().to_json()]
        told += [repr(error) + str(vars(error)) for error in errors]
        assert not shows(" ".join(told))
        assert [text for text in everything(view) if shows(text)] == []
        assert [leak for error in errors for leak in leaks(error, frames=False)] == []
        assert leaks(refused.value, own_frames_only=True) == leaks(replaced.value, own_frames_only=True) == []
        for value in (list(view), view.usage(), errors):
            assert not shows(repr(pickle.loads(pickle.dumps(value))) + str(pickle.dumps(value)))
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as caught_too:
            pickle.dumps(view)
        assert leaks(caught_too.value) == []


async def test_an_endpoint_with_keys_of_its_own() -> None:
    """They are listed, counted and changed apart from those of the provider."""
    server = Server()
    endpoints = [{"name": "eu", "url": "http://eu.test", "keys": Keys(Key("sk-e", name="e"))}]
    async with server.client(keys=named("a"), providers={"openai": {"endpoints": endpoints}}) as ai:
        await ai.chat("openai:m", "hi")
        assert (used(server), ai.keys("openai", "eu").usage()["e"].requests) == ("e", 1)
        assert ai.keys("openai").usage()["a"].requests == 0
        ai.keys("openai", endpoint="eu").rotate("e", "sk-f")
        await ai.chat("openai:m", "hi")
        assert used(server) == "ef"
        with pytest.raises(ConfigError, match="eu"):
            ai.keys("openai", endpoint="us")
