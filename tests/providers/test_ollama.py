"""Ollama: what goes out, and what is refused before it does."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.ollama import codec
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
CHAT = call_of(codec, ChatRequest((HELLO,)))


def body_of(*messages: Message, **fields: Any) -> dict[str, Any]:
    """The body that the codec builds."""
    body = codec.build_body(call_of(codec, ChatRequest(messages or (HELLO,), **fields)))
    assert body is not None
    return body


def test_a_plain_call_says_whether_it_streams() -> None:
    """The service streams unless told not to, so `stream` is always there."""
    plain = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "tools": []}
    assert body_of() == {**plain, "stream": False}
    assert body_of(stream=True) == {**plain, "stream": True}


def test_the_callers_own_fields_go_under_options() -> None:
    """max_tokens and its kin have the services's names there."""
    body = body_of(max_tokens=9, temperature=0.0, stop=("END",), seed=4)
    assert body["options"] == {"num_predict": 9, "temperature": 0.0, "stop": ["END"], "seed": 4}


def test_params_go_where_the_service_reads_them() -> None:
    """Names of options go under `options`, any other name to the top level, and all override."""
    params = {"num_ctx": 8192, "keep_alive": "5m", "think": "low", "options": {"temperature": 1, "novel": 2}, "x": 3}
    body = body_of(temperature=0.5, params=params)
    assert body["options"] == {"temperature": 1, "novel": 2, "num_ctx": 8192}
    assert (body["keep_alive"], body["think"], body["x"]) == ("5m", "low", 3)
    assert "num_ctx" not in body


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [(ResponseFormat(), "json"), (ResponseFormat(SCHEMA), SCHEMA), (SCHEMA, SCHEMA)],
)
def test_the_format_is_json_or_a_schema(wanted: Any, sent: Any) -> None:
    """Any JSON is the word json, a schema is itself."""
    assert body_of(response_format=wanted)["format"] == sent


def test_images_and_thinking_are_fields_of_the_message() -> None:
    """Parts are taken apart, a native part's fields join the message."""
    parts = (Text("what "), Text("is it?"), Image(data=b"abc"), Image("data:image/gif;base64,ZGVm"))
    user = Message("user", parts)
    assistant = Message("assistant", (Thinking("hm"), Text("a cat"), NativePart({"extra": 1})))
    assert body_of(user, assistant)["messages"] == [
        {"role": "user", "content": "what is it?", "images": ["YWJj", "ZGVm"]},
        {"role": "assistant", "content": "a cat", "thinking": "hm", "extra": 1},
    ]


def test_tool_calls_are_objects_and_results_name_their_tool() -> None:
    """The name comes from the message or from the newest call of that id."""
    messages = (
        Message("assistant", "", (ToolCall("call_0", "old", "{}"),)),
        Message("assistant", "", (ToolCall("call_0", "f", '{"a": 1}'), ToolCall("", "g", ""))),
        Message("tool", "one", tool_call_id="call_0"),
        Message("tool", "two", name="g"),
    )
    sent = body_of(HELLO, *messages)["messages"]
    assert sent[2]["tool_calls"] == [
        {"id": "call_0", "function": {"name": "f", "arguments": {"a": 1}}},
        {"function": {"name": "g", "arguments": {}}},
    ]
    assert sent[3] == {"role": "tool", "content": "one", "tool_name": "f", "tool_call_id": "call_0"}
    assert sent[4] == {"role": "tool", "content": "two", "tool_name": "g"}


def test_tools_take_the_services_shape() -> None:
    """A Tool is translated, a mapping goes as it is, and choosing none offers none."""
    function = {"name": "f", "description": "does it", "parameters": SCHEMA}
    tools = (Tool("f", "does it", SCHEMA), {"type": "function", "function": {"name": "g"}})
    assert body_of(tools=tools, tool_choice="auto")["tools"] == [{"type": "function", "function": function}, tools[1]]
    assert body_of(tools=tools, tool_choice="none")["tools"] == []


def test_a_developer_message_is_a_system_message() -> None:
    """The service knows no developer."""
    assert body_of(Message("developer", "be brief"), HELLO)["messages"][0] == {"role": "system", "content": "be brief"}


@pytest.mark.parametrize(
    ("messages", "fields", "words"),
    [
        ((Message("user", (Image("https://x.test/a.png"),)),), {}, "bytes"),
        ((HELLO,), {"tools": (Tool("f"),), "tool_choice": "required"}, "tool_choice"),
        ((HELLO,), {"tools": (Tool("f"),), "tool_choice": "f"}, "tool_choice"),
        ((HELLO,), {"tools": (Tool("f"),), "tool_choice": {"type": "any"}}, "tool_choice"),
        ((HELLO,), {"tools": (Tool("f", strict=True),)}, "strict"),
        ((Message("user", "x", name="ann"),), {}, "name"),
        ((HELLO, Message("assistant", "", (ToolCall("t9", "f", "no"),))), {}, "t9"),
    ],
)
def test_what_the_service_has_no_word_for_is_refused(messages: Any, fields: Any, words: str) -> None:
    """The error comes before anything is sent and names the parameter."""
    with pytest.raises(InvalidRequestError, match=words) as caught:
        body_of(*messages, **fields)
    assert caught.value.provider == "ollama"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("example.test", "http://example.test:11434"),
        ("example.test:8080", "http://example.test:8080"),
        ("example.test/ollama", "http://example.test:11434/ollama"),
        (":8080", "http://127.0.0.1:8080"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("https://ollama.com", "https://ollama.com"),
        ("http://10.0.0.7:11434/api", "http://10.0.0.7:11434/api"),
    ],
)
def test_the_hosts_variable_may_be_short(value: str, url: str) -> None:
    """OLLAMA_HOST is read as the service's own client reads it."""
    assert codec.parse_url_env(value) == url


@pytest.mark.parametrize("url", ["http://h:11434", "http://h:11434/api", "http://h:11434/v1"])
def test_the_base_url_may_end_in_a_route(url: str) -> None:
    """All ways to write the address mean the same."""
    assert codec.normalize_url(url) == "http://h:11434"


def test_a_key_is_a_bearer_and_none_is_needed() -> None:
    """The cloud takes a key, one's own machine none."""
    assert not codec.key_required
    assert (b"authorization", b"Bearer cloud-key") in codec.build_request(CHAT, Secret("cloud-key")).headers
    assert not [name for name, _ in codec.build_request(CHAT, None).headers if name == b"authorization"]
