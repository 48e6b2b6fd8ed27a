"""The official google-genai SDK as the oracle: its requests and its parsed answers are ours."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest

from ipfs_accel_async.errors import OverloadedError
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers._gemini_signatures import placed
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, NativeRequest
from tests.providers.gemini_calls import BY_NAME, HELLO, Case, in_camel_case
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of, recorded_stream, response
from tests.recorder import recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from ipfs_accel_async.answers import Reply
    from tests.recorder import Recorder

genai = pytest.importorskip("google.genai", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "AIza-oracle"
BASE = "http://127.0.0.1:1"


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[Any, Recorder]]:
    """The SDK's models and the recorder they are pointed at.

    The HTTP client is given: with its own the SDK derives from aiohttp's session, which warns.
    """
    async with recording() as recorder, httpx.AsyncClient() as http:
        options = genai.types.HttpOptions(base_url=recorder.base_url, httpx_async_client=http)
        with genai.Client(api_key=KEY, http_options=options) as client:
            yield client.aio.models, recorder


def agree(reply: Reply, answers: Sequence[Any]) -> None:
    """Assert that our reply says what the SDK's answers (one, or the parts of a stream) say together."""
    parts = [part for answer in answers for part in answer.candidates[0].content.parts or ()]
    last = answers[-1]
    assert reply.text == "".join(part.text for part in parts if part.text and not part.thought)
    assert reply.reasoning == "".join(part.text for part in parts if part.text and part.thought)
    assert [(call.name, json.loads(call.arguments)) for call in reply.tool_calls] == [
        (part.function_call.name, part.function_call.args or {}) for part in parts if part.function_call
    ]
    theirs = [part.function_call.id for part in parts if part.function_call]
    assert [one.id for one in reply.tool_calls] == [key or f"call_{place}" for place, key in enumerate(theirs)]
    signatures = [base64.b64decode(text) for text in placed(reply.signature).values()]
    assert signatures == [part.thought_signature for part in parts if part.thought_signature]
    assert last.candidates[0].finish_reason.value == "STOP"
    assert reply.finish_reason == ("tool_calls" if reply.tool_calls else "stop")
    assert (reply.model, reply.id) == (last.model_version, last.response_id)
    counts, usage = last.usage_metadata, reply.usage
    assert usage.input_tokens == counts.prompt_token_count + (counts.tool_use_prompt_token_count or 0)
    assert usage.output_tokens == counts.candidates_token_count + counts.thoughts_token_count
    assert (usage.total_tokens, usage.reasoning_tokens) == (counts.total_token_count, counts.thoughts_token_count)
    assert usage.cached_tokens == (counts.cached_content_token_count or 0)


@pytest.mark.parametrize("case", BY_NAME)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_is_the_sdks(case: Case, stream: bool) -> None:
    """Method, path, key and every field of the body are equal."""
    async with talking() as (models, recorder):
        ask: dict[str, Any] = {"model": "m", "contents": case.contents, "config": case.config or None}
        if stream:
            recorder.answer(recorded_stream("gemini", "chat"))
            async for _ in await models.generate_content_stream(**ask):
                pass
        else:
            recorder.answer(fixture("gemini", "chat")["body"])
            await models.generate_content(**ask)
        seen = recorder.last
    call = call_of(codec, ChatRequest(case.messages, stream=stream, **case.fields), endpoint=BASE)
    request = codec.build_request(call, Secret(KEY))
    assert (request.method, request.url.removeprefix(BASE)) == (seen.method, seen.path)
    theirs = in_camel_case(seen.body)
    if not theirs.get("generationConfig"):  # the SDK writes an empty one beside tools or settings of safety
        theirs.pop("generationConfig", None)
    assert json.loads(request.body) == theirs
    sent = {name.decode(): value.decode() for name, value in request.headers}
    for name in ("x-goog-api-key", "content-type"):
        assert sent[name] == seen.headers[name]


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_a_unary_answer_is_read_as_the_sdk_reads_it(name: str) -> None:
    """Text, thoughts, calls with parsed arguments, signatures, counts, ids and reason are equal."""
    body = fixture("gemini", name)["body"]
    async with talking() as (models, recorder):
        recorder.answer(body)
        answer = await models.generate_content(model="m", contents="hello")
    agree(codec.parse_response(call_of(codec, ChatRequest((HELLO,))), response(200, body)), [answer])


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_a_streamed_answer_is_read_as_the_sdk_reads_it(name: str) -> None:
    """The folded deltas are the SDK's chunks together."""
    raw = recorded_stream("gemini", name)
    async with talking() as (models, recorder):
        recorder.answer(raw)
        answers = [chunk async for chunk in await models.generate_content_stream(model="m", contents="hello")]
    call = call_of(codec, ChatRequest((HELLO,), stream=True))
    agree(fold(deltas_of(codec, call, [raw]), codec.empty_reply(call, headers_of({}))), answers)


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_a_reply_goes_back_as_the_sdk_sends_it(name: str) -> None:
    """The model's turn of the next request is the one that the SDK makes of its own answer."""
    body = fixture("gemini", name)["body"]
    async with talking() as (models, recorder):
        recorder.answer(body)
        answer = await models.generate_content(model="m", contents="hello")
        await models.generate_content(model="m", contents=[answer.candidates[0].content])
        theirs = in_camel_case(recorder.last.body["contents"])
    reply = codec.parse_response(call_of(codec, ChatRequest((HELLO,))), response(200, body))
    ours = codec.build_body(call_of(codec, ChatRequest((reply.message,))))["contents"]
    for content in (*ours, *theirs):
        for part in content["parts"]:
            if "thoughtSignature" in part:  # the SDK writes the other alphabet of base64
                part["thoughtSignature"] = part["thoughtSignature"].replace("+", "-").replace("/", "_")
            if "functionCall" in part:  # no arguments may be left out
                part["functionCall"].setdefault("args", {})
    assert ours == theirs


