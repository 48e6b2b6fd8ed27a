"""The official Groq SDK as the oracle: its requests and its parsed answers are ours."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import ModelList, Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.groq import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, NativeRequest, Payload, ToolCall
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

groq = pytest.importorskip("groq", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "gsk_oracle"


def sdk(recorder: Recorder) -> Any:
    """The official client, on the recorder."""
    return groq.AsyncGroq(api_key=KEY, base_url=recorder.base_url, max_retries=0)


def tell(recorder: Recorder, name: str) -> None:
    """Have the recorder give a recorded answer."""
    value = fixture("groq", name)
    recorder.answer(value["body"], status=value["status"], headers=value["headers"])


def assert_same_request(recorder: Recorder, payload: Payload, operation: str = "chat") -> None:
    """Our request for `payload` is what the SDK has just sent; both clients are given the host only."""
    endpoint = codec.normalize_url(recorder.base_url)
    request = codec.build_request(call_of(codec, payload, operation, endpoint=endpoint), Secret(KEY))
    theirs = recorder.last
    ours = {name.decode(): value.decode() for name, value in request.headers}
    assert (request.method, urlsplit(request.url).path) == (theirs.method, theirs.path)
    assert (json.loads(request.body) if request.body else None) == theirs.body
    assert ours["authorization"] == theirs.headers["authorization"]


def assert_same_usage(ours: Usage, theirs: Any) -> None:
    """The counts of the SDK's usage object, details included."""
    written = theirs.completion_tokens_details
    assert (ours.input_tokens, ours.output_tokens) == (theirs.prompt_tokens, theirs.completion_tokens)
    assert ours.total_tokens == theirs.total_tokens
    assert ours.cached_tokens == theirs.prompt_tokens_details.cached_tokens
    assert ours.reasoning_tokens == (written.reasoning_tokens if written else 0)


@pytest.mark.parametrize("case", CASES, ids=IDS)
@pytest.mark.parametrize("stream", [False, True])
async def test_chat_requests_are_equal(case: ChatCase, *, stream: bool) -> None:
    """For each call of the table the SDK sends, field by field, what we send."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "chat")
        if stream:
            recorder.answer(recorded_stream("groq", "chat"))
        answer = await client.chat.completions.create(model="m", **case.theirs, **({"stream": True} if stream else {}))
        if stream:
            await answer.close()
        assert_same_request(recorder, replace(case.ours, stream=stream))


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_chat_answers_are_read_alike(name: str) -> None:
    """Text, reasoning, tool calls, usage, finish reason and ids of a unary answer are those that the SDK reads."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, name)
        theirs = await client.chat.completions.create(model="m", messages=[THEIR_HELLO])
    ours = codec.parse_response(call_of(codec, ChatRequest((HELLO,))), recorded_response("groq", name))
    choice = theirs.choices[0]
    assert isinstance(ours, Reply)
    assert (ours.text, ours.reasoning) == (choice.message.content or "", choice.message.reasoning or "")
    calls = choice.message.tool_calls or []
    assert ours.tool_calls == tuple(ToolCall(c.id, c.function.name, c.function.arguments) for c in calls)
    assert (ours.finish_reason, ours.id, ours.model) == (choice.finish_reason, theirs.id, theirs.model)
    assert ours.provider_request_id == theirs.x_groq.id
    assert_same_usage(ours.usage, theirs.usage)


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_streams_are_read_alike(name: str) -> None:
    """Text, reasoning, tool calls, finish reason and the usage in ``x_groq`` are those that the SDK reads."""
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(recorded_stream("groq", name))
        stream = await client.chat.completions.create(model="m", messages=[THEIR_HELLO], stream=True)
        chunks = [chunk async for chunk in stream]
    call = call_of(codec, ChatRequest((HELLO,), stream=True))
    ours = fold(deltas_of(codec, call, [recorded_stream("groq", name)]), codec.empty_reply(call, headers_of({})))
    choices = [chunk.choices[0] for chunk in chunks]
    assert ours.text == "".join(choice.delta.content or "" for choice in choices)
    assert ours.reasoning == "".join(choice.delta.reasoning or "" for choice in choices)
    assert ours.finish_reason == choices[-1].finish_reason
    pieces = [piece for choice in choices for piece in choice.delta.tool_calls or []]
    for index, asked in enumerate(ours.tool_calls):
        mine = [piece for piece in pieces if piece.index == index]
        assert (asked.id, asked.name) == (mine[0].id, mine[0].function.name)
        assert asked.arguments == "".join(piece.function.arguments for piece in mine)
    assert len(ours.tool_calls) == len({piece.index for piece in pieces})
    assert_same_usage(ours.usage, chunks[-1].x_groq.usage)


async def test_embedding_and_model_requests_are_equal() -> None:
    """Embeddings in base64 and the list of models are asked for as the SDK does."""
    async with recording() as recorder, sdk(recorder) as client:
        tell(recorder, "embed")
        await client.embeddings.create(model="m", input=["a", "b"], encoding_format="base64")
        assert_same_request(recorder, EmbedRequest(("a", "b")), "embed")
        tell(recorder, "models")
        theirs = await client.models.list()
        assert_same_request(recorder, NativeRequest(), "models")
    ours = codec.parse_response(call_of(codec, NativeRequest(), "models"), recorded_response("groq", "models"))
    assert isinstance(ours, ModelList)
    assert [(model.id, model.owner) for model in ours.models] == [(model.id, model.owned_by) for model in theirs.data]


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (404, errors.NotFoundError),
        (422, errors.BadRequestError),
        (429, errors.RateLimitError),
        (498, errors.OverloadedError),
        (503, errors.OverloadedError),
    ],
)
async def test_errors_are_read_alike(status: int, ours: type[errors.APIError]) -> None:
    """The SDK's status and message are ours, whatever class they have here."""
    body = {"error": {"message": "It failed.", "type": "some_type", "code": "some_code"}}
    async with recording() as recorder, sdk(recorder) as client:
        recorder.answer(body, status=status)
        with pytest.raises(groq.APIStatusError) as caught:
            await client.chat.completions.create(model="m", messages=[THEIR_HELLO])
    error = codec.parse_error(call_of(codec, ChatRequest((HELLO,))), response(status, body))
    assert type(error) is ours
    assert error.status == caught.value.status_code
    assert error.message == caught.value.body["error"]["message"]
