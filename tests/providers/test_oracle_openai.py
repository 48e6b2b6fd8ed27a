"""The official OpenAI SDK as the oracle: its requests and its parsed answers are ours."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Embeddings, ModelList, Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, NativeRequest, Payload, ToolCall
from tests.providers.openai_calls import CASES, HELLO, IDS, THEIR_HELLO, ChatCase
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
    from ipfs_accel_async.answers import Usage

openai = pytest.importorskip("openai", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "sk-oracle"
TEXTS = ("alpha", "beta")


def sdk(recorder: Recorder) -> Any:
    """The official client, on the recorder."""
    return openai.AsyncOpenAI(api_key=KEY, base_url=f"{recorder.base_url}/v1", max_retries=0)


def tell(recorder: Recorder, name: str) -> None:
    """Have the recorder give a recorded answer."""
    value = fixture("openai", name)
    recorder.answer(value["body"], status=value["status"], headers=value["headers"])


def assert_same_request(recorder: Recorder, payload: Payload, operation: str = "chat") -> None:
    """Our request for `payload` is what the SDK has just sent: method, path, key, media types and body."""
    request = codec.build_request(call_of(codec, payload, operation, endpoint=f"{recorder.base_url}/v1"), Secret(KEY))
    theirs = recorder.last
    ours = {name.decode(): value.decode() for name, value in request.headers}
    assert (request.method, urlsplit(request.url).path) == (theirs.method, theirs.path)
    assert (json.loads(request.body) if request.body else None) == theirs.body
    for name in ("authorization", "accept", "content-type"):
        assert ours.get(name) == theirs.headers.get(name), name


def assert_same_usage(ours: Usage, theirs: Any) -> None:
    """The counts of the SDK's usage object, details included."""
    read, written = theirs.prompt_tokens_details, theirs.completion_tokens_details
    assert (ours.input_tokens, ours.output_tokens) == (theirs.prompt_tokens, theirs.completion_tokens)
    assert ours.total_tokens == theirs.total_tokens
    assert ours.cached_tokens == read.cached_tokens
    assert ours.cache_write_tokens == read.cache_write_tokens
    assert ours.reasoning_tokens == written.reasoning_tokens


def parsed(name: str) -> Reply:
    """Our reading of a recorded answer."""
    reply = codec.parse_response(call_of(codec, ChatRequest((HELLO,))), recorded_response("openai", name))
    assert isinstance(reply, Reply)
    return reply


@pytest.mark.parametrize("case", CASES, ids=IDS)
@pytest.mark.parametrize("stream", [False, True])
async def test_chat_requests_are_equal(case: ChatCase, *, stream: bool) -> None:
    """For each call of the table the SDK sends, field by field, what we send; a stream asks for its usage."""
    more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "chat")
        if stream:
            recorder.answer(recorded_stream("openai", "chat"))
        answer = await client.chat.completions.create(model="m", **case.theirs, **more)
        if stream:
            await answer.close()
        assert_same_request(recorder, replace(case.ours, stream=stream))


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_chat_answers_are_read_alike(name: str) -> None:
    """Text, tool calls, usage, finish reason and ids of a unary answer are those that the SDK reads."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, name)
        theirs = await client.chat.completions.create(model="m", messages=[THEIR_HELLO])
    ours, choice = parsed(name), theirs.choices[0]
    assert ours.text == (choice.message.content or "")
    calls = choice.message.tool_calls or []
    assert ours.tool_calls == tuple(ToolCall(c.id, c.function.name, c.function.arguments) for c in calls)
    assert (ours.finish_reason, ours.id, ours.model) == (choice.finish_reason, theirs.id, theirs.model)
    assert ours.provider_request_id == theirs._request_id
    assert_same_usage(ours.usage, theirs.usage)


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_streams_are_read_alike(name: str) -> None:
    """Text, tool calls, usage and finish reason of a stream are those that the SDK reads."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(recorded_stream("openai", name), headers={"x-request-id": "req_1"})
        chunks = [
            chunk
            async for chunk in await client.chat.completions.create(
                model="m", messages=[THEIR_HELLO], stream=True, stream_options={"include_usage": True}
            )
        ]
    call = call_of(codec, ChatRequest((HELLO,), stream=True))
    deltas = deltas_of(codec, call, [recorded_stream("openai", name)])
    ours = fold(deltas, codec.empty_reply(call, headers_of({})))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert ours.text == "".join(choice.delta.content or "" for choice in choices)
    assert ours.finish_reason == next(choice.finish_reason for choice in choices if choice.finish_reason)
    pieces = [piece for choice in choices for piece in choice.delta.tool_calls or []]
    for index, asked in enumerate(ours.tool_calls):
        mine = [piece for piece in pieces if piece.index == index]
        assert (asked.id, asked.name) == (mine[0].id, mine[0].function.name)
        assert asked.arguments == "".join(piece.function.arguments for piece in mine)
    assert len(ours.tool_calls) == len({piece.index for piece in pieces})
    assert_same_usage(ours.usage, chunks[-1].usage)


