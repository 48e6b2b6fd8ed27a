"""Claude: what goes out, what comes in, and what is refused before it goes out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ContextTooLongError,
    DecodeError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    QuotaExhaustedError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
)
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.claude import codec
from ipfs_accel_async.types import (
    ChatRequest,
    Image,
    Message,
    NativePart,
    NativeRequest,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
)
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of, recorded_stream, response

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
HELLO = Message("user", "hello")


def body_of(*messages: Message, version: str = "", **fields: Any) -> dict[str, Any]:
    """The body that the codec builds."""
    options = {"api_version": version} if version else {}
    call = call_of(codec, ChatRequest(messages or (HELLO,), **fields))
    body = codec.configured(options=options).build_body(call)
    assert body is not None
    return body


def headers_with(**options: str) -> dict[str, str]:
    """The headers that the codec sends under these options."""
    request = codec.configured(options=options).build_request(call_of(codec, ChatRequest((HELLO,))), Secret("sk-ant-1"))
    return {name.decode(): value.decode() for name, value in request.headers}


def events(*values: Any) -> bytes:
    """Events as they are on the wire."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (v["type"].encode(), json.dumps(v).encode()) for v in values)


def parsed(*values: Any) -> list[Any]:
    """The deltas of these events."""
    return deltas_of(codec, call_of(codec, ChatRequest((HELLO,), stream=True)), [events(*values)])


def test_a_plain_call_has_the_limit_that_the_wire_demands() -> None:
    """Without max_tokens 4096 is sent, and nothing else that the caller did not set."""
    assert body_of() == {"model": "m", "max_tokens": 4096, "messages": [{"role": "user", "content": "hello"}]}


def test_the_callers_own_fields_are_sent_under_the_services_names() -> None:
    """Every field has its place in the body."""
    body = body_of(max_tokens=9, temperature=0.5, stop=("END",), stream=True, params={"top_k": 5})
    del body["messages"], body["model"]
    assert body == {"max_tokens": 9, "temperature": 0.5, "stop_sequences": ["END"], "stream": True, "top_k": 5}


def test_system_messages_become_one_text_in_their_order() -> None:
    """System and developer messages leave the conversation, wherever they stand."""
    body = body_of(Message("system", "Be brief."), HELLO, Message("developer", "In French."))
    assert body["system"] == "Be brief.\n\nIn French."
    assert body["messages"] == [{"role": "user", "content": "hello"}]


def test_native_system_parts_stay_blocks() -> None:
    """A part that marks a cached prefix reaches the service as it is."""
    cached = {"type": "text", "text": "Long rules.", "cache_control": {"type": "ephemeral"}}
    body = body_of(Message("system", (NativePart(cached),)), Message("system", "Short one."), HELLO)
    assert body["system"] == [cached, {"type": "text", "text": "Short one."}]


def test_tool_calls_and_results_become_blocks() -> None:
    """Calls carry parsed input, and consecutive results share one user turn."""
    calls = (ToolCall("t1", "f", '{"a": 1}'), ToolCall("t2", "g", ""))
    results = (Message("tool", "one", tool_call_id="t1", name="f"), Message("tool", "two", tool_call_id="t2"))
    turns = body_of(HELLO, Message("assistant", "", calls), *results, Message("user", "go on"))["messages"]
    assert turns[1] == {
        "role": "assistant",
        "content": [
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
            {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
        ],
    }
    assert turns[2] == {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "one"},
            {"type": "tool_result", "tool_use_id": "t2", "content": "two"},
        ],
    }
    assert turns[3] == {"role": "user", "content": "go on"}


def test_signed_thinking_comes_first_and_unsigned_is_left_out() -> None:
    """The service wants its own thinking back before the rest, and refuses another model's."""
    parts = (Text("so"), Thinking("hm", "sig"), Thinking("alien"), Text(""))
    turn = body_of(HELLO, Message("assistant", parts, (ToolCall("t", "f", "{}"),)))["messages"][1]
    assert turn["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "text", "text": "so"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
    ]


@pytest.mark.parametrize(
    ("image", "source"),
    [
        (Image("https://x.test/a.png"), {"type": "url", "url": "https://x.test/a.png"}),
        (Image(data=b"abc"), {"type": "base64", "media_type": "image/png", "data": "YWJj"}),
        (Image("data:image/gif;base64,YWJj"), {"type": "base64", "media_type": "image/gif", "data": "YWJj"}),
    ],
)
def test_images_have_a_source(image: Image, source: dict[str, str]) -> None:
    """An image goes by address or as base64, and a data URL is taken apart."""
    turn = body_of(Message("user", (Text("what is it?"), image)))["messages"][0]
    assert turn["content"] == [{"type": "text", "text": "what is it?"}, {"type": "image", "source": source}]


