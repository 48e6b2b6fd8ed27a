"""llama.cpp's server: completions, streams, grammar, embeddings and errors by real weights, though random ones."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import Client, ContextTooLongError, StreamIncompleteError
from tests.real.peers import SCRIPTS, Environment, environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.real.conftest import Peers

pytestmark = [pytest.mark.real, pytest.mark.sockets]

REQUIREMENTS = ["llama-cpp-python[server]==0.3.36", "gguf>=0.19,<1"]
BUILD = "-DLLAVA_BUILD=OFF -DLLAMA_CURL=OFF -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON"


def built() -> Environment:
    """Its environment; it is built from source, which takes some minutes the first time."""
    from tests.real import peers

    peers.ENVIRONMENT.setdefault("CMAKE_ARGS", BUILD)
    peers.ENVIRONMENT.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 1))
    return environment("llamacpp", REQUIREMENTS)


def started(peers: Peers, interrupt: str) -> str:
    """Start one; `interrupt` says whether a new request cuts the streams that run."""
    built()
    folder = str(peers.folder / "llamacpp")
    command = ["bash", str(SCRIPTS / "llamacpp_serve.sh"), "{bin}", folder, "{port}", interrupt]
    return peers.start("llamacpp", REQUIREMENTS, command, health="/v1/models").url


@pytest.fixture(scope="module")
def url(peers: Peers) -> str:
    """One that lets streams run."""
    return started(peers, "false")


@pytest.fixture
async def ai(url: str) -> AsyncIterator[Client]:
    """A client of it."""
    settings = {"tiny": {"wire": "openai_compatible", "base_url": f"{url}/v1"}}
    async with Client(providers=settings, max_retries=0, timeout=120) as client:
        yield client


def plain(text: str) -> str:
    """Without what is no ASCII: random weights write bytes that are no characters, and its streams leave those out."""
    return "".join(char for char in text if char.isascii())


async def test_chat_completion_and_stream_agree(ai: Client) -> None:
    """Greedy sampling gives the same text whole and in pieces, with an end mark."""
    reply = await ai.chat("tiny:m", "Hello", max_tokens=8, temperature=0, seed=1)
    async with ai.stream("tiny:m", "Hello", max_tokens=8, temperature=0, seed=1) as stream:
        streamed = await stream.collect()
    assert reply.finish_reason == streamed.finish_reason == "length"
    assert plain(streamed.text) == plain(reply.text)
    assert plain(reply.text)
    assert reply.usage.output_tokens > 0


async def test_a_text_is_completed(ai: Client) -> None:
    """Whole and streamed."""
    reply = await ai.complete("tiny:m", "and then the", max_tokens=6, temperature=0, seed=1)
    async with ai.stream_completion("tiny:m", "and then the", max_tokens=6, temperature=0, seed=1) as stream:
        streamed = await stream.collect()
    assert plain(reply.text) == plain(streamed.text)
    assert reply.finish_reason == "length"


async def test_a_schema_is_enforced(ai: Client) -> None:
    """Even random weights write what the grammar allows."""
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
    wanted = {"type": "json_object", "schema": schema}
    reply = await ai.chat("tiny:m", "Answer.", response_format=wanted, max_tokens=60)
    assert isinstance(json.loads(reply.text)["a"], bool)


async def test_a_prompt_too_long_is_typed(ai: Client) -> None:
    """By its code, so that a fallback with a longer context may be tried."""
    with pytest.raises(ContextTooLongError):
        await ai.chat("tiny:m", "word " * 2_000)


async def test_concurrent_streams_all_end(ai: Client) -> None:
    """Eight streams, each whole."""

    async def one(number: int) -> str:
        async with ai.stream("tiny:m", f"{number}", max_tokens=6) as stream:
            return (await stream.collect()).finish_reason

    assert set(await asyncio.gather(*(one(number) for number in range(8)))) <= {"length", "stop"}


async def test_streams_that_the_server_cuts_are_told(peers: Peers) -> None:
    """By its default a new request interrupts those that run: each is whole or an error, never silently short."""
    url = started(peers, "true")

    async def one(ai: Client, number: int) -> str:
        try:
            async with ai.stream("tiny:m", f"Tell me {number}", max_tokens=200) as stream:
                return (await stream.collect()).finish_reason
        except StreamIncompleteError as error:
            return "cut" if error.partial is not None else "lost"

    settings = {"tiny": {"wire": "openai_compatible", "base_url": f"{url}/v1"}}
    async with Client(providers=settings, timeout=120, max_concurrent_requests=8) as ai:
        ends = await asyncio.gather(*(one(ai, number) for number in range(8)))
    assert set(ends) <= {"cut", "length", "stop"}
    assert "cut" in ends
