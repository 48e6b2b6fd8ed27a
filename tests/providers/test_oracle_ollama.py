"""The official Ollama SDK as the oracle: its requests and its parsed answers are ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.ollama import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, NativeRequest
from tests.providers.ollama_calls import BY_NAME, HELLO, THEIR_HELLO, Case
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of, recorded_stream, response
from tests.recorder import recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.answers import Reply
    from ipfs_accel_async.wire.http import Request

ollama = pytest.importorskip("ollama", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "cloud-oracle"
BASE = "http://127.0.0.1:1"
NDJSON = {"content-type": "application/x-ndjson"}


def client(base_url: str) -> Any:
    """The SDK, pointed at the recorder."""
    return ollama.AsyncClient(host=base_url, headers={"Authorization": f"Bearer {KEY}"})


def ours(case: Case, *, stream: bool = False) -> Request:
    """Our request of the same call."""
    call = call_of(codec, ChatRequest(case.messages, stream=stream, **case.fields), endpoint=BASE)
    return codec.build_request(call, Secret(KEY))


def agree(reply: Reply, answers: Sequence[Any]) -> None:
    """Assert that our reply says what the SDK's answers (one, or the parts of a stream) say together."""
    messages, last = [answer.message for answer in answers], answers[-1]
    assert reply.text == "".join(message.content or "" for message in messages)
    assert reply.reasoning == "".join(message.thinking or "" for message in messages)
    assert [(call.name, json.loads(call.arguments)) for call in reply.tool_calls] == [
        (call.function.name, call.function.arguments) for message in messages for call in message.tool_calls or ()
    ]
    assert reply.finish_reason == ("tool_calls" if reply.tool_calls else last.done_reason)
    assert reply.model == last.model
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (last.prompt_eval_count, last.eval_count)


@pytest.mark.parametrize("case", BY_NAME)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_is_the_sdks(case: Case, stream: bool) -> None:
    """Method, path, key and every field of the body are equal."""
    async with recording() as recorder:
        sdk = client(recorder.base_url)
        if stream:
            recorder.answer(recorded_stream("ollama", "chat"), headers=NDJSON)
            async for _ in await sdk.chat(model="m", stream=True, **case.theirs):
                pass
        else:
            recorder.answer(fixture("ollama", "chat")["body"])
            await sdk.chat(model="m", **case.theirs)
        seen = recorder.last
        await sdk._client.aclose()
    request = ours(case, stream=stream)
    assert (request.method, request.url.removeprefix(BASE)) == (seen.method, seen.path)
    assert json.loads(request.body) == seen.body
    sent = {name.decode(): value.decode() for name, value in request.headers}
    for name in ("authorization", "accept", "content-type"):
        assert sent[name] == seen.headers[name]


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_a_unary_answer_is_read_as_the_sdk_reads_it(name: str) -> None:
    """Text, thinking, tool calls with parsed arguments, counts and reason are equal."""
    body = fixture("ollama", name)["body"]
    async with recording() as recorder:
        recorder.answer(body)
        sdk = client(recorder.base_url)
        answer = await sdk.chat(model="m", messages=[THEIR_HELLO])
        await sdk._client.aclose()
    agree(codec.parse_response(call_of(codec, ChatRequest((HELLO,))), response(200, body)), [answer])


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_a_streamed_answer_is_read_as_the_sdk_reads_it(name: str) -> None:
    """The folded deltas are the SDK's parts together."""
    raw = recorded_stream("ollama", name)
    async with recording() as recorder:
        recorder.answer(raw, headers=NDJSON)
        sdk = client(recorder.base_url)
        answers = [part async for part in await sdk.chat(model="m", messages=[THEIR_HELLO], stream=True)]
        await sdk._client.aclose()
    call = call_of(codec, ChatRequest((HELLO,), stream=True))
    agree(fold(deltas_of(codec, call, [raw]), codec.empty_reply(call, headers_of({}))), answers)


@pytest.mark.parametrize(("name", "kind"), [("error_401", "AuthenticationError"), ("error_429", "RateLimitError")])
async def test_errors_say_what_the_sdks_say(name: str, kind: str) -> None:
    """Status and text are equal; the SDK has one class for all, ours says which."""
    recorded = fixture("ollama", name)
    async with recording() as recorder:
        recorder.answer(recorded["body"], status=recorded["status"], headers=recorded["headers"])
        sdk = client(recorder.base_url)
        with pytest.raises(ollama.ResponseError) as caught:
            await sdk.chat(model="m", messages=[THEIR_HELLO])
        await sdk._client.aclose()
    call = call_of(codec, ChatRequest((HELLO,)))
    error = codec.parse_error(call, response(recorded["status"], recorded["body"], recorded["headers"]))
    assert type(error).__name__ == kind
    assert (error.status, error.message) == (caught.value.status_code, caught.value.error)


async def test_embed_is_the_sdks() -> None:
    """Path and body are equal, and so are the vectors."""
    body = fixture("ollama", "embed")["body"]
    async with recording() as recorder:
        recorder.answer(body)
        sdk = client(recorder.base_url)
        answer = await sdk.embed(
            model="m", input=["alpha", "beta"], truncate=False, dimensions=4, options={"num_ctx": 64}, keep_alive=0
        )
        seen = recorder.last
        await sdk._client.aclose()
    params = {"truncate": False, "dimensions": 4, "num_ctx": 64, "keep_alive": 0}
    call = call_of(codec, EmbedRequest(("alpha", "beta"), params), "embed", endpoint=BASE)
    request = codec.build_request(call, None)
    assert (request.method, request.url.removeprefix(BASE)) == (seen.method, seen.path)
    assert json.loads(request.body) == seen.body
    ours = codec.parse_response(call, response(200, body))
    np.testing.assert_array_equal(ours.vectors, np.array(answer.embeddings, np.float32))
    assert ours.usage.input_tokens == answer.prompt_eval_count


async def test_the_list_of_models_is_the_sdks() -> None:
    """Path and names are equal."""
    body = fixture("ollama", "models")["body"]
    async with recording() as recorder:
        recorder.answer(body)
        sdk = client(recorder.base_url)
        listed = await sdk.list()
        seen = recorder.last
        await sdk._client.aclose()
    call = call_of(codec, NativeRequest(), "models", model="", endpoint=BASE)
    request = codec.build_request(call, None)
    assert (request.method, request.url.removeprefix(BASE)) == (seen.method, seen.path)
    models = codec.parse_response(call, response(200, body)).models
    assert [model.id for model in models] == [model.model for model in listed.models]


@pytest.mark.parametrize(
    "value", ["h.test", "h.test:81", ":8080", "[::1]", "[::1]:8080", "h.test/base", "h.test:9/base"]
)
def test_the_hosts_variable_is_read_as_the_sdk_reads_it(value: str) -> None:
    """Short forms of OLLAMA_HOST mean the same address."""
    theirs = str(ollama.Client(host=value)._client.base_url).rstrip("/")
    assert codec.parse_url_env(value) == theirs
