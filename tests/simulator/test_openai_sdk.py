"""OpenAI's own SDK talks to the OpenAI and vLLM twins."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import openai
import pytest

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL, REFUSAL_TRIGGER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.simulator import Simulator

pytestmark = [pytest.mark.sockets, pytest.mark.parametrize("provider", ["openai", "vllm"])]
HELLO = [{"role": "user", "content": "Name three primes, as JSON."}]
PARALLEL = [{"role": "user", "content": "Ask for Paris and Rome in parallel."}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
FORMAT: Any = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA, "strict": True}}


@asynccontextmanager
async def sdk(provider: str, **options: Any) -> AsyncIterator[tuple[openai.AsyncOpenAI, Simulator]]:
    """Yield the SDK pointed at a twin."""
    async with (
        simulate(provider, **options) as sim,
        openai.AsyncOpenAI(base_url=sim.base_url, api_key="sk-test", max_retries=0) as client,
    ):
        yield client, sim


async def streamed(client: openai.AsyncOpenAI, **request: Any) -> list[Any]:
    """Return the chunks of a stream."""
    stream = await client.chat.completions.create(model="m", stream=True, **request)
    return [chunk async for chunk in stream]


async def test_plain(provider: str) -> None:
    """A chat has text, usage and a request id."""
    async with sdk(provider) as (client, _):
        reply = await client.chat.completions.create(model="m", messages=HELLO)
        assert reply.choices[0].message.content.startswith("Synthetic")
        assert (reply.model, reply.choices[0].finish_reason) == ("m", "stop")
        assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
        assert (reply._request_id or "").startswith("req_") == (provider == "openai")


async def test_a_stream_says_what_the_whole_reply_says(provider: str) -> None:
    """Text, finish reason and usage are the same both ways."""
    async with sdk(provider) as (client, _):
        whole = await client.chat.completions.create(model="m", messages=HELLO)
        chunks = await streamed(client, messages=HELLO, stream_options={"include_usage": True})
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == whole.choices[0].message.content
        assert chunks[0].choices[0].delta.role == "assistant"
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
        assert all(chunk.usage is None for chunk in await streamed(client, messages=HELLO))


async def test_tools_both_ways(provider: str) -> None:
    """A call is made, its result is answered by text."""
    async with sdk(provider) as (client, _):
        reply = await client.chat.completions.create(model="m", messages=HELLO, tools=TOOLS)
        call = reply.choices[0].message.tool_calls[0]
        assert (reply.choices[0].finish_reason, call.function.name) == ("tool_calls", "weather")
        assert set(json.loads(call.function.arguments)) == {"city", "days"}
        turn = [reply.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
        reply = await client.chat.completions.create(model="m", messages=[*HELLO, *turn], tools=TOOLS)
        assert (reply.choices[0].finish_reason, reply.choices[0].message.tool_calls) == ("stop", None)


async def test_parallel_tool_calls_in_pieces(provider: str) -> None:
    """Assembled from their pieces, both calls are complete."""
    async with sdk(provider) as (client, _):
        async with client.chat.completions.stream(model="m", messages=PARALLEL, tools=TOOLS) as stream:
            reply = await stream.get_final_completion()
        calls = reply.choices[0].message.tool_calls
        assert len({call.id for call in calls}) == 2
        assert all(set(json.loads(call.function.arguments)) == {"city", "days"} for call in calls)


async def test_structured_output(provider: str) -> None:
    """A schema is kept to, whole and streamed; json_object gives an object."""
    async with sdk(provider) as (client, _):
        reply = await client.chat.completions.create(model="m", messages=HELLO, response_format=FORMAT)
        assert set(value := json.loads(reply.choices[0].message.content)) == {"city", "days"}
        chunks = await streamed(client, messages=HELLO, response_format=FORMAT)
        assert json.loads("".join(chunk.choices[0].delta.content or "" for chunk in chunks)) == value
        reply = await client.chat.completions.create(model="m", messages=HELLO, response_format={"type": "json_object"})
        assert isinstance(json.loads(reply.choices[0].message.content), dict)


async def test_images_count(provider: str) -> None:
    """Each image part costs prompt tokens."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    async with sdk(provider) as (client, _):
        usages = []
        for n in range(3):
            content: Any = [{"type": "text", "text": "look"}, *[image] * n]
            reply = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": content}])
            usages.append(reply.usage.prompt_tokens)
        assert usages == [1, 86, 171]


async def test_limits_stops_and_reasoning(provider: str) -> None:
    """Max tokens ends by length, a stop sequence by stop, an effort costs reasoning tokens."""
    async with sdk(provider) as (client, _):
        reply = await client.chat.completions.create(model="m", messages=HELLO, max_completion_tokens=5)
        assert (reply.choices[0].finish_reason, reply.usage.completion_tokens) == ("length", 5)
        reply = await client.chat.completions.create(model="m", messages=HELLO, stop=["answer"])
        assert (reply.choices[0].finish_reason, reply.choices[0].message.content) == ("stop", "Synthetic ")
        reply = await client.chat.completions.create(model="m", messages=HELLO, reasoning_effort="low")
        assert 0 < reply.usage.completion_tokens_details.reasoning_tokens < reply.usage.completion_tokens


async def test_a_long_prompt_is_cached_the_second_time(provider: str) -> None:
    """cached_tokens are a multiple of 128 within the prompt."""
    async with sdk(provider) as (client, _):
        long: Any = [{"role": "user", "content": "word " * 1000}]
        usages = [(await client.chat.completions.create(model="m", messages=long)).usage for _ in range(2)]
        assert not (usages[0].prompt_tokens_details and usages[0].prompt_tokens_details.cached_tokens)
        assert usages[1].prompt_tokens_details.cached_tokens == 1152