@pytest.mark.parametrize(("name", "kind"), [("error_401", "AuthenticationError"), ("error_429", "RateLimitError")])
async def test_errors_say_what_the_sdks_say(name: str, kind: str) -> None:
    """Status, code and text are equal; the SDK has one class for all, ours says which."""
    recorded = fixture("gemini", name)
    async with talking() as (models, recorder):
        recorder.answer(recorded["body"], status=recorded["status"], headers=recorded["headers"])
        with pytest.raises(genai.errors.ClientError) as caught:
            await models.generate_content(model="m", contents="hello")
    call = call_of(codec, ChatRequest((HELLO,)))
    error = codec.parse_error(call, response(recorded["status"], recorded["body"], recorded["headers"]))
    assert type(error).__name__ == kind
    assert error.status == caught.value.code
    assert error.message == " ".join(caught.value.message.split())
    assert error.code in (caught.value.status, "API_KEY_INVALID")


ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "text",
    [b"data: " + json.dumps(ERROR).encode() + b"\r\n\r\n", json.dumps(ERROR, indent=2).encode() + b"\r\n"],
    ids=["event", "bare"],
)
async def test_an_error_in_a_stream_is_read_as_the_sdk_reads_it(text: bytes) -> None:
    """As an event and as bare JSON: the same status and words."""
    raw = recorded_stream("gemini", "chat").rpartition(b"data: ")[0] + text
    async with talking() as (models, recorder):
        recorder.answer(raw)
        with pytest.raises(genai.errors.ServerError) as caught:
            async for _ in await models.generate_content_stream(model="m", contents="hello"):
                pass
    with pytest.raises(OverloadedError) as ours:
        deltas_of(codec, call_of(codec, ChatRequest((HELLO,), stream=True)), [raw])
    assert (ours.value.status, ours.value.message) == (caught.value.code, caught.value.message)


async def test_embed_is_the_sdks() -> None:
    """Path and body are equal, and so are the vectors."""
    body = fixture("gemini", "embed")["body"]
    config = {"task_type": "RETRIEVAL_QUERY", "output_dimensionality": 4, "title": "t"}
    async with talking() as (models, recorder):
        recorder.answer(body)
        answer = await models.embed_content(model="m", contents=["alpha", "beta"], config=config)
        seen = recorder.last
    params = {"taskType": "RETRIEVAL_QUERY", "output_dimensionality": 4, "title": "t"}
    call = call_of(codec, EmbedRequest(("alpha", "beta"), params), "embed", endpoint=BASE)
    request = codec.build_request(call, None)
    assert (request.method, request.url.removeprefix(BASE)) == (seen.method, seen.path)
    assert json.loads(request.body) == seen.body
    ours = codec.parse_response(call, response(200, body))
    np.testing.assert_array_equal(ours.vectors, np.array([row.values for row in answer.embeddings], np.float32))


async def test_the_list_of_models_is_the_sdks() -> None:
    """Path and names are equal, but for the size of the page."""
    body = fixture("gemini", "models")["body"]
    async with talking() as (models, recorder):
        recorder.answer(body)
        listed = (await models.list()).page
        seen = recorder.last
    call = call_of(codec, NativeRequest(), "models", model="", endpoint=BASE)
    request = codec.build_request(call, None)
    assert (request.method, request.url.removeprefix(BASE).partition("?")[0]) == (
        seen.method,
        seen.path.partition("?")[0],
    )
    ours = codec.parse_response(call, response(200, body)).models
    assert [model.id for model in ours] == [model.name.removeprefix("models/") for model in listed]


@pytest.mark.parametrize(("version", "model"), [("v1beta", "models/m"), ("v1", "tunedModels/t-1"), ("v1alpha", "m")])
async def test_versions_and_names_of_models_are_the_sdks(version: str, model: str) -> None:
    """The path has the version that was asked for, and the model's collection once."""
    async with talking() as (models, recorder):
        recorder.answer(fixture("gemini", "chat")["body"])
        options = {"http_options": {"api_version": version}}
        await models.generate_content(model=model, contents="hello", config=options)
        seen = recorder.last
    call = call_of(codec, ChatRequest((HELLO,)), model=model, endpoint=BASE)
    request = codec.configured(options={"api_version": version}).build_request(call, None)
    assert request.url.removeprefix(BASE) == seen.path
