"""The Groq codec: where it differs from the OpenAI wire."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Delta, Reply, Usage
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.groq import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, NativeRequest, Text, Thinking
from ipfs_accel_async.wire.frames import Frame
from tests.providers.openai_calls import CASES, HELLO, IDS, ChatCase
from tests.providers.recorded import call_of, fixture, recorded_response, response

CHAT = ChatRequest((HELLO,))


def event(value: Any) -> list[Delta]:
    """The deltas in one event."""
    call = call_of(codec, replace(CHAT, stream=True))
    return list(codec.parse_event(call, Frame("", json.dumps(value).encode())))


def body_of(request: ChatRequest) -> dict[str, Any]:
    """The body that is sent for a payload."""
    sent: dict[str, Any] = json.loads(codec.build_request(call_of(codec, request), None).body)
    return sent


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_bodies_are_those_of_the_openai_wire(case: ChatCase) -> None:
    """All fields of a chat request have the same place here."""
    assert body_of(case.ours) == {"model": "m", **case.theirs}


def test_a_stream_needs_not_ask_for_its_usage() -> None:
    """The service sends it unasked, and has no ``stream_options`` in its reference."""
    assert "stream_options" not in body_of(replace(CHAT, stream=True))


def test_reasoning_of_earlier_turns_goes_back() -> None:
    """An assistant message has a place for it."""
    turn = Message("assistant", (Thinking("hm"), Text("Yes")))
    sent = body_of(ChatRequest((HELLO, turn)))["messages"][1]
    assert sent == {"role": "assistant", "content": "Yes", "reasoning": "hm"}


@pytest.mark.parametrize(
    "written", ["https://api.groq.com", "https://api.groq.com/openai", "https://api.groq.com/openai/v1"]
)
@pytest.mark.parametrize(
    ("operation", "payload", "path"),
    [
        ("chat", CHAT, "chat/completions"),
        ("embed", EmbedRequest(("a",)), "embeddings"),
        ("models", NativeRequest(), "models"),
    ],
)
def test_every_path_is_under_openai_v1(written: str, operation: str, payload: Any, path: str) -> None:
    """A base URL of the host only, as ``GROQ_BASE_URL`` has it, gets the path."""
    call = call_of(codec, payload, operation, endpoint=codec.normalize_url(written))
    request = codec.build_request(call, Secret("gsk_1"))
    assert request.url == f"https://api.groq.com/openai/v1/{path}"
    assert (b"authorization", b"Bearer gsk_1") in request.headers


def test_reasoning_and_usage_of_an_answer() -> None:
    """The times in the usage are no tokens; reasoning and cached ones are told apart."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("groq", "chat"))
    assert isinstance(reply, Reply)
    assert reply.reasoning == "A queue has an order."
    assert reply.usage == Usage(57, 120, 177, 32, 0, 44)
    assert reply.rate_limits is not None
    assert reply.rate_limits.reset_tokens == pytest.approx(1.24)


def test_the_request_id_is_in_the_body_too() -> None:
    """Where a proxy has dropped the header, ``x_groq`` still has it."""
    value = fixture("groq", "chat")
    reply = codec.parse_response(call_of(codec, CHAT), response(200, value["body"]))
    assert reply.provider_request_id == "req_01kgroq7"
    bare = {**value["body"], "x_groq": None}
    assert codec.parse_response(call_of(codec, CHAT), response(200, bare)).provider_request_id is None


@pytest.mark.parametrize("choices", [[], [{"index": 0, "delta": {}, "finish_reason": "stop"}]])
def test_usage_comes_in_x_groq(choices: list[Any]) -> None:
    """In the last chunk, with or without a choice beside it."""
    counts = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "total_time": 0.01}
    (delta,) = event({"id": "c", "choices": choices, "x_groq": {"id": "req_1", "usage": counts}})
    assert delta.usage == Usage(3, 4, 7)


def test_cache_counts_in_x_groq_are_no_usage() -> None:
    """There `usage` may hold counts of another kind."""
    kind = {"dram_cached_tokens": 5, "sram_cached_tokens": 0}
    (delta,) = event({"choices": [{"index": 0, "delta": {"content": "a"}}], "x_groq": {"usage": kind}})
    assert delta.usage is None


def test_a_stream_that_the_service_stops_early_raises() -> None:
    """``x_groq.error`` is an error, though the official client takes the stream for whole."""
    chunk = {
        "choices": [{"index": 0, "delta": {}, "finish_reason": None}],
        "x_groq": {"id": "req_7", "error": "over capacity"},
    }
    with pytest.raises(errors.ServerError, match="over capacity") as caught:
        event(chunk)
    assert caught.value.provider_request_id == "req_7"
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable", "outcome"),
    [
        (400, "json_validate_failed", errors.BadRequestError, False, "ok"),
        (400, "tool_use_failed", errors.BadRequestError, False, "ok"),
        (401, "invalid_api_key", errors.AuthenticationError, False, "ok"),
        (413, "rate_limit_exceeded", errors.BadRequestError, False, "ok"),
        (422, None, errors.BadRequestError, False, "ok"),
        (429, "rate_limit_exceeded", errors.RateLimitError, True, "throttled"),
        (498, "capacity_exceeded", errors.OverloadedError, True, "throttled"),
        (500, None, errors.ServerError, True, "failed"),
        (503, "service_unavailable", errors.OverloadedError, True, "failed"),
    ],
)
def test_status_and_code_choose_the_error(
    status: int, code: str | None, kind: type[errors.APIError], retryable: bool, outcome: str
) -> None:
    """The table of the wire; a full flex tier (498) is retried and blames nobody."""
    body = {"error": {"message": "It failed.", "type": "some_type", **({"code": code} if code else {})}}
    error = codec.parse_error(call_of(codec, CHAT), response(status, body))
    assert type(error) is kind
    assert (error.retryable, error.outcome) == (retryable, outcome)


def test_a_429_says_how_long() -> None:
    """Whole seconds in ``retry-after``."""
    value = fixture("groq", "error_429")
    error = codec.parse_error(call_of(codec, CHAT), response(429, value["body"], value["headers"]))
    assert error.retry_after == 7.0
