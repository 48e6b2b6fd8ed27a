"""The official Anthropic SDK as the oracle of Claude: its requests and its parsed answers are ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.claude import codec as default
from ipfs_accel_async.types import ChatRequest, NativeRequest
from tests.providers.claude_calls import BY_NAME, HELLO, THEIR_HELLO, Case
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of, recorded_stream, response
from tests.recorder import recording

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Reply, Usage
    from ipfs_accel_async.wire.http import Request

anthropic = pytest.importorskip("anthropic", reason="it is in the extra dev, which is not installed")
pytestmark = pytest.mark.sockets

KEY = "sk-ant-oracle"
NEW = "2026-10-21"


def ours(case: Case, *, stream: bool = False, version: str = NEW) -> Request:
    """Our request of the same call."""
    request = ChatRequest(case.messages, stream=stream, **case.fields)
    call = call_of(default, request, model="claude-x", endpoint="http://127.0.0.1:1")
    return default.configured(options={"api_version": version}).build_request(call, Secret(KEY))


def client(base_url: str) -> Any:
    """The SDK, pointed at the recorder."""
    return anthropic.AsyncAnthropic(api_key=KEY, base_url=base_url, max_retries=0)


def headers(request: Request) -> dict[str, str]:
    """Headers of our request by name."""
    return {name.decode(): value.decode() for name, value in request.headers}


def counted(usage: Any) -> tuple[int, ...]:
    """The SDK's counts in the order of :func:`ours_counted`."""
    cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    details = usage.output_tokens_details
    return (
        usage.input_tokens + cached + written,
        usage.output_tokens,
        cached,
        written,
        details.thinking_tokens if details else 0,
    )


def ours_counted(usage: Usage) -> tuple[int, ...]:
    """Our counts."""
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )


FINISH = {"end_turn": "stop", "tool_use": "tool_calls"}


def agree(reply: Reply, message: Any) -> None:
    """Assert that our reply says what the SDK's message says."""
    assert reply.text == "".join(block.text for block in message.content if block.type == "text")
    assert reply.reasoning == "".join(block.thinking for block in message.content if block.type == "thinking")
    assert reply.signature == "".join(block.signature for block in message.content if block.type == "thinking")
    assert [(call.id, call.name, json.loads(call.arguments)) for call in reply.tool_calls] == [
        (block.id, block.name, block.input) for block in message.content if block.type == "tool_use"
    ]
    assert reply.finish_reason == FINISH[message.stop_reason]
    assert (reply.id, reply.model) == (message.id, message.model)
    assert ours_counted(reply.usage) == counted(message.usage)


@pytest.mark.parametrize("case", BY_NAME)
async def test_a_unary_request_is_the_sdks(case: Case) -> None:
    """Method, path, version, key and every field of the body are equal."""
    recorded = fixture("claude", "chat")
    async with recording() as recorder, client(recorder.base_url) as sdk:
        recorder.answer(recorded["body"], headers=recorded["headers"])
        await sdk.messages.create(model="claude-x", **case.theirs)
        seen = recorder.last
    request = ours(case)
    assert (request.method, request.url.removeprefix("http://127.0.0.1:1")) == (seen.method, seen.path)
    assert json.loads(request.body) == seen.body
    for name in ("authorization", "anthropic-version", "accept", "content-type"):
        assert headers(request)[name] == seen.headers[name]


@pytest.mark.parametrize("case", BY_NAME)
async def test_a_streamed_request_is_the_sdks(case: Case) -> None:
    """The same with `stream`, and the whole stream is read by both alike."""
    raw = recorded_stream("claude", "chat")
    async with recording() as recorder, client(recorder.base_url) as sdk:
        recorder.answer(raw)
        async with sdk.messages.stream(model="claude-x", **case.theirs) as stream:
            text = "".join([piece async for piece in stream.text_stream])
        seen = recorder.last
    assert json.loads(ours(case, stream=True).body) == seen.body
    deltas = deltas_of(default, call_of(default, ChatRequest(case.messages, stream=True)), [raw])
    assert "".join(delta.text for delta in deltas) == text


