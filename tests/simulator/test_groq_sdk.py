"""Groq's own SDK talks to the Groq twin."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import groq
import pytest

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.sockets
HELLO: Any = [{"role": "user", "content": "Name three primes."}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]


@asynccontextmanager
async def sdk(**options: Any) -> AsyncIterator[groq.AsyncGroq]:
    """Yield the SDK pointed at the twin."""
    async with (
        simulate("groq", **options) as sim,
        groq.AsyncGroq(base_url=sim.root_url, api_key="gsk-test", max_retries=0) as client,
    ):
        yield client


async def test_plain_has_times_and_x_groq() -> None:
    """Usage has seconds, and the reply its Groq id."""
    async with sdk() as client:
        reply = await client.chat.completions.create(model="m", messages=HELLO)
        assert reply.choices[0].message.content.startswith("Synthetic")
        assert reply.usage.total_time == pytest.approx(reply.usage.prompt_time + reply.usage.completion_time)
        assert reply.x_groq.id.startswith("req_")


async def test_stream_has_x_groq_at_both_ends() -> None:
    """The first chunk has the id, the one that finishes the usage."""
    async with sdk() as client:
        whole = await client.chat.completions.create(model="m", messages=HELLO)
        chunks = [c async for c in await client.chat.completions.create(model="m", messages=HELLO, stream=True)]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
        assert chunks[0].x_groq.id
        assert chunks[-1].x_groq.usage == whole.usage
        assert chunks[1].x_groq is None


async def test_tools_and_structured_output() -> None:
    """A forced tool is called, its result answered, and a schema is kept to."""
    choice: Any = {"type": "function", "function": {"name": "weather"}}
    schema: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    async with sdk() as client:
        reply = await client.chat.completions.create(model="m", messages=HELLO, tools=TOOLS, tool_choice=choice)
        call = reply.choices[0].message.tool_calls[0]
        assert set(json.loads(call.function.arguments)) == {"city"}
        stream = await client.chat.completions.create(model="m", messages=HELLO, tools=TOOLS, stream=True)
        deltas = [part for c in [c async for c in stream] for part in c.choices[0].delta.tool_calls or ()]
        assert (deltas[0].id, deltas[0].function.name) != (None, None)
        assert set(json.loads("".join(part.function.arguments for part in deltas))) == {"city"}
        result: Any = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
        turn: Any = {"role": "assistant", "tool_calls": [call.model_dump()]}
        reply = await client.chat.completions.create(model="m", messages=[*HELLO, turn, result], tools=TOOLS)
        assert reply.choices[0].finish_reason == "stop"
        reply = await client.chat.completions.create(model="m", messages=HELLO, response_format=schema)
        assert set(json.loads(reply.choices[0].message.content)) == {"city"}


async def test_images_and_reasoning() -> None:
    """An image costs tokens; reasoning shows when it is asked for, parsed."""
    image: Any = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    async with sdk() as client:
        reply = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": image}])
        assert reply.usage.prompt_tokens == 85
        reply = await client.chat.completions.create(model="m", messages=HELLO, reasoning_format="parsed")
        assert reply.choices[0].message.reasoning.startswith("Synthetic")
        stream = await client.chat.completions.create(model="m", messages=HELLO, reasoning_format="parsed", stream=True)
        thoughts = "".join([chunk.choices[0].delta.reasoning or "" async for chunk in stream])
        assert thoughts == reply.choices[0].message.reasoning
        reply = await client.chat.completions.create(model="m", messages=HELLO, reasoning_effort="low")
        assert (reply.choices[0].message.reasoning, reply.usage.completion_tokens_details.reasoning_tokens > 0) == (
            None,
            True,
        )


async def test_embeddings_and_models() -> None:
    """Vectors come in order; models tell their window."""
    async with sdk() as client:
        reply = await client.embeddings.create(model="m", input=["a", "b"])
        assert [(item.index, len(item.embedding)) for item in reply.data] == [(0, 768), (1, 768)]
        models = await client.models.list()
        assert models.data[0].context_window == 131_072
        assert (await client.models.retrieve("qwen/qwen3-32b")).id == "qwen/qwen3-32b"


FAULTS = {
    "401": groq.AuthenticationError,
    "429": groq.RateLimitError,
    "498": groq.APIStatusError,
    "503": groq.InternalServerError,
    "reset": groq.APIConnectionError,
}


async def test_faults_raise_the_sdks_own_errors() -> None:
    """The SDK classifies what it meets."""
    async with sdk(faults=list(FAULTS)) as client:
        for error in FAULTS.values():
            with pytest.raises(error):
                await client.chat.completions.create(model="m", messages=HELLO)


async def test_bad_requests_and_errors_in_a_stream() -> None:
    """A 400, a 404 and an error among the chunks are raised."""
    async with sdk(faults=[None, None, None, "error-in-200"]) as client:
        with pytest.raises(groq.BadRequestError):
            await client.chat.completions.create(model="m", messages=[])
        with pytest.raises(groq.BadRequestError):
            await client.chat.completions.create(
                model="m", messages=HELLO, reasoning_format="parsed", include_reasoning=True
            )
        with pytest.raises(groq.NotFoundError):
            await client.chat.completions.create(model=MISSING_MODEL, messages=HELLO)
        stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
        with pytest.raises(groq.APIError):
            _ = [chunk async for chunk in stream]