def test_tools_take_the_services_shape() -> None:
    """A Tool is translated, a mapping goes as it is."""
    native = {"type": "web_search_20250305", "name": "web_search"}
    tools = body_of(tools=(Tool("f", "does it", SCHEMA, strict=True), native))["tools"]
    assert tools == [{"name": "f", "input_schema": SCHEMA, "description": "does it", "strict": True}, native]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ("f", {"type": "tool", "name": "f"}),
        ({"type": "auto", "disable_parallel_tool_use": True}, {"type": "auto", "disable_parallel_tool_use": True}),
    ],
)
def test_tool_choice_is_an_object(choice: Any, sent: Any) -> None:
    """Our words become the service's, a mapping goes as it is."""
    assert body_of(tools=(Tool("f"),), tool_choice=choice)["tool_choice"] == sent


def test_a_schema_joins_the_callers_own_output_config() -> None:
    """The schema and a native effort share one object."""
    config = body_of(response_format=ResponseFormat(SCHEMA), params={"output_config": {"effort": "low"}})
    assert config["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"}


@pytest.mark.parametrize(
    ("messages", "fields", "words"),
    [
        ((HELLO,), {"seed": 1}, "seed"),
        ((HELLO,), {"response_format": ResponseFormat()}, "schema"),
        ((HELLO,), {"temperature": 1.0, "version": "2026-10-21"}, "temperature.*2023-06-01"),
        ((HELLO,), {"params": {"top_p": 0.9}, "version": "2027-01-01"}, "top_p"),
        ((Message("system", "alone"),), {}, "user message"),
        ((Message("system", (Image("https://x.test/a.png"),)), HELLO), {}, "image"),
        ((HELLO, Message("tool", "x")), {}, "tool_call_id"),
        ((Message("user", "x", name="ann"),), {}, "name"),
        ((HELLO, Message("assistant", "", (ToolCall("t9", "f", '{"a":'),))), {}, "t9"),
        ((HELLO, Message("assistant", "", (ToolCall("t9", "f", "[1]"),))), {}, "t9"),
    ],
)
def test_what_the_service_has_no_word_for_is_refused(messages: Any, fields: Any, words: str) -> None:
    """The error comes before anything is sent and names the parameter."""
    with pytest.raises(InvalidRequestError, match=words) as caught:
        body_of(*messages, **fields)
    assert caught.value.provider == "claude"
    assert "\n" not in str(caught.value)


def test_the_old_version_sends_the_key_in_its_own_header() -> None:
    """The default speaks 2023-06-01 with x-api-key."""
    headers = headers_with()
    assert (headers["anthropic-version"], headers["x-api-key"]) == ("2023-06-01", "sk-ant-1")
    assert "authorization" not in headers
    assert "anthropic-beta" not in headers


def test_the_new_version_sends_a_bearer() -> None:
    """From 2026-10-21 on the key goes as a bearer, and beta names have their header."""
    headers = headers_with(api_version="2026-10-21", beta="files-api-2025-04-14,skills-2025-10-02")
    assert (headers["anthropic-version"], headers["authorization"]) == ("2026-10-21", "Bearer sk-ant-1")
    assert headers["anthropic-beta"] == "files-api-2025-04-14,skills-2025-10-02"
    assert "x-api-key" not in headers


def test_the_option_auth_overrides_the_version() -> None:
    """Either header goes with either version."""
    assert headers_with(auth="bearer")["authorization"] == "Bearer sk-ant-1"
    assert headers_with(auth="x-api-key", api_version="2026-10-21")["x-api-key"] == "sk-ant-1"


@pytest.mark.parametrize(
    "options", [{"api_version": "new"}, {"auth": "basic"}, {"beta": "a\r\nx: y"}, {"beta": "a,"}, {"region": "eu"}]
)
def test_options_are_checked_when_built(options: dict[str, str]) -> None:
    """A value that cannot be meant or sent is a ConfigError at once."""
    with pytest.raises(ConfigError):
        codec.configured(options=options)


@pytest.mark.parametrize("url", ["https://api.anthropic.com", "https://api.anthropic.com/v1"])
def test_the_base_url_may_end_in_v1(url: str) -> None:
    """Both ways to write the address mean the same."""
    assert codec.normalize_url(url) == "https://api.anthropic.com"


