"""The exact cache: what is kept, who gets it, for how long, and that it can fail without anybody's call failing."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import (
    AccelError,
    Cache,
    Client,
    InvalidRequestError,
    MemoryStore,
    Usage,
)
from ipfs_accel_async.cache.store import Kept
from tests.answering import completion
from tests.faults.virtual import VirtualServer, refuses, says
from tests.faults.watching import watched

MODEL = "openai:m"


class Spied(MemoryStore):
    """A store that says what was kept in it, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.sets: list[tuple[str, bytes, float, tuple[str, ...]]] = []
        self.gets = 0

    async def get(self, key: str) -> Kept | None:
        self.gets += 1
        if self.error is not None:
            raise self.error
        return await super().get(key)

    async def set(self, key: str, data: bytes, ttl: float, tags: Collection[str] = ()) -> bool:
        self.sets.append((key, data, ttl, tuple(tags)))
        if self.error is not None:
            raise self.error
        return await super().set(key, data, ttl, tags)


async def test_a_hit_is_the_same_answer_for_nothing() -> None:
    """No request, no place, no tokens; an id of its own, and marked."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server, cache="on") as ai:
        first = await ai.chat(MODEL, "hi")
        second = await ai.chat(MODEL, "hi")
        assert (len(server.requests), asyncio.get_running_loop().time()) == (1, 1.0)
        assert (second.text, second.model, second.id, second.finish_reason) == ("hello", "m-1", "c1", "stop")
        assert (first.cached, second.cached, second.usage, second.attempts) == (False, True, Usage(), 0)
        assert first.request_id != second.request_id
        assert (ai.explain(first)["cache"], ai.explain(second)["cache"]) == ("stored", "hit")
        assert "answered from the cache" in str(ai.explain(second))
        assert ai.explain(second)["attempts"] == []
        stats = ai.cache.stats()
        assert {name: stats[name] for name in ("hits", "misses", "stored", "entries")} == {
            "hits": 1,
            "misses": 1,
            "stored": 1,
            "entries": 1,
        }
        report = ai.report()
        assert (report["total_requests"], report["success_rate"]) == (2, 1.0)


async def test_without_being_asked_nothing_is_kept() -> None:
    """A client is as ever: the cache is off, and its numbers are those of single flight alone."""
    server = VirtualServer()
    async with watched(server) as ai:
        for _ in range(2):
            await ai.chat(MODEL, "hi", temperature=0)
        assert (len(server.requests), ai.cache.stats().keys()) == (2, {"single_flight"})
        assert (await ai.cache.clear(), await ai.cache.invalidate(tag="x")) == (0, 0)


@pytest.mark.parametrize(
    ("mode", "reads", "writes"),
    [("on", True, True), ("off", False, False), ("read-only", True, False), ("write-only", False, True)],
)
async def test_modes(mode: Any, reads: bool, writes: bool) -> None:
    """Of the client, of one provider and of one call: what each reads and what it keeps."""
    for cache in ({"cache": mode}, {"cache": "on", "providers": {"openai": {"cache": mode}}}, {"cache": "on"}):
        store = Spied()
        server = VirtualServer()
        async with watched(server, cache=Cache(store)) as warm:
            await warm.chat(MODEL, "hi")
        settings: dict[str, Any] = {**cache, "cache": Cache(store, mode=cache["cache"])}  # type: ignore[arg-type]
        async with watched(server, **settings) as ai:
            view = ai.with_options(cache=mode) if cache == {"cache": "on"} else ai
            store.gets, store.sets = 0, []
            await view.chat(MODEL, "hi")
            await view.chat(MODEL, "new")
            assert (len(server.requests) == 2) == reads
            assert store.gets == (2 if reads else 0)
            assert len(store.sets) == (0 if not writes else 1 if reads else 2)


async def test_a_call_may_wish_for_the_cache_of_a_client_that_has_one() -> None:
    """With a cache that is off, calls opt in; a client without one says so instead of doing nothing."""
    server = VirtualServer()
    async with watched(server, cache=Cache(mode="off")) as ai:
        for _ in range(2):
            await ai.chat(MODEL, "hi")
        for _ in range(2):
            await ai.with_options(cache="on").chat(MODEL, "hi")
        assert len(server.requests) == 3
    async with Client() as bare:
        with pytest.raises(InvalidRequestError, match="no cache"):
            bare.with_options(cache="on")
        bare.with_options(cache="off")


@pytest.mark.parametrize(
    ("age", "max_age", "hit"), [(5, 10, True), (5, 5, True), (5, 4.9, False), (0, 0, True), (1, 0, False)]
)
async def test_max_age(age: float, max_age: float, hit: bool) -> None:
    """An older answer is none, and a new one takes its place."""
    server = VirtualServer()
    async with watched(server, cache="on") as ai:
        await ai.chat(MODEL, "hi")
        await asyncio.sleep(age)
        view = ai.with_options(max_age=max_age)
        assert (await view.chat(MODEL, "hi")).cached == hit
        assert (await view.chat(MODEL, "hi")).cached
        assert len(server.requests) == 2 - hit


async def test_each_operation_has_its_time() -> None:
    """Chats half an hour, or what the settings say; none at all is never kept."""
    server = VirtualServer()
    async with watched(server, cache="on") as ai:
        await ai.chat(MODEL, "hi")
        await asyncio.sleep(1_799)
        assert (await ai.chat(MODEL, "hi")).cached
        await asyncio.sleep(2)
        assert not (await ai.chat(MODEL, "hi")).cached
    store = Spied()
    async with watched(server, cache=Cache(store), cache_ttl={"chat": 60}) as ai:
        await ai.chat(MODEL, "hi")
        assert [ttl for _, _, ttl, _ in store.sets] == [60]
    async with watched(server, cache=Cache(store), cache_ttl={"chat": 0}) as ai:
        assert not (await ai.chat(MODEL, "hi")).cached
        assert (store.gets, len(store.sets)) == (1, 1)


async def test_other_operations_are_kept_too() -> None:
    """Embeddings with arrays of each caller's own, and the list of models."""
    data = [{"index": 0, "embedding": [0.5, -2.0]}]
    server = VirtualServer(says({"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 5}}))
    async with watched(server, cache="on") as ai:
        first = await ai.embed(MODEL, "x")
        first.vectors[0, 0] = 9.0
        again = await ai.embed(MODEL, "x")
        assert np.array_equal(again.vectors, np.array([[0.5, -2.0]], np.float32))
        assert (again.cached, again.usage) == (True, Usage())
        server.answers = [says({"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "o"}]})]
        assert await ai.model(MODEL) == await ai.model(MODEL)
    assert len(server.requests) == 2


async def test_what_has_effects_or_is_the_services_own_is_never_kept() -> None:
    """Requests of one's own, whatever their method, and native operations go out each time."""
    server = VirtualServer()
    store = Spied()
    async with watched(server, cache=Cache(store)) as ai:
        for _ in range(2):
            await ai.request("openai", "GET", "/things")
            await ai.request("openai", "POST", "/things")
    assert (len(server.requests), store.gets, store.sets) == (4, 0, [])


CALLS = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}],
}
UNFIT = [
    {"finish_reason": "length"},
    {"finish_reason": "content_filter"},
    {"finish_reason": "tool_calls", "message": CALLS},
    {"finish_reason": "stop", "message": {"role": "assistant", "content": None, "refusal": "I cannot"}},
    {"finish_reason": "stop", "message": {"role": "assistant", "content": ""}},
    {"finish_reason": None},
]  # fmt: skip


@pytest.mark.parametrize("choice", UNFIT, ids=lambda choice: str(choice["finish_reason"]))
async def test_what_is_no_whole_answer_is_not_kept(choice: dict[str, Any]) -> None:
    """It is given to its caller, and the next one asks anew."""
    message = {"role": "assistant", "content": "hello"}
    server = VirtualServer(always=says(completion(choices=[{"index": 0, "message": message, **choice}])))
    store = Spied()
    async with watched(server, cache=Cache(store)) as ai:
        for _ in range(2):
            assert not (await ai.chat(MODEL, "hi")).cached
        assert ai.cache.stats()["unfit"] == 2
    assert (len(server.requests), store.sets) == (2, [])


async def test_errors_are_not_kept() -> None:
    """The call after one asks anew."""
    server = VirtualServer(refuses(400), always=says())
    store = Spied()
    async with watched(server, cache=Cache(store)) as ai:
        with pytest.raises(AccelError):
            await ai.chat(MODEL, "hi")
        assert store.sets == []
        assert (await ai.chat(MODEL, "hi")).text == "hello"


async def test_a_fallbacks_answer_is_not_kept_as_that_of_the_model_asked_for() -> None:
    """What another model said is true of that model only."""
    server = VirtualServer(refuses(404), says(), refuses(404), says())
    store = Spied()
    async with watched(server, cache=Cache(store)) as ai:
        for _ in range(2):
            reply = await ai.chat("openai:gone", "hi", fallbacks=[MODEL])
            assert (reply.target.model, reply.cached) == ("m", False)
        assert store.sets == []


async def test_a_shared_answer_is_kept_once() -> None:
    """A thousand equal calls are one request and one entry."""
    server = VirtualServer(always=says(wait=1.0))
    store = Spied()
    async with watched(server, cache=Cache(store)) as ai:
        await asyncio.gather(*(ai.chat(MODEL, "hi") for _ in range(1_000)))
        assert (len(server.requests), len(store.sets)) == (1, 1)
        assert (await ai.chat(MODEL, "hi")).cached