async def test_embeddings_are_equal() -> None:
    """The SDK asks for base64 as we do, and gets the same vectors and counts."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "embed")
        theirs = await client.embeddings.create(model="m", input=list(TEXTS), dimensions=4)
        assert_same_request(recorder, EmbedRequest(TEXTS, {"dimensions": 4}), "embed")
    ours = codec.parse_response(call_of(codec, EmbedRequest(TEXTS), "embed"), recorded_response("openai", "embed"))
    assert isinstance(ours, Embeddings)
    rows = {item.index: item.embedding for item in theirs.data}
    np.testing.assert_array_equal(ours.vectors, np.array([rows[0], rows[1]], np.float32))
    assert (ours.usage.input_tokens, ours.usage.total_tokens) == (theirs.usage.prompt_tokens, theirs.usage.total_tokens)
    assert ours.model == theirs.model


async def test_models_are_equal() -> None:
    """The list of models: the same request and the same ids."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "models")
        theirs = [model async for model in client.models.list()]
        assert_same_request(recorder, NativeRequest(), "models")
    ours = codec.parse_response(call_of(codec, NativeRequest(), "models"), recorded_response("openai", "models"))
    assert isinstance(ours, ModelList)
    assert [(model.id, model.owner) for model in ours.models] == [(model.id, model.owned_by) for model in theirs]


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.BadRequestError),
        (422, errors.BadRequestError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
    ],
)
async def test_errors_are_read_alike(status: int, ours: type[errors.APIError]) -> None:
    """Each status that the SDK has a class for has one here, with the same message, code and request id."""
    body = {"error": {"message": "It failed.", "type": "some_type", "param": None, "code": "some_code"}}
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(body, status=status, headers={"x-request-id": "req_9"})
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(model="m", messages=[THEIR_HELLO])
    error = codec.parse_error(call_of(codec, ChatRequest((HELLO,))), response(status, body, {"x-request-id": "req_9"}))
    assert type(error) is ours
    assert error.code == caught.value.code
    assert error.message in caught.value.message
    assert error.provider_request_id == caught.value.request_id


async def test_an_error_inside_a_stream_is_one_for_both() -> None:
    """A data object with an error raises in the SDK and here, with the same code."""
    raw = b'data: {"error":{"message":"Overloaded.","type":"server_error","param":null,"code":"slow_down"}}\n\n'
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(raw)
        with pytest.raises(openai.APIError) as caught:
            async for _ in await client.chat.completions.create(model="m", messages=[THEIR_HELLO], stream=True):
                pass
    with pytest.raises(errors.RateLimitError) as ours:
        deltas_of(codec, call_of(codec, ChatRequest((HELLO,), stream=True)), [raw])
    assert ours.value.code == caught.value.code


async def test_a_reply_goes_back_as_the_sdk_sends_it_back() -> None:
    """The next turn after a tool call: our ``reply.message`` is what the SDK makes of its own message."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "tools")
        theirs = (await client.chat.completions.create(model="m", messages=[THEIR_HELLO])).choices[0].message
        result = {"role": "tool", "tool_call_id": theirs.tool_calls[0].id, "content": "12 C"}
        back = theirs.model_dump(include={"role", "content", "tool_calls"})
        await client.chat.completions.create(model="m", messages=[THEIR_HELLO, back, result])
        reply = parsed("tools")
        ours = Message("tool", "12 C", tool_call_id=reply.tool_calls[0].id)
        assert_same_request(recorder, ChatRequest((HELLO, reply.message, ours)))
