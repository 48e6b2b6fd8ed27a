"""Claude: what comes in, whole, streamed or as an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async.errors import (
    AuthenticationError,
    BadRequestError,
    ContextTooLongError,
    DecodeError,
    NotFoundError,
    OverloadedError,
    QuotaExhaustedError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
)
from ipfs_accel_async.fold import fold
from ipfs_accel_async.providers.claude import codec
from ipfs_accel_async.types import ChatRequest, Message, NativeRequest
from tests.providers.recorded import (
    call_of,
    deltas_of,
    fixture,
    headers_of,
    recorded_response,
    recorded_stream,
    response,
)

CHAT = call_of(codec, ChatRequest((Message("user", "hello"),)))
EMPTY = codec.empty_reply(CHAT, headers_of({}))


def events(*values: Any) -> bytes:
    """Events as they are on the wire."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (v["type"].encode(), json.dumps(v).encode()) for v in values)


def parsed(*values: Any) -> list[Any]:
    """The deltas of these events."""
    return deltas_of(codec, CHAT, [events(*values)])


def test_a_recorded_answer_is_read_whole() -> None:
    """Text, thinking, signature, usage, ids and limits all arrive."""
    reply = codec.parse_response(CHAT, recorded_response("claude", "chat"))
    assert reply.text.startswith("The ferry leaves at 11:40")
    assert reply.reasoning.startswith("The tide table")
    assert reply.signature == "EqoBCkgIBRABGAIiQPh3m9v2c0="
    assert (reply.finish_reason, reply.id) == ("stop", "msg_01HarbourTimes")
    usage = reply.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens) == (1298, 1024, 256)
    assert (usage.output_tokens, usage.reasoning_tokens, usage.total_tokens) == (41, 17, 1339)
    assert reply.provider_request_id == "req_011CTideAndFerry"
    assert reply.rate_limits is not None
    assert (reply.rate_limits.remaining_requests, reply.rate_limits.reset_requests) == (49, 30.0)
    assert reply.raw["role"] == "assistant"


def test_a_call_without_arguments_is_the_same_streamed_and_unary() -> None:
    """Streamed, it has no argument text at all; folded, it is an empty object."""
    deltas = deltas_of(codec, CHAT, [recorded_stream("claude", "tools")])
    reply = fold(deltas, EMPTY)
    assert [(c.name, json.loads(c.arguments)) for c in reply.tool_calls][1] == ("clock", {})
    assert reply.finish_reason == "tool_calls"


def test_a_call_that_was_cut_short_claims_no_arguments() -> None:
    """Before the model has stopped, no text may still become some."""
    block = {"type": "tool_use", "id": "toolu_1", "name": "delete", "input": {}}
    (call,) = fold(parsed({"type": "content_block_start", "index": 0, "content_block": block}), EMPTY).tool_calls
    assert (call.name, call.arguments) == ("delete", "")


def test_a_reply_goes_back_as_the_service_wants_it() -> None:
    """Its thinking returns signed, before its text."""
    reply = codec.parse_response(CHAT, recorded_response("claude", "chat"))
    body = codec.build_body(call_of(codec, ChatRequest((Message("user", "hello"), reply.message))))
    assert body["messages"][1]["content"] == fixture("claude", "chat")["body"]["content"]


def test_the_services_own_tools_make_no_call_of_ours() -> None:
    """A search that the service runs streams its input, and is no tool call for the caller to run."""
    started = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    piece = {"type": "input_json_delta", "partial_json": '{"query":"tides"}'}
    deltas = parsed(
        {"type": "content_block_start", "index": 0, "content_block": started},
        {"type": "content_block_delta", "index": 0, "delta": piece},
        {"type": "message_delta", "delta": {"stop_reason": "pause_turn"}, "usage": {"output_tokens": 3}},
    )
    reply = fold(deltas, EMPTY)
    assert reply.tool_calls == ()
    assert reply.finish_reason == "pause_turn"
    assert deltas[0].raw["content_block"] == started


def test_citations_and_unknown_deltas_are_kept_raw() -> None:
    """What has no field of ours is in `raw`, and commits to nothing."""
    citation = {"type": "citations_delta", "citation": {"type": "page_location", "cited_text": "x"}}
    (delta,) = parsed({"type": "content_block_delta", "index": 0, "delta": citation})
    assert delta.raw["delta"] == citation
    assert not delta.committing


def test_unknown_events_and_pings_are_passed_over() -> None:
    """New event types may come at any time."""
    assert (
        parsed({"type": "ping"}, {"type": "of_tomorrow", "text": "x"}, {"type": "content_block_stop", "index": 0}) == []
    )


