"""The official huggingface_hub client as the oracle: its requests and its parsed answers are ours."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Embeddings, Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers import hf_tei, hf_tgi
from ipfs_accel_async.types import ChatRequest, EmbedRequest, ToolCall
from tests.providers.hf_calls import HUB_CASES, HUB_IDS, HubCase
from tests.providers.openai_calls import HELLO, THEIR_HELLO
from tests.providers.recorded import (
    call_of,
    deltas_of,
    fixture,
    headers_of,
    recorded_response,
    recorded_stream,
    response,
)
from tests.recorder import Recorder, recording

if TYPE_CHECKING:
    from collections.abc import Sequence

huggingface_hub = pytest.importorskip("huggingface_hub", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "hf_oracle"
INCLUDED = {"include_usage": True}


def sdk(recorder: Recorder) -> Any:
    """The official client, on the recorder."""
    return huggingface_hub.AsyncInferenceClient(base_url=recorder.base_url, token=KEY)


def tell(recorder: Recorder, name: str) -> None:
    """Have the recorder give a recorded answer."""
    value = fixture("hf_tgi", name)
    recorder.answer(value["body"], status=value["status"], headers=value["headers"])


def stream_of(name: str) -> bytes:
    """A recorded stream with the space that this client needs to know the end mark."""
    return recorded_stream("hf_tgi", name).replace(b"data:[DONE]", b"data: [DONE]")


@pytest.mark.parametrize("case", HUB_CASES, ids=HUB_IDS)
@pytest.mark.parametrize("stream", [False, True])
async def test_chat_requests_are_equal(case: HubCase, *, stream: bool) -> None:
    """For each call of the table the client sends, field by field, what we send, with the key in the same header."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "chat")
        more = {"stream_options": INCLUDED} if stream else {}
        if stream:
            recorder.answer(stream_of("chat"))
        await client.chat_completion(model="m", stream=stream, **case.theirs, **more)
        theirs = recorder.last
        call = call_of(hf_tgi.codec, replace(case.ours, stream=stream), endpoint=recorder.base_url)
        ours = hf_tgi.codec.build_request(call, Secret(KEY))
    assert (ours.method, urlsplit(ours.url).path) == (theirs.method, theirs.path)
    assert json.loads(ours.body) == theirs.body
    headers = {name.decode(): value.decode() for name, value in ours.headers}
    for name in ("authorization", "content-type"):
        assert headers[name] == theirs.headers[name]


