"""Group D: what a cache must never give, keep or give away."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async import (
    AccelError,
    Cache,
    MemoryStore,
    Secret,
)
from ipfs_accel_async.cache.envelope import MAGIC, seal
from ipfs_accel_async.cache.store import Kept
from tests.answering import completion
from tests.doubles import a_call, a_reply
from tests.faults.scenarios import scenario
from tests.faults.streaming import DONE, event
from tests.faults.virtual import VirtualServer, refuses, says, streams
from tests.faults.watching import watched

MODEL = "openai:m"
BODY = b'{"kind":"Reply","model":"m","provider_request_id":"","own":{"text":"forged"}}'


class Forged(MemoryStore):
    """A store that gives one thing under every key."""

    def __init__(self, data: Any) -> None:
        super().__init__()
        self.data = data

    async def get(self, key: str) -> Kept | None:
        return Kept(self.data(key) if callable(self.data) else self.data, 1.0)


class Bomb:
    """What would fail the test if it were unpickled."""

    def __reduce__(self) -> Any:
        return (pytest.fail, ("unpickled",))


@scenario("D02")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 4_096,
        BODY,
        MAGIC + BODY,
        pickle.dumps(Bomb()),
        lambda key: seal(key, pickle.dumps(Bomb())),
        lambda key: seal(key, b'{"schema":0,"text":"old"}'),
        lambda key: seal(key, BODY),
        lambda key: seal("another key", BODY),
        lambda key: seal(key, BODY, Secret("another-secret")),
        lambda key: seal(key, BODY)[:-1],
        lambda key: seal(key, BODY) + b"\n",
        b"ipfs-accel/2\n" + bytes(64),
    ],
)
async def test_what_a_store_gives_back_wrongly_is_a_miss(data: Any) -> None:
    """Cut, foreign, old, pickled or moved: the service is asked, and nothing of it is run or shown."""
    server = VirtualServer()
    async with watched(server, cache=Cache(Forged(data))) as ai:
        reply = await ai.chat(MODEL, "hi")
        assert (reply.text, reply.cached, ai.cache.stats()["invalid"]) == ("hello", False, 1)
    assert len(server.requests) == 1


@scenario("D03")
async def test_no_tenant_is_given_anothers_answers() -> None:
    """Ten thousand probes with other tenants, near names and forged ones: no hit; the tenant's own are all there."""
    cache = Cache()
    calls = [a_call(tags={"tenant": f"tenant-{number}"}) for number in range(100)]
    for call in calls:
        assert await cache.keep(call, a_whole(call), 1e6)
    forged = [
        "",
        "tenant-0 ",
        "Tenant-0",
        "tenant-0\x00",
        'tenant-0","key":"',
        "tenant-0=",
        "tenant\uff0d0",
        "tenant-%",
    ]
    others = [f"other-{number}" for number in range(92)]
    hits = 0
    for name, call in itertools.product([*forged, *others], calls):
        hits += await cache.find(replace(call, tags={"tenant": name})) is not None
    assert (hits, cache.stats()["misses"]) == (0, 10_000)
    for call in calls:
        assert await cache.find(call) is not None


def a_whole(call: Any) -> Any:
    """A whole answer to a call."""
    return replace(a_reply(call), finish_reason="stop")


@scenario("D03")
async def test_a_tenant_cannot_reach_another_by_any_label() -> None:
    """Only the tag of that name counts, whatever other tags, prompts or parameters say."""
    server = VirtualServer()
    async with watched(server, cache="on") as ai:
        await ai.chat(MODEL, "hi", tags={"tenant": "a"})
        probe = ai.with_options(cache="read-only")
        for tags in ({}, {"tenant": "b"}, {"Tenant": "a"}, {"namespace": "a"}, {"tenant": "a/b"}):
            assert not (await probe.chat(MODEL, "hi", tags=tags)).cached
        assert not (await probe.chat(MODEL, "hi", tenant="a")).cached
        assert (await ai.chat(MODEL, "hi", tags={"tenant": "a", "job": "7"})).cached


class Watched(MemoryStore):
    """A store that nothing may be kept in."""

    async def set(self, *arguments: Any, **more: Any) -> bool:
        pytest.fail("it was kept")


TOOL_CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
POISON = {
    "an error": refuses(400),
    "an error under 200": says({"error": {"message": "no", "type": "x"}}),
    "truncated": says(completion(choices=[{"message": {"content": "so far"}, "finish_reason": "length"}])),
    "filtered": says(completion(choices=[{"message": {"content": "so"}, "finish_reason": "content_filter"}])),
    "refused": says(completion(choices=[{"message": {"content": None, "refusal": "no"}, "finish_reason": "stop"}])),
    "a tool call": says(completion(choices=[{"message": {"tool_calls": [TOOL_CALL]}, "finish_reason": "tool_calls"}])),
    "empty": says(completion(choices=[{"message": {"content": ""}, "finish_reason": "stop"}])),
    "no JSON": says(b"<html>"),
}


@scenario("D04")
@pytest.mark.parametrize("poison", POISON)
async def test_what_is_no_good_answer_is_never_kept(poison: str) -> None:
    """The store is not even called."""
    server = VirtualServer(always=POISON[poison])
    async with watched(server, cache=Cache(Watched()), max_retries=0) as ai:
        try:
            await ai.chat(MODEL, "hi")
        except AccelError:
            pass
    assert server.requests


@scenario("D04")
@pytest.mark.parametrize("ending", ["left", "cut", "refused", "error", "truncated"])
async def test_a_stream_that_is_not_whole_is_never_kept(ending: str) -> None:
    """Left by its reader, cut off, refused in its own words, failed in the middle, or out of tokens."""
    tail: dict[str, list[bytes]] = {
        "left": [DONE],
        "cut": [],
        "refused": [event("no", delta={"refusal": "no"}), DONE],
        "error": [b'data: {"error":{"message":"no","type":"server_error"}}\n\n'],
        "truncated": [event("", finish_reason="length"), b"data: [DONE]\n\n"],
    }
    server = VirtualServer(always=streams(event("so "), 1.0, *tail[ending]))
    async with watched(server, cache=Cache(Watched()), max_retries=0) as ai:
        try:
            async with ai.stream(MODEL, "hi") as stream:
                async for _ in stream:
                    if ending == "left":
                        break
        except AccelError:
            pass
    assert len(server.requests) == 1