def test_a_recorded_answer_is_read_whole() -> None:
    """Text, thinking, signature, usage, ids and limits all arrive."""
    recorded = fixture("claude", "chat")
    reply = codec.parse_response(
        call_of(codec, ChatRequest((HELLO,))), response(200, recorded["body"], recorded["headers"])
    )
    assert reply.text.startswith("The ferry leaves at 11:40")
    assert reply.reasoning.startswith("The tide table")
    assert reply.signature == "EqoBCkgIBRABGAIiQPh3m9v2c0="
    assert (reply.finish_reason, reply.id) == ("stop", "msg_01HarbourTimes")
    usage = reply.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens) == (1298, 1024, 256)
    assert (usage.output_tokens, usage.reasoning_tokens, usage.total_tokens) == (41, 17, 1339)
    assert reply.provider_request_id == "req_011CTideAndFerry"
    assert reply.rate_limits is not None
    assert reply.raw["role"] == "assistant"


def test_a_call_without_arguments_is_the_same_streamed_and_unary() -> None:
    """Streamed, it has no argument text at all; folded, it is an empty object."""
    call = call_of(codec, ChatRequest((HELLO,), stream=True))
    deltas = deltas_of(codec, call, [recorded_stream("claude", "tools")])
    reply = fold(deltas, codec.empty_reply(call, headers_of({})))
    assert [(c.name, json.loads(c.arguments)) for c in reply.tool_calls][1] == ("clock", {})
    assert reply.finish_reason == "tool_calls"


def test_the_services_own_tools_make_no_call_of_ours() -> None:
    """A search that the service runs streams its input, and is no tool call for the caller to run."""
    started = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
    piece = {"type": "input_json_delta", "partial_json": '{"query":"tides"}'}
    deltas = parsed(
        {"type": "content_block_start", "index": 0, "content_block": started},
        {"type": "content_block_delta", "index": 0, "delta": piece},
        {"type": "message_delta", "delta": {"stop_reason": "pause_turn"}, "usage": {"output_tokens": 3}},
    )
    reply = fold(deltas, codec.empty_reply(call_of(codec, ChatRequest((HELLO,))), headers_of({})))
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
    usage = fold(deltas, codec.empty_reply(call_of(codec, ChatRequest((HELLO,))), headers_of({}))).usage
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
    raised = codec.parse_error(call_of(codec, ChatRequest((HELLO,))), response(status, body))
    assert type(raised) is error
    assert (raised.status, raised.message, raised.provider_request_id) == (status, message, "req_body")


@pytest.mark.parametrize("body", [b"<html>413 too large</html>", b"", b"[]", b'{"error": "gone"}', b'{"error": null}'])
def test_a_proxys_error_is_typed_too(body: bytes) -> None:
    """Whatever the body is, the status makes a typed one-line error."""
    raised = codec.parse_error(call_of(codec, ChatRequest((HELLO,))), response(413, body))
    assert type(raised) is BadRequestError
    assert raised.message
    assert "\n" not in str(raised)


def test_a_429_says_how_long_to_wait() -> None:
    """retry-after arrives as seconds."""
    recorded = fixture("claude", "error_429")
    raised = codec.parse_error(
        call_of(codec, ChatRequest((HELLO,))), response(429, recorded["body"], recorded["headers"])
    )
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
        codec.parse_response(call_of(codec, ChatRequest((HELLO,))), response(200, body))


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
    call = call_of(codec, ChatRequest((HELLO,), stream=True))
    with pytest.raises(DecodeError):
        deltas_of(codec, call, [b'event: ping\ndata: {"type": "pi\n\n'])


def test_an_error_body_under_200_is_an_error() -> None:
    """The body rules, not the status."""
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(OverloadedError):
        codec.parse_response(call_of(codec, ChatRequest((HELLO,))), response(200, body))


def test_models_are_listed() -> None:
    """Each model has its id and all the service says of it."""
    recorded = fixture("claude", "models")
    call = call_of(codec, NativeRequest(), "models", model="")
    assert codec.build_request(call, None).url == "https://api.anthropic.com/v1/models?limit=1000"
    models = codec.parse_response(call, response(200, recorded["body"])).models
    assert [model.id for model in models] == ["claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"]
    assert models[0].raw["max_tokens"] == 64000


def test_the_key_is_in_its_header_only() -> None:
    """No repr, body or other header shows it."""
    request = codec.build_request(call_of(codec, ChatRequest((HELLO,))), Secret("sk-ant-very-secret"))
    assert "very-secret" not in repr(request)
    assert b"very-secret" not in request.body
    assert [name for name, value in request.headers if b"very-secret" in value] == [b"x-api-key"]
