"""Ollama's own SDK talks to the Ollama twin."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import ollama
import pytest

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL
from tests.simulator.calls import raw_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.simulator import Simulator

pytestmark = pytest.mark.sockets
HELLO: Any = [{"role": "user", "content": "Name three primes."}]
SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]


@asynccontextmanager
async def sdk(**options: Any) -> AsyncIterator[tuple[ollama.AsyncClient, Simulator]]:
    """Yield the SDK pointed at the twin, and close its connections, for which it has no method."""
    async with simulate("ollama", **options) as sim:
        client = ollama.AsyncClient(host=sim.root_url)
        try:
            yield client, sim
        finally:
            await client._client.aclose()


async def test_chat_whole_and_streamed() -> None:
    """The lines join to the whole text, and the last one has the counts."""
    async with sdk() as (client, _):
        whole = await client.chat(model="m", messages=HELLO, think=True)
        parts = [part async for part in await client.chat(model="m", messages=HELLO, think=True, stream=True)]
        assert whole.message.content.startswith("Synthetic")
        assert "".join(part.message.content for part in parts) == whole.message.content
        assert "".join(part.message.thinking or "" for part in parts) == whole.message.thinking != ""
        assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
        assert (parts[-1].eval_count, parts[-1].done_reason) == (whole.eval_count, "stop")
        assert whole.total_duration == whole.load_duration + whole.prompt_eval_duration + whole.eval_duration


async def test_generate_whole_and_streamed() -> None:
    """The same for a prompt."""
    async with sdk() as (client, _):
        whole = await client.generate(model="m", prompt="hi", system="be brief", think=True)
        parts = [part async for part in await client.generate(model="m", prompt="hi", system="be brief", stream=True)]
        assert "".join(part.response for part in parts) == whole.response
        assert whole.thinking
        assert parts[-1].done


async def test_a_stream_is_the_default() -> None:
    """A body without stream gets lines."""
    body = {"model": "m", "messages": HELLO}
    async with (
        sdk() as (_, sim),
        raw_client() as session,
        session.post(sim.root_url + "/api/chat", json=body) as reply,
    ):
        assert reply.content_type == "application/x-ndjson"
        assert len((await reply.read()).splitlines()) > 5


async def test_tools_both_ways() -> None:
    """Arguments are an object, calls come whole, and a result is answered by text."""
    async with sdk() as (client, _):
        reply = await client.chat(model="m", messages=HELLO, tools=TOOLS)
        call = reply.message.tool_calls[0]
        assert (call.function.name, set(call.function.arguments), reply.done_reason) == ("weather", {"city"}, "stop")
        parts = [part async for part in await client.chat(model="m", messages=HELLO, tools=TOOLS, stream=True)]
        assert parts[0].message.tool_calls[0].function == call.function
        turn = [*HELLO, reply.message, {"role": "tool", "tool_name": "weather", "content": "sunny"}]
        assert not (await client.chat(model="m", messages=turn, tools=TOOLS)).message.tool_calls


async def test_formats_images_and_limits() -> None:
    """A schema and json are kept to, an image costs tokens, num_predict ends by length."""
    async with sdk() as (client, _):
        reply = await client.chat(model="m", messages=HELLO, format=SCHEMA)
        assert set(json.loads(reply.message.content)) == {"city"}
        assert json.loads((await client.generate(model="m", prompt="hi", format="json")).response)
        image = [{"role": "user", "content": "look", "images": ["AAAA", "AAAA"]}]
        assert (await client.chat(model="m", messages=image)).prompt_eval_count == 171
        short = await client.chat(model="m", messages=HELLO, options={"num_predict": 4})
        assert (short.done_reason, short.eval_count) == ("length", 4)
        stopped = await client.chat(model="m", messages=HELLO, options={"stop": ["answer"], "num_predict": -1})
        assert (stopped.done_reason, stopped.message.content) == ("stop", "Synthetic ")


async def test_embed() -> None:
    """One or many texts, unit vectors, a chosen length, and nothing for nothing."""
    async with sdk() as (client, _):
        vectors = np.array((await client.embed(model="m", input=["a", "b"])).embeddings)
        assert vectors.shape == (2, 384)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert np.array_equal((await client.embed(model="m", input="a")).embeddings[0], vectors[0])
        assert len((await client.embed(model="m", input="a", dimensions=8)).embeddings[0]) == 8
        assert (await client.embed(model="m", input=[])).embeddings == []


async def test_models() -> None:
    """list, ps, show and the root, for GET and HEAD."""
    async with sdk() as (client, sim):
        names = [model.model for model in (await client.list()).models]
        assert (await client.ps()).models[0].model == names[0]
        assert "tools" in (await client.show(names[0])).capabilities
        async with raw_client() as session:
            for method in ("GET", "HEAD"):
                async with session.request(method, sim.root_url + "/") as reply:
                    assert (reply.status, await reply.text()) == (200, "Ollama is running" if method == "GET" else "")
            async with session.get(sim.root_url + "/api/version") as reply:
                assert "version" in await reply.json()
            async with session.get(sim.root_url + "/nothing") as reply:
                assert (reply.status, await reply.text()) == (404, "404 page not found")


async def test_loading_and_unloading() -> None:
    """No messages loads the model, keep_alive 0 unloads it."""
    async with sdk() as (client, _):
        assert (await client.chat(model="m", messages=[])).done_reason == "load"
        assert (await client.generate(model="m", prompt="", keep_alive=0)).done_reason == "unload"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/chat", {"model": "", "messages": HELLO}, 400),
        ("/api/chat", {"model": MISSING_MODEL, "messages": HELLO}, 404),
        ("/api/chat", {"model": "m", "messages": [{"role": "robot"}]}, 400),
        ("/api/chat", {"model": "m", "messages": HELLO, "tools": [{}]}, 400),
        ("/api/generate", {"model": "m", "prompt": "hi", "format": "xml"}, 400),
        ("/api/embed", {"model": "m", "input": [1]}, 400),
        ("/api/show", None, 400),
    ],
)
async def test_bad_requests(path: str, body: Any, status: int) -> None:
    """Each is ``{"error": text}``."""
    async with sdk() as (_, sim), raw_client() as session, session.post(sim.root_url + path, json=body) as reply:
        assert reply.status == status
        assert set(await reply.json()) == {"error"}


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("503", 503), ("401", 401), ("404", 404)])
async def test_faults_raise_the_sdks_own_errors(fault: str, status: int) -> None:
    """A ResponseError with the status."""
    async with sdk(faults=[fault]) as (client, _):
        with pytest.raises(ollama.ResponseError) as caught:
            await client.chat(model="m", messages=HELLO)
        assert caught.value.status_code == status


async def test_an_error_line_in_a_stream() -> None:
    """The SDK raises the line's text."""
    async with sdk(faults=["error-in-200@300"]) as (client, _):
        stream = await client.chat(model="m", messages=HELLO, stream=True)
        with pytest.raises(ollama.ResponseError, match="internal server error"):
            _ = [part async for part in stream]
