"""Where answers are kept: stores that fail, that stay, that are shared, and what may be seen in them."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from ipfs_accel_async import (
    Cache,
    Client,
    ConfigError,
    DiskStore,
    MemoryStore,
    Secret,
)
from ipfs_accel_async.cache.store import Kept
from tests.faults.virtual import VirtualServer
from tests.faults.watching import KEY, watched
from tests.middleware.test_cache import Spied

MODEL = "openai:m"


async def test_answers_are_found_by_their_tags() -> None:
    """By a label's name, by its value, and by the model; then they are gone, the others are there."""
    server = VirtualServer()
    async with watched(server, cache="on") as ai:

        async def ask(model: str, **tags: str) -> bool:
            return (await ai.chat(model, "hi", tags=tags)).cached

        await ask(MODEL, job="1")
        await ask("openai:n", job="2", tenant="a")
        assert await ai.cache.invalidate(tag="job=2") == 1
        assert (await ask(MODEL), await ask("openai:n", tenant="a")) == (True, False)
        assert await ai.cache.invalidate(tag="tenant") == 1
        assert await ai.cache.invalidate(tag=MODEL) == 1
        assert await ai.cache.invalidate(tag="never") == 0
        await ask(MODEL)
        assert (await ai.cache.clear(), ai.cache.stats()["entries"]) == (1, 0)


async def test_a_store_that_fails_fails_no_call(caplog: pytest.LogCaptureFixture) -> None:
    """Each call is answered; the errors are counted, and told once a minute without the store's own words."""
    server = VirtualServer()
    store = Spied(ConnectionError("redis://user:password@host refused"))
    async with watched(server, cache=Cache(store)) as ai:
        with caplog.at_level(logging.WARNING, "ipfs_accel_async"):
            for _ in range(5):
                assert (await ai.chat(MODEL, "hi")).text == "hello"
            assert [record.getMessage() for record in caplog.records] == [
                "the cache's store failed (ConnectionError); calls go on without it"
            ]
            await asyncio.sleep(61)
            await ai.chat(MODEL, "hi")
            assert len(caplog.records) == 2
        assert ai.cache.stats()["errors"] == 12
    assert len(server.requests) == 6


async def test_a_cancelled_look_is_a_cancelled_call() -> None:
    """A store that hangs holds a call no longer than its deadline, and cancelling it is no miss."""

    class Hanging(MemoryStore):
        async def get(self, key: str) -> Kept | None:
            await asyncio.sleep(1_000)
            return None

    server = VirtualServer()
    async with watched(server, cache=Cache(Hanging())) as ai:
        with pytest.raises(TimeoutError):
            await ai.chat(MODEL, "hi", timeout=2)
        assert (server.requests, ai.cache.stats()["misses"]) == ([], 0)


async def test_answers_on_disk_are_there_for_the_next_client(tmp_path: Path) -> None:
    """Another client finds them in the file; one with another secret, or none, does not believe them."""
    server = VirtualServer()

    async def cached(secret: Any) -> bool:
        store = DiskStore(tmp_path / "answers.db")
        async with watched(server, cache=Cache(store, secret=secret)) as ai:
            reply = await ai.with_options(cache="read-only").chat(MODEL, "hi")
            assert ai.cache.stats()["invalid"] == (not reply.cached)
            return reply.cached

    async with watched(server, cache=Cache(DiskStore(tmp_path / "answers.db"), secret="s3cret")) as ai:
        await ai.chat(MODEL, "hi")
    assert [await cached(secret) for secret in ("s3cret", Secret("s3cret"), "other", None)] == [
        True,
        True,
        False,
        False,
    ]


async def test_neither_keys_nor_prompts_are_in_what_is_kept(tmp_path: Path) -> None:
    """Not in the store's keys, values and tags, not in the file, and the secret in no way that a cache is shown."""
    server, store, prompt = VirtualServer(), Spied(), "a prompt that nobody should read"
    async with watched(server, cache=Cache(store, secret=KEY)) as ai:
        await ai.chat(MODEL, prompt)
        assert KEY not in repr(ai.cache.stats())
    cache = Cache(DiskStore(tmp_path / "answers.db"), secret=KEY)
    async with watched(server, cache=cache) as ai:
        await ai.chat(MODEL, prompt)
    written = repr(store.sets).encode() + b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"hello" in written
    assert KEY.encode() not in written
    assert prompt.encode() not in written
    assert KEY not in repr(cache) + repr(vars(cache))


async def test_one_cache_may_serve_several_clients() -> None:
    """What one has kept the other finds."""
    server, cache = VirtualServer(), Cache()
    async with watched(server, cache=cache) as one:
        await one.chat(MODEL, "hi")
    async with watched(server, cache=cache) as other:
        assert (await other.chat(MODEL, "hi")).cached
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cache(mode="sometimes"),  # type: ignore[arg-type]
        lambda: Cache("cache.db"),  # type: ignore[arg-type]
        lambda: Cache(secret="xxx\nxxx"),
        lambda: Cache(secret=""),
        lambda: Cache(secret=5),  # type: ignore[arg-type]
        lambda: Client(cache=5),
        lambda: Client(cache="sometimes"),
        lambda: Client(providers={"openai": {"cache": Cache()}}),
    ],
)
def test_what_is_no_cache_is_refused(make: Any) -> None:
    """In one line, when it is made, and without showing a secret."""
    with pytest.raises(ConfigError) as caught:
        make()
    assert "\n" not in str(caught.value)
    assert "xxx" not in str(caught.value)
