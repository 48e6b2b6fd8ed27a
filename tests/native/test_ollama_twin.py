"""Ollama's handle and operations against the simulator: round trips over sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from ipfs_accel_async import Client, Image, InvalidRequestError, Text, Tool, user
from ipfs_accel_async.errors import BadRequestError, NotFoundError, ServerError, StreamIncompleteError
from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import MISSING_MODEL
from ipfs_accel_async.types import ResponseFormat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.sockets
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@asynccontextmanager
async def simulated(**options: Any) -> AsyncIterator[tuple[Client, Any]]:
    """A client of the twin, and the simulator."""
    async with simulate("ollama", **options) as sim:
        urls = {"ollama": sim.base_url}
        async with Client(base_urls=urls, initial_retry_delay=0.0, max_retry_delay=0.0, max_retries=1) as ai:
            yield ai, sim


async def names(ai: Client) -> list[str]:
    """The models on the machine."""
    return [model["name"] for model in (await ai.ollama.tags())["models"]]


async def test_a_model_comes_is_copied_and_goes() -> None:
    """Pulled with its progress, shown, copied, made another of, pushed, deleted."""
    async with simulated() as (ai, _):
        own = ai.ollama
        async with own.stream_pull("tiny:1b") as stream:
            seen = [event.data async for event in stream]
        done = [event["completed"] for event in seen if "completed" in event]
        assert done == sorted(done)
        assert seen[-1] == {"status": "success"}
        assert (await own.pull("tiny:1b"))["status"] == "success"
        assert "tiny:1b" in await names(ai)
        assert (await own.show("tiny:1b"))["details"]["format"] == "gguf"
        await own.copy("tiny:1b", "me/tiny")
        assert (await own.push("me/tiny"))["status"] == "success"
        with pytest.raises(ServerError, match="not authorized to push"):
            await own.push("tiny:1b")
        async with own.stream_create("mine", from_="tiny:1b", quantize="q4_K_M", system="s") as made:
            assert {"status": "quantizing to q4_K_M"} in [event.data async for event in made]
        for model in ("mine", "me/tiny", "tiny:1b"):
            await own.delete(model)
        assert not {"mine", "me/tiny", "tiny:1b"} & set(await names(ai))
        with pytest.raises(NotFoundError, match="'mine' not found"):
            await own.delete("mine")
        with pytest.raises(NotFoundError, match="not found"):
            await own.copy("mine", "other")


async def test_what_the_registry_has_not_is_missing() -> None:
    """A typed error, though the status was 200."""
    async with simulated() as (ai, sim):
        with pytest.raises(NotFoundError, match="file does not exist"):
            await ai.ollama.pull(MISSING_MODEL)
        with pytest.raises(NotFoundError):
            await ai.ollama.show(MISSING_MODEL)
        assert len(sim.requests) == 2


async def test_a_pull_that_breaks_says_so() -> None:
    """A connection that is cut, and a stream that ends early but cleanly."""
    async with simulated() as (ai, sim):
        for fault in ("cut@200", "truncate@200"):
            sim.faults = fault
            with pytest.raises(StreamIncompleteError):
                await ai.ollama.pull("tiny")


async def test_a_model_is_made_of_blobs() -> None:
    """Which are sent once."""
    async with simulated() as (ai, sim):
        blobs = ai.ollama.blobs
        digest = await blobs.create(b"gguf")
        assert await blobs.create(b"gguf") == digest
        assert [one.method for one in sim.requests] == ["HEAD", "POST", "HEAD"]
        assert (await ai.ollama.create("mine", files={"m.gguf": digest}))["status"] == "success"
        with pytest.raises(BadRequestError, match="not found"):
            await ai.ollama.create("mine", files={"m.gguf": f"sha256:{'0' * 64}"})
        assert not await blobs.head(f"sha256:{'0' * 64}")


async def test_models_are_loaded_and_unloaded() -> None:
    """What is in memory is told."""
    async with simulated() as (ai, _):
        assert (await ai.ollama.load("tiny", keep_alive="1h"))["done_reason"] == "load"
        assert "tiny" in [model["name"] for model in (await ai.ollama.ps())["models"]]
        assert (await ai.ollama.unload("tiny"))["done_reason"] == "unload"
        assert "tiny" not in [model["name"] for model in (await ai.ollama.ps())["models"]]
        assert (await ai.ollama.version())["version"]


async def test_completions_whole_and_streamed() -> None:
    """They say the same; thinking, images and formats are heeded."""
    async with simulated() as (ai, _):
        whole = await ai.complete("ollama:m", "Once upon", think=True)
        async with ai.stream_completion("ollama:m", "Once upon", think=True) as stream:
            reply = await stream.collect()
        assert (reply.text, reply.reasoning, reply.usage) == (whole.text, whole.reasoning, whole.usage)
        assert whole.reasoning
        plain = await ai.complete("ollama:m", "look")
        seen = await ai.complete("ollama:m", "look", images=[b"png"])
        assert seen.usage.input_tokens - plain.usage.input_tokens == 85
        assert set(orjson.loads((await ai.complete("ollama:m", "x", format=SCHEMA)).text)) == {"city"}
        gap = await ai.complete("ollama:m", "def f(", suffix="return 1")
        assert gap.usage.input_tokens > (await ai.complete("ollama:m", "def f(")).usage.input_tokens
        assert (await ai.complete("ollama:m", "x", max_tokens=3)).finish_reason == "length"


async def test_a_chat_has_all_that_the_service_has() -> None:
    """Images, tools, schema, thinking, options and how long the model stays."""
    async with simulated() as (ai, sim):
        look = [user(Text("look"), Image(data=b"png"))]
        reply = await ai.chat("ollama:m", look, think="high", keep_alive=0, num_ctx=64, max_tokens=200)
        assert reply.reasoning
        sent = sim.requests[-1].body
        assert (sent["messages"][0]["images"], sent["think"], sent["keep_alive"]) == (["cG5n"], "high", 0)
        assert sent["options"] == {"num_predict": 200, "num_ctx": 64}
        called = await ai.chat("ollama:m", "Weather?", tools=[Tool("weather", "Of a city.", SCHEMA)])
        assert called.tool_calls[0].name == "weather"
        shaped = await ai.chat("ollama:m", "Where?", response_format=ResponseFormat(SCHEMA))
        assert set(orjson.loads(shaped.text)) == {"city"}
        assert (await ai.embed("ollama:m", ["a", "b"], dimensions=8)).vectors.shape == (2, 8)
        with pytest.raises(InvalidRequestError, match="takes no image by address"):
            await ai.chat("ollama:m", [user(Image("https://x.test/a.png"))])
