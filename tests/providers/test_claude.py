"""Claude: what goes out, and what is refused before it does."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async.errors import ConfigError, InvalidRequestError
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.claude import codec
from ipfs_accel_async.types import (
    ChatRequest,
    Image,
    Message,
    NativePart,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
)
from tests.providers.recorded import call_of

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


def test_the_key_is_in_its_header_only() -> None:
    """No repr, body or other header shows it."""
    request = codec.build_request(call_of(codec, ChatRequest((HELLO,))), Secret("sk-ant-very-secret"))
    assert "very-secret" not in repr(request)
    assert b"very-secret" not in request.body
    assert [name for name, value in request.headers if b"very-secret" in value] == [b"x-api-key"]