def agree(ours: Reply, usage: Any, reason: str | None, model: str) -> None:
    """What both kinds of answers have in common; a tool call has no reason of its own here."""
    counts = (ours.usage.input_tokens, ours.usage.output_tokens, ours.usage.total_tokens)
    assert counts == (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    assert ours.finish_reason == ("tool_calls" if ours.tool_calls else reason)
    assert ours.model == model


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_chat_answers_are_read_alike(name: str) -> None:
    """Text, tool calls, usage, finish reason and model of a unary answer are those that the client reads."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, name)
        theirs = await client.chat_completion([THEIR_HELLO], model="m")
    ours = hf_tgi.codec.parse_response(call_of(hf_tgi.codec, ChatRequest((HELLO,))), recorded_response("hf_tgi", name))
    choice = theirs.choices[0]
    assert isinstance(ours, Reply)
    assert ours.text == (choice.message.content or "")
    calls = choice.message.tool_calls or []
    assert ours.tool_calls == tuple(ToolCall(c.id, c.function.name, c.function.arguments) for c in calls)
    assert ours.id == theirs.id
    agree(ours, theirs.usage, choice.finish_reason, theirs.model)


def pieces(chunks: Sequence[Any]) -> list[Any]:
    """The pieces of tool calls that the client read."""
    return [piece for chunk in chunks for choice in chunk.choices for piece in choice.delta.tool_calls or ()]


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_streams_are_read_alike(name: str) -> None:
    """Text, tool calls, finish reason and usage are those that the client reads."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(stream_of(name))
        stream = await client.chat_completion([THEIR_HELLO], model="m", stream=True, stream_options=INCLUDED)
        chunks = [chunk async for chunk in stream]
    call = call_of(hf_tgi.codec, ChatRequest((HELLO,), stream=True))
    deltas = deltas_of(hf_tgi.codec, call, [recorded_stream("hf_tgi", name)])
    ours = fold(deltas, hf_tgi.codec.empty_reply(call, headers_of({})))
    choices = [chunk.choices[0] for chunk in chunks[:-1]]
    assert ours.text == "".join(choice.delta.content or "" for choice in choices)
    asked = pieces(chunks)
    assert len(ours.tool_calls) == len({piece.index for piece in asked})
    for tool_call in ours.tool_calls:
        assert (tool_call.id, tool_call.name) == (asked[0].id, asked[0].function.name)
        assert tool_call.arguments == "".join(piece.function.arguments for piece in asked)
    agree(ours, chunks[-1].usage, choices[-1].finish_reason, chunks[-1].model)


@pytest.mark.parametrize(
    ("kind", "theirs", "ours"),
    [
        ("overloaded", "OverloadedError", errors.OverloadedError),
        ("generation", "GenerationError", errors.ServerError),
        ("incomplete_generation", "IncompleteGenerationError", errors.ServerError),
        ("validation", "ValidationError", errors.BadRequestError),
    ],
)
async def test_an_error_in_a_stream_is_read_alike(kind: str, theirs: str, ours: type[errors.APIError]) -> None:
    """What the client raises under its name is raised here under ours, with the same words."""
    raw = b"data:" + json.dumps({"error": "It failed.", "error_type": kind}).encode() + b"\n\n"
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(raw)
        with pytest.raises(getattr(huggingface_hub.errors, theirs)) as caught:
            async for _ in await client.chat_completion([THEIR_HELLO], model="m", stream=True):
                pass
    with pytest.raises(ours) as mine:
        deltas_of(hf_tgi.codec, call_of(hf_tgi.codec, ChatRequest((HELLO,), stream=True)), [raw])
    assert mine.value.message == str(caught.value) == "It failed."


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        (401, errors.AuthenticationError),
        (422, errors.BadRequestError),
        (424, errors.ServerError),
        (429, errors.OverloadedError),
        (500, errors.ServerError),
    ],
)
async def test_errors_of_whole_answers_have_their_status(status: int, ours: type[errors.APIError]) -> None:
    """The client has one class for all of chat's; ours says which."""
    body = {"error": "Model is overloaded", "error_type": "overloaded"} if status == 429 else {"error": "It failed."}
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(body, status=status)
        with pytest.raises(huggingface_hub.errors.HfHubHTTPError) as caught:
            await client.chat_completion([THEIR_HELLO], model="m")
    error = hf_tgi.codec.parse_error(call_of(hf_tgi.codec, ChatRequest((HELLO,))), response(status, body))
    assert type(error) is ours
    assert error.status == caught.value.response.status_code


async def test_embed_is_the_hubs_but_for_the_path() -> None:
    """It posts to the root, which a server of embeddings takes for the same; body and vectors are equal."""
    value = fixture("hf_tei", "embed")
    params = {"normalize": False, "truncate": True, "truncation_direction": "left", "dimensions": 4}
    async with recording() as recorder:
        recorder.answer(value["body"], headers=value["headers"])
        async with huggingface_hub.AsyncInferenceClient(model=recorder.base_url, token=KEY) as client:
            theirs = await client.feature_extraction(["alpha", "beta"], **params)
        seen = recorder.last
    call = call_of(hf_tei.codec, EmbedRequest(("alpha", "beta"), params), "embed")
    request = hf_tei.codec.build_request(call, Secret(KEY))
    assert (request.method, seen.path) == (seen.method, "/")
    assert json.loads(request.body) == seen.body
    assert dict(request.headers)[b"authorization"].decode() == seen.headers["authorization"]
    ours = hf_tei.codec.parse_response(call, recorded_response("hf_tei", "embed"))
    assert isinstance(ours, Embeddings)
    np.testing.assert_array_equal(ours.vectors, theirs)