@pytest.mark.parametrize("form", ["float", "base64", None])
async def test_embeddings(provider: str, form: Any) -> None:
    """Both encodings give the same unit vectors in the order of the input."""
    more: Any = {"encoding_format": form} if form else {}
    async with sdk(provider) as (client, _):
        reply = await client.embeddings.create(model="m", input=["a", "b", "a"], dimensions=64, **more)
        raw = [item.embedding for item in reply.data]
        if form == "base64":
            raw = [np.frombuffer(base64.b64decode(text), "<f4") for text in raw]
        vectors = np.array(raw, np.float32)
        assert vectors.shape == (3, 64)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert np.array_equal(vectors[0], vectors[2])
        assert [item.index for item in reply.data] == [0, 1, 2]
        one = await client.embeddings.create(model="m", input="a")
        assert len(one.data[0].embedding) == (1536 if provider == "openai" else 384)
        tokens = await client.embeddings.create(model="m", input=[[1, 2], [3]])
        assert len(tokens.data) == 2


async def test_models(provider: str) -> None:
    """Models are listed and found by id."""
    async with sdk(provider) as (client, _):
        found = [model.id async for model in client.models.list()]
        assert (await client.models.retrieve(found[0])).id == found[0]
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve(MISSING_MODEL)


# Not parameters: making a client costs more than all of its calls.
BAD_REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
    ({"messages": [{"role": "tool", "content": "hi"}]}, "messages[0].tool_call_id"),
    ({"messages": HELLO, "temperature": 3}, "temperature"),
    ({"messages": HELLO, "n": 2}, "n"),
    ({"messages": HELLO, "max_completion_tokens": 0}, "max_completion_tokens"),
    ({"messages": HELLO, "stop": list("abcde")}, "stop"),
    ({"messages": HELLO, "tools": [{"type": "function"}]}, "tools"),
    ({"messages": HELLO, "tool_choice": "required"}, "tool_choice"),
    ({"messages": HELLO, "response_format": {"type": "xml"}}, "response_format"),
    ({"messages": HELLO, "reasoning_effort": "heroic"}, "reasoning_effort"),
    ({"messages": [{"role": "user", "content": "x" * 600_000}]}, "messages"),
    ({"messages": HELLO, "model": ""}, "model"),
]
FAULTS = {
    "401": openai.AuthenticationError,
    "403": openai.PermissionDeniedError,
    "429": openai.RateLimitError,
    "503": openai.InternalServerError,
    "502": openai.InternalServerError,
    "cut": openai.APIConnectionError,
    "reset": openai.APIConnectionError,
}


async def test_bad_requests(provider: str) -> None:
    """Each is a 400 that names the parameter."""
    async with sdk(provider) as (client, _):
        for request, param in BAD_REQUESTS:
            with pytest.raises(openai.BadRequestError) as caught:
                await client.chat.completions.create(**{"model": "m", **request})
            codes = (400,) if provider == "vllm" else (None, "context_length_exceeded")
            assert (caught.value.body["param"], caught.value.body["code"] in codes) == (param, True)


async def test_bad_embeddings_input(provider: str) -> None:
    """Nothing, empty items, too many and too long are refused."""
    values: list[Any] = ["", [], ["a", ""], ["a"] * 2049, "x" * 40_000]
    async with sdk(provider) as (client, _):
        for value in values:
            with pytest.raises(openai.BadRequestError) as caught:
                await client.embeddings.create(model="m", input=value)
            assert caught.value.body["param"] == "input"


async def test_faults_raise_the_sdks_own_errors(provider: str) -> None:
    """The SDK classifies what it meets."""
    async with sdk(provider, faults=list(FAULTS)) as (client, sim):
        for fault, error in FAULTS.items():
            with pytest.raises(error):
                await client.chat.completions.create(model="m", messages=HELLO)
            assert sim.requests[-1].fault == fault


async def test_a_missing_model(provider: str) -> None:
    """The documented name is a 404."""
    async with sdk(provider) as (client, _):
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(model=MISSING_MODEL, messages=HELLO)
        assert caught.value.body["code"] == (404 if provider == "vllm" else "model_not_found")


async def test_an_error_in_a_stream_is_raised(provider: str) -> None:
    """The SDK finds the error object among the chunks."""
    async with sdk(provider, faults=["error-in-200@500"]) as (client, _):
        with pytest.raises(openai.APIError):
            await streamed(client, messages=HELLO)


async def test_a_refusal(provider: str) -> None:
    """OpenAI filters the trigger, or refuses when it owes a schema; vLLM answers it."""
    messages: Any = [{"role": "user", "content": REFUSAL_TRIGGER}]
    async with sdk(provider) as (client, _):
        reply = await client.chat.completions.create(model="m", messages=messages)
        assert reply.choices[0].finish_reason == ("content_filter" if provider == "openai" else "stop")
        reply = await client.chat.completions.create(model="m", messages=messages, response_format=FORMAT)
        assert bool(reply.choices[0].message.refusal) == (provider == "openai")
        assert bool(reply.choices[0].message.content) == (provider == "vllm")
        chunks = await streamed(client, messages=messages, response_format=FORMAT)
        assert any(chunk.choices[0].delta.refusal for chunk in chunks) == (provider == "openai")
