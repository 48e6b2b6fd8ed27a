"""The OVMS twin: the official OpenAI SDK finds its way, and its own traits."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from ipfs_accel_async import AuthenticationError, Client, ContextTooLongError, ServerError
from ipfs_accel_async.simulator import Simulator, simulate
from tests.simulator.calls import chat, chat_body, raw_client

pytestmark = pytest.mark.sockets
ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "reasoning_effort": "low"}


def client_of(sim: Simulator, **more: Any) -> Client:
    """Our client, on the twin."""
    return Client(providers={"ovms": {"base_url": sim.base_url, "keys": "sk-wrong"}}, max_retries=0, **more)


@pytest.mark.parametrize("base", ["/v3", "/v3/v1", "/v1"])
async def test_the_sdk_chats_under_each_of_its_paths(base: str) -> None:
    """Whole and streamed answers agree, without an id, with the reasoning under its old name."""
    async with simulate("ovms") as sim, openai.AsyncOpenAI(base_url=sim.root_url + base, api_key="k") as client:
        whole = await client.chat.completions.create(**ASK)
        options = {"include_usage": True}
        chunks = [c async for c in await client.chat.completions.create(**ASK, stream=True, stream_options=options)]
        assert whole.id is None
        assert [model.owned_by async for model in client.models.list()] == ["OVMS"]
    message, deltas = whole.choices[0].message, [chunk.choices[0].delta for chunk in chunks[:-1]]
    assert "".join(delta.content or "" for delta in deltas) == message.content
    thoughts = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
    assert thoughts == message.reasoning_content != ""
    assert (deltas[0].role, deltas[0].content) == ("assistant", None)
    assert chunks[-1].usage == whole.usage


async def test_our_client_reads_what_the_sdk_reads() -> None:
    """Chat, stream, embeddings and models, end to end."""
    async with simulate("ovms") as sim, client_of(sim) as ai:
        reply = await ai.chat("ovms:m", "hi", seed=1)
        async with ai.stream("ovms:m", "hi", seed=1) as stream:
            assert (await stream.collect()).text == reply.text
        assert (await ai.embed("ovms:m", ["a", "b"])).vectors.shape == (2, 384)
        assert [model.id for model in (await ai.models("ovms")).models] == ["OpenVINO/Qwen3-8B-int4-ov"]
        answer = await ai.request("ovms", "GET", "/v2")
        assert answer.raw["name"] == "OpenVINO Model Server"


async def test_a_refused_key_is_a_500_and_typed() -> None:
    """Only the generative API wants a key."""
    async with simulate("ovms", keys="sk-right") as sim, raw_client() as session, client_of(sim) as ai:
        assert (await chat(session, sim, "ovms"))[0] == 500
        for path, status in (("/v2", 200), ("/v2/health/ready", 200), ("/v1/config", 200), ("/v3/models", 500)):
            async with session.get(sim.root_url + path) as answer:
                assert answer.status == status
        with pytest.raises(AuthenticationError) as caught:
            await ai.chat("ovms:m", "hi")
        assert (caught.value.status, caught.value.retryable) == (500, False)


async def test_an_error_between_events_is_typed() -> None:
    """The stream begins, then JSON without a field name: raised with what came before it."""
    faults = ["error-in-200@900"]
    async with simulate("ovms", faults=faults) as sim, client_of(sim) as ai, ai.stream("ovms:m", "hi") as stream:
        with pytest.raises(ServerError, match="Internal inference error"):
            await stream.collect()
        assert stream.partial.text.startswith("Synthetic")


async def test_its_limits_are_told_in_its_own_words() -> None:
    """A prompt too long, too many texts, a model that is not there."""
    async with simulate("ovms") as sim, raw_client() as session, client_of(sim) as ai:
        with pytest.raises(ContextTooLongError, match="exceeds model max length: 32768"):
            await ai.chat("ovms:m", "word " * 40_000)
        for path, body, status, words in (
            ("/v3/embeddings", {"model": "m", "input": ["a"] * 501}, 400, "limit of 500"),
            ("/v3/chat/completions", chat_body("ovms") | {"model": "missing-model"}, 404, "is not found"),
            ("/v3/models", {}, 406, "not allowed"),
        ):
            async with session.post(sim.root_url + path, json=body) as answer:
                assert (answer.status, words in json.loads(await answer.read())["error"]) == (status, True)
        for name, status in (("m", 200), ("missing-model", 404)):
            async with session.get(f"{sim.root_url}/v2/models/{name}/ready") as answer:
                assert answer.status == status
