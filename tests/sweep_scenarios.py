"""What is swept: each way in which a client waits for something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from ipfs_accel_async import Cache, Client, MemoryStore, SemanticCache
from ipfs_accel_async.cache.store import Kept
from ipfs_accel_async.errors import AccelError
from ipfs_accel_async.keys import Keys
from tests.answering import completion
from tests.faults.virtual import Answer, refuses, says, streams
from tests.sweeping import AHEAD, Scenario

DELTA = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
LAST = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
WHOLE = streams(DELTA, 0.1, DELTA, 0.1, LAST + DONE, wait=0.5)
BUSY = refuses(503, wait=0.2)
METADATA = {"name": "m", "versions": ["1"], "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]}
TENSORS = {"model_name": "m", "outputs": [{"name": "y", "datatype": "FP32", "shape": [1], "data": [1.0]}]}
VECTORS = {"data": [{"index": 0, "embedding": [0.5]}], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
OVMS = {"base_urls": {"ovms": "http://ovms:8000"}}
PULL = b'{"status":"pulling"}\n{"status":"downloading","completed":1,"total":2}\n'
ONE = {"max_concurrent_requests": 1}
FRAGILE = {"failure_threshold": 2, "max_retries": 0}
SLOWED = {"rpm": 6, "burst_seconds": 1}
SEVERAL = {"providers": {"openai": {"endpoints": ["http://a:1/v1", "http://b:1/v1"], "max_concurrent_requests": 1}}}


async def chat(ai: Client) -> None:
    """A call."""
    await ai.chat("openai:m", "hi")


async def ahead(ai: Client) -> None:
    """A call of somebody else."""
    await ai.chat("openai:m", AHEAD)


async def stream(ai: Client) -> None:
    """A stream, read to its end."""
    async with ai.stream("openai:m", "hi") as made:
        assert (await made.collect()).text == "xx"


async def broken_off(ai: Client) -> None:
    """A stream that is left after its first token."""
    async with ai.stream("openai:m", "hi") as made:
        await anext(made)


async def slowly(ai: Client) -> None:
    """A stream whose reader waits in between."""
    async with ai.stream("openai:m", "hi") as made:
        async for _ in made:
            await asyncio.sleep(1)


async def fallback(ai: Client) -> None:
    """A call whose first two targets fail."""
    await ai.chat("openai:m", "hi", fallbacks=["openai:n", "openai:o"])


async def embed(ai: Client) -> None:
    """Vectors."""
    await ai.embed("openai:e", "text")


async def events(ai: Client) -> None:
    """Events of a native operation."""
    async with ai.ollama.stream_pull("m") as made:
        assert len(await made.collect()) == 3


async def chunks(ai: Client) -> None:
    """Bytes as they come."""
    async with ai.openai.audio.speech.stream("hi", model="m", voice="v") as made:
        assert await made.collect() == b"abcdef"


async def infer(ai: Client) -> None:
    """Tensors, held against a description first."""
    await ai.infer("ovms:m", {"x": [[1.0, 2.0]]})


async def functions(ai: Client) -> None:
    """A conversation in which the model calls a function twice at once."""

    async def look(at: str) -> str:
        """Look at something."""
        await asyncio.sleep(0.3)
        return at

    done = await ai.run_tools("openai:m", "Look.", [look])
    assert done.rounds == 2


async def middleware_like(ai: Client) -> None:
    """A caller's own layers: a scope around the call, work before and after."""

    @asynccontextmanager
    async def scope() -> AsyncIterator[None]:
        await asyncio.sleep(0.1)
        try:
            yield
        finally:
            await asyncio.sleep(0.1)

    async with scope(), asyncio.timeout(60):
        await ai.chat("openai:m", "hi", timeout=30)


async def together(ai: Client) -> None:
    """Three calls in a task group, through one permit."""
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(ai.chat("openai:m", f"call {number}"))


async def closing(ai: Client) -> None:
    """Closing, with time for what is under way."""
    await ai.aclose(grace=2.0)


async def until_closed(ai: Client) -> None:
    """A call that takes what the close gives it."""
    try:
        await ai.chat("openai:m", "hi")
    except AccelError:
        await asyncio.sleep(0)


async def reading_until_closed(ai: Client) -> None:
    """A stream that takes what the close gives it."""
    try:
        async with ai.stream("openai:m", "hi") as made:
            async for _ in made:
                await asyncio.sleep(0.5)
    except AccelError:
        await asyncio.sleep(0)


async def opened(ai: Client) -> None:
    """Let the breaker open, and its time pass."""
    for _ in range(2):
        try:
            await ai.chat("openai:m", "hi")
        except AccelError:
            await asyncio.sleep(0)
    await asyncio.sleep(31)


async def token() -> str:
    """A token that is fetched anew each time."""
    await asyncio.sleep(0.1)
    return "token"