def test_partial_input_counts_do_not_shrink_the_input() -> None:
    """Where the last event counts uncached input only, the first one's sum stands."""
    use = {"input_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0, "output_tokens": 1}
    deltas = parsed(
        {"type": "message_start", "message": {"id": "i", "model": "m", "usage": use}},
        {"type": "message_delta", "delta": {}, "usage": {"input_tokens": 5, "output_tokens": 7}},
        {"type": "message_stop"},
    )
    usage = fold(deltas, EMPTY).usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (105, 7, 112)


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("overloaded_error", OverloadedError, 529),
        ("rate_limit_error", RateLimitError, 429),
        ("api_error", ServerError, 500),
        ("timeout_error", ServerError, 504),
        ("invalid_request_error", BadRequestError, 400),
        ("of_tomorrow", ServerError, 500),
    ],
)
def test_an_error_in_the_stream_is_typed_by_its_type(kind: str, error: type[Exception], status: int) -> None:
    """Its HTTP status is 200, so the type stands for the status."""
    with pytest.raises(error) as caught:
        parsed({"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "req_9"})
    assert (caught.value.status, caught.value.provider_request_id) == (status, "req_9")
    assert caught.value.code == kind


@pytest.mark.parametrize(
    ("status", "kind", "message", "details", "error"),
    [
        (401, "authentication_error", "invalid x-api-key", None, AuthenticationError),
        (404, "not_found_error", "model: nope", None, NotFoundError),
        (400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum", None, ContextTooLongError),
        (400, "invalid_request_error", "Your credit balance is too low to go on.", None, QuotaExhaustedError),
        (429, "rate_limit_error", "spent", {"error_code": "enforced_spend_limit_reached"}, QuotaExhaustedError),
        (402, "billing_error", "pay", None, QuotaExhaustedError),
        (413, "request_too_large", "too large", None, BadRequestError),
        (529, "overloaded_error", "Overloaded", None, OverloadedError),
    ],
)
def test_errors_are_typed_by_status_and_code(
    status: int, kind: str, message: str, details: Any, error: type[Exception]
) -> None:
    """The status chooses the class, and a finer code or a known message refines it."""
    body = {"type": "error", "error": {"type": kind, "message": message, "details": details}, "request_id": "req_body"}
    raised = codec.parse_error(CHAT, response(status, body))
    assert type(raised) is error
    assert (raised.status, raised.message, raised.provider_request_id) == (status, message, "req_body")


@pytest.mark.parametrize("body", [b"<html>413 too large</html>", b"", b"[]", b'{"error": "gone"}', b'{"error": null}'])
def test_a_proxys_error_is_typed_too(body: bytes) -> None:
    """Whatever the body is, the status makes a typed one-line error."""
    raised = codec.parse_error(CHAT, response(413, body))
    assert type(raised) is BadRequestError
    assert raised.message
    assert "\n" not in str(raised)


def test_a_429_says_how_long_to_wait() -> None:
    """retry-after arrives as seconds."""
    raised = codec.parse_error(CHAT, recorded_response("claude", "error_429"))
    assert (raised.retry_after, raised.retryable, raised.outcome) == (7.0, True, "throttled")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (
            {"id": "i", "model": "m", "content": [{"type": "text"}], "stop_reason": None, "usage": {}},
            r"content\[0\].text",
        ),
        ({"id": "i", "model": "m", "stop_reason": None, "usage": {}}, "content"),
        ({"id": "i", "model": "m", "content": [], "stop_reason": "end_turn"}, "usage"),
        ([], "type"),
    ],
)
def test_a_broken_answer_names_the_field(body: Any, path: str) -> None:
    """A missing field is a typed error with its path."""
    with pytest.raises(ResponseValidationError, match=path if isinstance(body, dict) else None):
        codec.parse_response(CHAT, response(200, body))


@pytest.mark.parametrize(
    "event",
    [
        {"type": "content_block_delta", "index": 0},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 5}},
        {"type": "content_block_delta", "index": 0, "delta": "x"},
        {"type": "message_start"},
    ],
)
def test_a_broken_event_is_typed(event: Any) -> None:
    """A frame with a missing or wrong field raises, it does not pass as silence."""
    with pytest.raises(ResponseValidationError):
        parsed(event)


def test_a_frame_that_is_no_json_is_a_decode_error() -> None:
    """Malformed JSON can be tried again."""
    with pytest.raises(DecodeError):
        deltas_of(codec, CHAT, [b'event: ping\ndata: {"type": "pi\n\n'])


def test_an_error_body_under_200_is_an_error() -> None:
    """The body rules, not the status."""
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(OverloadedError):
        codec.parse_response(CHAT, response(200, body))


def test_models_are_listed() -> None:
    """Each model has its id and all the service says of it."""
    call = call_of(codec, NativeRequest(), "models", model="")
    assert codec.build_request(call, None).url == "https://api.anthropic.com/v1/models?limit=1000"
    models = codec.parse_response(call, recorded_response("claude", "models")).models
    assert [model.id for model in models] == ["claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"]
    assert models[0].raw["max_tokens"] == 64000