async def test_the_old_version_and_temperature_are_reachable_as_with_the_sdk() -> None:
    """Our default version is the SDK's call with that header and the field in its extra body."""
    recorded = fixture("claude", "chat")
    async with recording() as recorder, client(recorder.base_url) as sdk:
        recorder.answer(recorded["body"])
        await sdk.messages.create(
            model="claude-x",
            messages=[THEIR_HELLO],
            max_tokens=64,
            extra_headers={"anthropic-version": "2023-06-01"},
            extra_body={"temperature": 0.3},
        )
        seen = recorder.last
    request = ours(Case("", (HELLO,), {"max_tokens": 64, "temperature": 0.3}, {}), version="2023-06-01")
    assert json.loads(request.body) == seen.body
    assert headers(request)["anthropic-version"] == seen.headers["anthropic-version"]


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_a_unary_answer_is_read_as_the_sdk_reads_it(name: str) -> None:
    """Text, thinking, tool calls with parsed arguments, usage, reason and ids are equal."""
    recorded = fixture("claude", name)
    async with recording() as recorder, client(recorder.base_url) as sdk:
        recorder.answer(recorded["body"], headers=recorded["headers"])
        message = await sdk.messages.create(model="claude-x", max_tokens=64, messages=[THEIR_HELLO])
    call = call_of(default, ChatRequest((HELLO,)), model="claude-x")
    reply = default.parse_response(call, response(200, recorded["body"], recorded["headers"]))
    agree(reply, message)
    assert reply.provider_request_id == message._request_id


@pytest.mark.parametrize("name", ["chat", "tools"])
async def test_a_streamed_answer_is_read_as_the_sdk_reads_it(name: str) -> None:
    """The folded deltas are the SDK's final message."""
    raw = recorded_stream("claude", name)
    async with recording() as recorder, client(recorder.base_url) as sdk:
        recorder.answer(raw)
        async with sdk.messages.stream(model="claude-x", max_tokens=64, messages=[THEIR_HELLO]) as stream:
            message = await stream.get_final_message()
    call = call_of(default, ChatRequest((HELLO,), stream=True), model="claude-x")
    agree(fold(deltas_of(default, call, [raw]), default.empty_reply(call, headers_of({}))), message)


@pytest.mark.parametrize(("name", "kind"), [("error_401", "AuthenticationError"), ("error_429", "RateLimitError")])
async def test_errors_are_typed_as_the_sdk_types_them(name: str, kind: str) -> None:
    """The class has the same name, and type and request id are equal."""
    recorded = fixture("claude", name)
    async with recording() as recorder, client(recorder.base_url) as sdk:
        recorder.answer(recorded["body"], status=recorded["status"], headers=recorded["headers"])
        with pytest.raises(getattr(anthropic, kind)) as caught:
            await sdk.messages.create(model="claude-x", max_tokens=64, messages=[THEIR_HELLO])
    call = call_of(default, ChatRequest((HELLO,)))
    error = default.parse_error(call, response(recorded["status"], recorded["body"], recorded["headers"]))
    assert type(error).__name__ == kind
    assert (error.status, error.code) == (caught.value.status_code, caught.value.type)
    assert error.provider_request_id == caught.value.request_id


async def test_the_list_of_models_is_the_sdks() -> None:
    """Path with its page size, and the models in their order."""
    recorded = fixture("claude", "models")
    async with recording() as recorder, client(recorder.base_url) as sdk:
        recorder.answer(recorded["body"], headers=recorded["headers"])
        page = await sdk.models.list(limit=1000)
        seen = recorder.last
    call = call_of(default, NativeRequest(), "models", model="", endpoint="http://127.0.0.1:1")
    request = default.build_request(call, Secret(KEY))
    assert (request.method, request.url.removeprefix("http://127.0.0.1:1")) == (seen.method, seen.path)
    models = default.parse_response(call, response(200, recorded["body"])).models
    assert [model.id for model in models] == [model.id for model in page.data]
