"""The huggingface_hub client, and ours, talk to the TGI twin."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest
from huggingface_hub import AsyncInferenceClient

from ipfs_accel_async import Client, errors
from ipfs_accel_async.simulator import RateLimit, simulate
from ipfs_accel_async.simulator.hf_tgi_requests import MAX_INPUT_TOKENS, MODEL
from tests.providers.described import copies, faults
from tests.simulator.calls import PATHS, chat_body, raw_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async.simulator import Simulator

pytestmark = pytest.mark.sockets
TEXT = "Name three primes."
HELLO: Any = [{"role": "user", "content": TEXT}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
INCLUDED: Any = {"include_usage": True}


@asynccontextmanager
async def sdk(**options: Any) -> AsyncIterator[tuple[Any, Simulator]]:
    """Yield the client pointed at the twin."""
    async with simulate("hf_tgi", **options) as sim, AsyncInferenceClient(base_url=sim.root_url, token="hf_k") as hub:
        yield hub, sim


@asynccontextmanager
async def ours(**options: Any) -> AsyncIterator[tuple[Client, Simulator]]:
    """Yield our client pointed at the twin."""
    async with (
        simulate("hf_tgi", **options) as sim,
        Client(base_urls={"hf_tgi": sim.base_url}, initial_retry_delay=0.001, failure_threshold=50) as client,
    ):
        yield client, sim


async def test_chat_whole_and_streamed() -> None:
    """The pieces join to the whole text; the last but one says why it ended, the last has the counts."""
    async with sdk() as (hub, _):
        whole = await hub.chat_completion(HELLO)
        stream = await hub.chat_completion(HELLO, stream=True, stream_options=INCLUDED)
        chunks = [chunk async for chunk in stream]
        text = whole.choices[0].message.content
        assert text.startswith("Synthetic")
        assert "".join(choice.delta.content for chunk in chunks for choice in chunk.choices) == text
        assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
        assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
        assert (whole.id, whole.model, chunks[0].id) == ("", "dummy", "")
        assert (await hub.chat_completion(HELLO, model="tgi")).model == MODEL


async def test_tools_and_grammars() -> None:
    """One call at most, streamed without a reason; a schema is kept to; both together are refused."""
    async with sdk() as (hub, _):
        whole = (await hub.chat_completion(HELLO, tools=TOOLS, tool_choice="weather")).choices[0]
        call = whole.message.tool_calls[0]
        assert (call.id, call.function.name, set(json.loads(call.function.arguments))) == ("0", "weather", {"city"})
        assert whole.finish_reason == "stop"
        stream = await hub.chat_completion(HELLO, tools=TOOLS, stream=True)
        choices = [chunk.choices[0] async for chunk in stream]
        assert {choice.finish_reason for choice in choices} == {None}
        parts = [choice.delta.tool_calls[0] for choice in choices]
        assert "".join(part.function.arguments for part in parts) == call.function.arguments
        assert {part.id for part in parts} == {"0"}
        turn = {"role": "assistant", "content": None, "tool_calls": [json.loads(json.dumps(call))]}
        result = {"role": "tool", "tool_call_id": "0", "content": "sunny"}
        assert (await hub.chat_completion([*HELLO, turn, result], tools=TOOLS)).choices[0].message.content
        wanted: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
        reply = await hub.chat_completion(HELLO, response_format=wanted)
        assert set(json.loads(reply.choices[0].message.content)) == {"city"}
        with pytest.raises(huggingface_hub.errors.HfHubHTTPError, match="mutually exclusive"):
            await hub.chat_completion(HELLO, response_format=wanted, tools=TOOLS)


async def test_its_own_routes() -> None:
    """Generated text whole and token by token, with details; the last token brings the whole text."""
    async with sdk() as (hub, _):
        whole = await hub.text_generation("hi", details=True, max_new_tokens=200, seed=7)
        assert whole.generated_text.startswith("Synthetic")
        assert (whole.details.finish_reason, whole.details.seed) == ("eos_token", 7)
        parts = [part async for part in await hub.text_generation("hi", details=True, stream=True, max_new_tokens=200)]
        assert "".join(part.token.text for part in parts if not part.token.special) == whole.generated_text
        assert [part.generated_text for part in parts] == [None] * (len(parts) - 1) + [whole.generated_text]
        assert parts[-1].details.generated_tokens == whole.details.generated_tokens
        assert [part.index for part in parts] == list(range(1, len(parts) + 1))
        assert (await hub.text_generation("hi", return_full_text=True)).startswith("hiSynthetic")
        short = await hub.text_generation("hi", details=True, max_new_tokens=2)
        assert (short.details.finish_reason, short.details.generated_tokens) == ("length", 2)
        stopped = await hub.text_generation("hi", details=True, stop=["answer"])
        assert (stopped.details.finish_reason, stopped.generated_text) == ("stop_sequence", "Synthetic ")
        grammar: Any = {"type": "json", "value": SCHEMA}
        assert set(json.loads(await hub.text_generation("hi", grammar=grammar))) == {"city"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [("422", "ValidationError"), ("429", "OverloadedError"), ("500", "IncompleteGenerationError")],
)
async def test_faults_raise_the_clients_own_errors(kind: str, name: str) -> None:
    """By their type."""
    async with sdk(faults=[kind]) as (hub, _):
        with pytest.raises(getattr(huggingface_hub.errors, name)):
            await hub.text_generation("hi")


async def test_what_the_server_refuses_is_an_event_in_a_stream() -> None:
    """Status 200 for validation and overload; a request of the wrong shape and a wrong key have their status."""
    bad = chat_body("hf_tgi", stream=True, top_p=1.5)
    async with simulate("hf_tgi", rate_limit=RateLimit(requests_per_minute=1)) as sim, raw_client() as session:
        url = sim.root_url + PATHS["hf_tgi"]
        async with session.post(url, json=bad) as reply:
            assert reply.status == 200
            event, done, _ = (await reply.text()).split("\n\n")
            told = {"message": "Input validation error: `top_p` must be > 0.0 and < 1.0", "http_status_code": 422}
            assert (json.loads(event.removeprefix("data:")), done) == ({"error": told}, "data: [DONE]")
        body = {"inputs": "hi", "parameters": {"temperature": 0}}
        async with session.post(sim.root_url + "/generate_stream", json=body) as reply:
            assert reply.status == 200
            assert json.loads((await reply.text()).removeprefix("data:"))["error_type"] == "validation"
        for path, content in (("/generate", {}), (PATHS["hf_tgi"], {"stream": True})):
            async with session.post(sim.root_url + path, json=content) as reply:
                assert (reply.status, reply.content_type) == (422, "text/plain")
        async with session.post(url, json=chat_body("hf_tgi", stream=True)) as reply:
            assert (await reply.text()).startswith("data:{")
        async with session.post(url, json=chat_body("hf_tgi", stream=True)) as reply:
            assert reply.status == 200
            assert "Model is overloaded" in await reply.text()


async def test_health_info_and_tokens() -> None:
    """Open without a key, as the others are not; a token has its place in the text."""
    async with simulate("hf_tgi", keys="K") as sim, raw_client() as session:
        for path, status in (("/health", 200), ("/ping", 200), ("/", 200), ("/info", 200), ("/v1/models", 401)):
            async with session.get(sim.root_url + path) as reply:
                assert reply.status == status
        async with session.get(sim.root_url + "/nothing", headers={"authorization": "Bearer k"}) as reply:
            assert (reply.status, await reply.read()) == (404, b"")
        async with session.post(
            sim.root_url + "/tokenize", json={"inputs": "Grüße, 世界!"}, headers={"authorization": "Bearer k"}
        ) as reply:
            tokens = await reply.json()
        assert "".join("Grüße, 世界!"[token["start"] : token["stop"]] for token in tokens) == "Grüße, 世界!"


@pytest.mark.skipif(not copies("tgi"), reason="no copy of TGI's OpenAPI description beside the repository")
async def test_answers_are_as_described() -> None:
    """Every route's answer, and its errors, fit the published description."""
    native = {"inputs": "hi", "parameters": {"details": True, "decoder_input_details": True, "seed": 1}}
    calls: list[tuple[str, str, Any, str]] = [
        ("POST", PATHS["hf_tgi"], chat_body("hf_tgi"), "ChatCompletion"),
        ("POST", PATHS["hf_tgi"], chat_body("hf_tgi", tools=TOOLS), "ChatCompletion"),
        ("POST", "/generate", native, "GenerateResponse"),
        ("POST", "/tokenize", {"inputs": "hi"}, "TokenizeResponse"),
        ("POST", "/generate", {"inputs": ""}, "ErrorResponse"),
        ("GET", "/info", None, "Info"),
        ("POST", PATHS["hf_tgi"], chat_body("hf_tgi", stream=True, stream_options=INCLUDED), "ChatCompletionChunk"),
        ("POST", PATHS["hf_tgi"], chat_body("hf_tgi", stream=True, tools=TOOLS), "ChatCompletionChunk"),
        ("POST", "/generate_stream", {"inputs": "hi", "parameters": {"details": True}}, "StreamResponse"),
    ]
    async with simulate("hf_tgi") as sim, raw_client() as session:
        for method, path, body, schema in calls:
            async with session.request(method, sim.root_url + path, json=body) as reply:
                text = await reply.text()
            values = [line.removeprefix("data:") for line in text.split("\n\n") if line.startswith("data:{")] or [text]
            for value in values:
                assert faults("tgi", schema, json.loads(value)) == [], (path, value)


