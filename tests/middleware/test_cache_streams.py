"""Streams in the cache: whole ones are kept, and come back delta by delta."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Cache, Client, Delta, StreamIncompleteError, Usage
from tests.faults.streaming import DONE, NAMES, answer_of, client_of, event, frames
from tests.faults.virtual import VirtualServer, streams
from tests.faults.watching import watched
from tests.middleware.test_cache import Spied

MODEL = "openai:m"
SPOKEN = streams(event("one "), 1.0, event("two"), 1.0, DONE)


async def read(ai: Client, model: str = MODEL) -> tuple[list[Delta], Any]:
    """All deltas of a stream, and its reply."""
    async with ai.stream(model, "hi") as stream:
        deltas = [delta async for delta in stream]
        return deltas, stream.reply


@pytest.mark.parametrize("name", NAMES)
async def test_a_stream_comes_back_delta_by_delta(name: str) -> None:
    """Of every wire's recorded stream: the same pieces, the same reply, no counts, no request."""
    server = VirtualServer(always=answer_of(name, *frames(name)))
    async with client_of(name, server, cache="on") as ai:
        deltas, reply = await read(ai, f"{name}:m")
        kept = reply.finish_reason == "stop" and not reply.tool_calls
        again, repeated = await read(ai, f"{name}:m")
        assert len(server.requests) == 2 - kept
        assert repeated.cached == kept
        if kept:
            assert again == [delta._replace(usage=None) for delta in deltas]
            assert repeated.usage == Usage()
            assert (repeated.text, repeated.reasoning, repeated.id, repeated.model, repeated.verbatim) == (
                reply.text,
                reply.reasoning,
                reply.id,
                reply.model,
                reply.verbatim,
            )


async def test_a_replayed_stream_takes_no_time_and_no_place() -> None:
    """It is a stream like others: read within its block, with its id and its trace."""
    server = VirtualServer(always=SPOKEN)
    async with watched(server, cache="on") as ai:
        await read(ai)
        begun = asyncio.get_running_loop().time()
        async with ai.stream(MODEL, "hi") as stream:
            assert ai.statistics()["lanes"][0]["active"] == 0
            assert (await anext(stream)).text == "one "
            assert stream.partial.text == "one "
            assert (await stream.collect()).text == "one two"
            explained = ai.explain(stream)
        assert asyncio.get_running_loop().time() == begun
        assert (explained["cache"], explained["attempts"], explained["first_token_ms"]) == ("hit", [], 0.0)


async def test_a_chat_and_a_stream_are_kept_apart() -> None:
    """One is not given for the other: the request is another one."""
    server = VirtualServer(SPOKEN)
    async with watched(server, cache="on") as ai:
        await read(ai)
        assert (await ai.chat(MODEL, "hi")).text == "hello"
    assert len(server.requests) == 2


async def test_a_stream_that_is_not_read_to_its_end_is_not_kept() -> None:
    """Whoever leaves early has not seen it all, nor would the next one."""
    server, store = VirtualServer(always=SPOKEN), Spied()
    async with watched(server, cache=Cache(store)) as ai:
        async with ai.stream(MODEL, "hi") as stream:
            await anext(stream)
        task = asyncio.create_task(read(ai))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert store.sets == []
        await read(ai)
        assert len(store.sets) == 1


async def test_a_stream_that_breaks_off_is_not_kept() -> None:
    """Nor one that ends as truncated."""
    cut = streams(event("one "), 1.0, event("two"))
    long = streams(event("one "), event("", finish_reason="length"), b"data: [DONE]\n\n")
    server, store = VirtualServer(cut, long), Spied()
    async with watched(server, cache=Cache(store)) as ai:
        with pytest.raises(StreamIncompleteError):
            await read(ai)
        assert (await read(ai))[1].finish_reason == "length"
    assert (len(server.requests), store.sets) == (2, [])


async def test_a_stream_that_is_too_long_is_not_kept() -> None:
    """Beyond replay_bytes it is read as ever, and forgotten."""
    server, store = VirtualServer(always=SPOKEN), Spied()
    async with watched(server, cache=Cache(store), replay_bytes=250) as ai:
        assert (await read(ai))[1].text == "one two"
    assert store.sets == []


async def test_who_stays_to_the_end_has_it_kept() -> None:
    """Of two readers of one stream the first leaves; the other one's end is the stream's, and it is kept once."""
    server, store = VirtualServer(always=SPOKEN), Spied()
    async with watched(server, cache=Cache(store)) as ai:
        first, second, third = (asyncio.create_task(read(ai)) for _ in range(3))
        await asyncio.sleep(0.5)
        first.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        assert (second.result()[1].text, len(store.sets), len(server.requests)) == ("one two", 1, 1)
        assert (await read(ai))[1].cached


async def test_the_permit_is_back_before_it_is_kept() -> None:
    """A slow store holds no place."""
    server, store = VirtualServer(always=SPOKEN), Spied()
    inner = store.set

    async def slowly(*arguments: Any) -> bool:
        assert ai.statistics()["lanes"][0]["active"] == 0
        await asyncio.sleep(5)
        return await inner(*arguments)

    store.set = slowly  # type: ignore[method-assign]
    async with watched(server, cache=Cache(store)) as ai:
        await read(ai)
        assert len(store.sets) == 1