class SlowStore(MemoryStore):
    """A store that takes its time and keeps nothing, so that runs do not answer each other."""

    async def get(self, key: str) -> Kept | None:
        """Find nothing, slowly."""
        await asyncio.sleep(0.1)
        return None

    async def set(self, *arguments: Any, **more: Any) -> bool:
        """Keep nothing, slowly."""
        await asyncio.sleep(0.1)
        return False


async def in_other_words(ai: Client) -> None:
    """A chat whose question is embedded first, and whose answer is kept; what was kept before is too old."""
    await ai.with_options(max_age=0).chat("openai:m", "What is this?", temperature=0)


def embedded(request: Any) -> Answer:
    """A vector for a question, or its answer."""
    return says(VECTORS if request is not None and request.url.endswith("/embeddings") else None, wait=0.2)


def asks(name: str, *arguments: str) -> dict[str, Any]:
    """An answer that calls a function."""
    asked = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": text}}
        for number, text in enumerate(arguments)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": asked}
    return completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}])


def described(request: Any) -> Answer:
    """A description, or what is described."""
    return says(TENSORS if request is not None and request.method == "POST" else METADATA, wait=0.2)


def asked(request: Any) -> Answer:
    """Calls of a function, until it was called."""
    called = b'"role":"tool"' in request.body
    return says(None if called else asks("look", '{"at":"a"}', '{"at":"b"}'), wait=0.2)


DOWN = refuses(500, wait=0.1)
LONG = says(wait=100.0)
BROKEN = streams(0.1, b": nothing yet\n\n", wait=0.1)
SPOKEN = Answer((b"ab", 0.1, b"cd", 0.1, b"ef"), 200, {"content-type": "audio/mpeg"}, 0.2)
PULLED = Answer((PULL, 0.2, b'{"status":"success"}\n'), 200, {"content-type": "application/x-ndjson"}, 0.2)

SCENARIOS: dict[str, Scenario] = {
    "chat": Scenario(chat),
    "retry": Scenario(chat, [BUSY, BUSY]),
    "retry after": Scenario(chat, [refuses(429, wait=0.2, retry_after="3")]),
    "fallback": Scenario(fallback, [refuses(404, wait=0.2), refuses(401, wait=0.2)]),
    "embed": Scenario(embed, always=says(VECTORS, wait=0.2)),
    "stream": Scenario(stream, always=WHOLE),
    "stream after retries": Scenario(stream, [BUSY, BROKEN], WHOLE),
    "stream broken off": Scenario(broken_off, always=WHOLE),
    "stream read slowly": Scenario(slowly, always=WHOLE),
    "events": Scenario(events, always=PULLED),
    "bytes": Scenario(chunks, always=SPOKEN),
    "queue": Scenario(chat, [BUSY], settings=ONE, ahead=[ahead] * 2),
    "queue behind a stream": Scenario(stream, always=WHOLE, settings=ONE, ahead=[stream]),
    "total cap": Scenario(chat, settings={"max_total_concurrent_requests": 1}, ahead=[ahead] * 2),
    "half-open probe": Scenario(chat, [DOWN, DOWN], settings=FRAGILE, before=opened),
    "token": Scenario(chat, [BUSY], settings={"keys": {"openai": Keys(token)}}),
    "infer": Scenario(infer, [described(None), BUSY], described, OVMS, hidden=True),
    "functions": Scenario(functions, [BUSY], asked),
    "in a caller's scope": Scenario(middleware_like, [BUSY]),
    "task group": Scenario(together, [BUSY], settings=ONE),
    "rate limit": Scenario(chat, [BUSY], settings=SLOWED, ahead=[ahead] * 2),
    "endpoints": Scenario(chat, [BUSY, BUSY], settings=SEVERAL, ahead=[ahead] * 2),
    "cache": Scenario(chat, [BUSY], settings={"cache": Cache(SlowStore()), "single_flight": False}),
    "cached stream": Scenario(stream, always=WHOLE, settings={"cache": Cache(SlowStore()), "single_flight": False}),
    "semantic cache": Scenario(
        in_other_words,
        always=embedded,
        settings={"semantic_cache": SemanticCache("openai:e", shadow=0.0), "single_flight": False, "batching": False},
    ),
    "closing": Scenario(
        closing,
        [says(wait=1.0), LONG, WHOLE],
        settings={"max_concurrent_requests": 3},
        ahead=[until_closed, until_closed, reading_until_closed, until_closed],
    ),
}
SCENARIOS |= {
    f"{name}, queued each time": replace(
        SCENARIOS[name], settings={**SCENARIOS[name].settings, "max_concurrent_requests": 1}, ahead=[ahead] * 3
    )
    for name in ("retry", "fallback", "stream after retries", "events", "bytes", "token", "infer", "functions")
}