async def test_our_client_reads_it() -> None:
    """Whole and streamed alike, tools and schemas too; models, and the native routes below the same base URL."""
    async with ours() as (client, sim):
        reply = await client.chat("hf_tgi:m", TEXT, max_tokens=400)
        async with client.stream("hf_tgi:m", TEXT, max_tokens=400) as stream:
            text = "".join([delta.text async for delta in stream])
        assert (text, stream.reply.usage, stream.reply.finish_reason) == (reply.text, reply.usage, "stop")
        asked = await client.chat("hf_tgi:m", TEXT, tools=TOOLS)
        async with client.stream("hf_tgi:m", TEXT, tools=TOOLS) as stream:
            streamed = await stream.collect()
        assert streamed.tool_calls == asked.tool_calls
        assert streamed.finish_reason == asked.finish_reason == "tool_calls"
        assert set(json.loads((await client.chat("hf_tgi:m", TEXT, response_format=SCHEMA)).text)) == {"city"}
        assert (await client.chat("hf_tgi:m", TEXT, stop="answer")).finish_reason == "stop"
        assert [model.id for model in (await client.models("hf_tgi")).models] == [MODEL]
        assert (await client.request("hf_tgi", "GET", "/info")).raw["model_id"] == MODEL
        assert sim.requests[0].path == PATHS["hf_tgi"]


async def test_our_client_judges_its_errors() -> None:
    """What passes is sent again, also when the stream says it; what stays is typed."""
    async with ours(faults=["error-in-200", "429=0.01", None, "error-in-200", None]) as (client, sim):
        assert (await client.chat("hf_tgi:m", TEXT)).attempts == 3
        async with client.stream("hf_tgi:m", TEXT) as stream:
            assert (await stream.collect()).attempts == 2
        long = "word " * MAX_INPUT_TOKENS
        with pytest.raises(errors.ContextTooLongError) as whole:
            await client.chat("hf_tgi:m", long)
        with pytest.raises(errors.ContextTooLongError) as streamed:
            async with client.stream("hf_tgi:m", long):
                pass
        assert (whole.value.status, streamed.value.status, streamed.value.attempts) == (422, 422, 1)
        with pytest.raises(errors.BadRequestError, match="stop sequences"):
            await client.chat("hf_tgi:m", TEXT, stop=["a", "b", "c", "d", "e"])
        assert len(sim.requests) == 8
