"""The official OpenAI SDK as the oracle for OVMS: given ``/v3`` as its base URL, as the server's documentation does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from ipfs_accel_async.answers import Embeddings, ModelList, Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.ovms import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, NativeRequest, Payload, ToolCall
from tests.providers.openai_calls import CASES, HELLO, IDS, THEIR_HELLO, ChatCase
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of, recorded_response, recorded_stream
from tests.recorder import Recorder, recording

openai = pytest.importorskip("openai", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "ovms-oracle"
TEXTS = ("alpha", "beta")


def sdk(recorder: Recorder) -> Any:
    """The official client, on the recorder."""
    return openai.AsyncOpenAI(api_key=KEY, base_url=f"{recorder.base_url}/v3", max_retries=0)


def tell(recorder: Recorder, name: str) -> None:
    """Have the recorder give a recorded answer."""
    value = fixture("ovms", name)
    recorder.answer(value["body"], status=value["status"], headers=value["headers"])


def assert_same_request(recorder: Recorder, payload: Payload, operation: str = "chat") -> None:
    """Our request for `payload`, to the host only, is what the SDK has just sent."""
    endpoint = codec.normalize_url(recorder.base_url)
    request = codec.build_request(call_of(codec, payload, operation, endpoint=endpoint), Secret(KEY))
    theirs = recorder.last
    ours = {name.decode(): value.decode() for name, value in request.headers}
    assert (request.method, urlsplit(request.url).path) == (theirs.method, theirs.path)
    assert (json.loads(request.body) if request.body else None) == theirs.body
    for name in ("authorization", "accept", "content-type"):
        assert ours.get(name) == theirs.headers.get(name), name


@pytest.mark.parametrize("case", CASES, ids=IDS)
@pytest.mark.parametrize("stream", [False, True])
async def test_chat_requests_are_equal(case: ChatCase, *, stream: bool) -> None:
    """For each call of the table the SDK sends, field by field, what we send."""
    more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "chat")
        if stream:
            recorder.answer(recorded_stream("ovms", "chat"))
        answer = await client.chat.completions.create(model="m", **case.theirs, **more)
        if stream:
            await answer.close()
        assert_same_request(recorder, replace(case.ours, stream=stream))


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_answers_and_streams_are_read_alike(name: str) -> None:
    """Text, reasoning, tool calls, counts and finish reason are those that the SDK reads, whole and in pieces."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, name)
        theirs = await client.chat.completions.create(model="m", messages=[THEIR_HELLO])
        recorder.answer(recorded_stream("ovms", name))
        chunks = [c async for c in await client.chat.completions.create(model="m", messages=[THEIR_HELLO], stream=True)]
    ours = codec.parse_response(call_of(codec, ChatRequest((HELLO,))), recorded_response("ovms", name))
    call = call_of(codec, ChatRequest((HELLO,), stream=True))
    streamed = fold(deltas_of(codec, call, [recorded_stream("ovms", name)]), codec.empty_reply(call, headers_of({})))
    assert isinstance(ours, Reply)
    choice = theirs.choices[0]
    assert ours.text == choice.message.content
    assert ours.reasoning == getattr(choice.message, "reasoning_content", "")
    calls = choice.message.tool_calls or []
    assert ours.tool_calls == tuple(ToolCall(c.id, c.function.name, c.function.arguments) for c in calls)
    assert (ours.finish_reason, ours.model) == (choice.finish_reason, theirs.model)
    assert ours.usage.total_tokens == theirs.usage.total_tokens == chunks[-1].usage.total_tokens
    assert streamed.text == "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert streamed == ours


async def test_embeddings_are_equal() -> None:
    """The SDK asks for base64 as we do, and gets the same vectors."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "embed")
        theirs = await client.embeddings.create(model="m", input=list(TEXTS))
        assert_same_request(recorder, EmbedRequest(TEXTS), "embed")
    ours = codec.parse_response(call_of(codec, EmbedRequest(TEXTS), "embed"), recorded_response("ovms", "embed"))
    assert isinstance(ours, Embeddings)
    rows = {item.index: item.embedding for item in theirs.data}
    np.testing.assert_array_equal(ours.vectors, np.array([rows[0], rows[1]], np.float32))
    assert ours.usage.input_tokens == theirs.usage.prompt_tokens


async def test_models_are_equal() -> None:
    """The list of models: the same request and the same ids."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "models")
        theirs = [model async for model in client.models.list()]
        assert_same_request(recorder, NativeRequest(), "models")
    ours = codec.parse_response(call_of(codec, NativeRequest(), "models"), recorded_response("ovms", "models"))
    assert isinstance(ours, ModelList)
    assert [(model.id, model.owner) for model in ours.models] == [(model.id, model.owned_by) for model in theirs]
