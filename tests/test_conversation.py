"""Conversations: every form that callers write them in."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import (
    Image,
    Message,
    NativePart,
    Reply,
    Target,
    Text,
    Thinking,
    ToolCall,
    assistant,
    system,
    tool,
    user,
)
from ipfs_accel_async.conversation import as_messages

PNG = b"\x89PNG\r\n"
ROLES = ["system", "developer", "user", "assistant", "tool"]


def data_url(data: bytes, kind: str = "image/png") -> str:
    """A data: URL of some bytes."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def mapping(message: Message) -> dict[str, Any]:
    """A message as a mapping in OpenAI's form."""
    parts: list[Any] = []
    for part in message.content if isinstance(message.content, tuple) else ():
        if isinstance(part, Text):
            parts.append({"type": "text", "text": part.text})
        elif isinstance(part, Image):
            url = data_url(part.data, part.media_type) if part.data else part.url
            parts.append({"type": "image_url", "image_url": {"url": url, "detail": part.detail}})
        else:
            parts.append(part)
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    return {
        "role": message.role,
        "content": message.content if isinstance(message.content, str) else parts,
        "tool_calls": calls,
        "tool_call_id": message.tool_call_id,
        "name": message.name,
    }


@pytest.mark.parametrize(
    ("messages", "made"),
    [
        ("hi", (Message("user", "hi"),)),
        (user("hi"), (Message("user", "hi"),)),
        ({"role": "user", "content": "hi"}, (Message("user", "hi"),)),
        (["a", "b"], (Message("user", "a"), Message("user", "b"))),
        ((system("s"), "u"), (Message("system", "s"), Message("user", "u"))),
        (iter([user("a")]), (Message("user", "a"),)),
        ([{"role": "developer", "content": "d"}], (Message("developer", "d"),)),
        ([user("a"), assistant(""), ""], (Message("user", "a"), Message("assistant"), Message("user"))),
        ([{"role": "user", "content": ["a", Text("b")]}], (Message("user", (Text("a"), Text("b"))),)),
        (
            [{"role": "assistant", "content": None, "tool_calls": None}, "x"],
            (Message("assistant"), Message("user", "x")),
        ),
        ([{"role": "tool", "tool_call_id": "c", "content": "4"}], (Message("tool", "4", tool_call_id="c"),)),
        ([{"role": "user", "content": "hi", "name": "Ann"}], (Message("user", "hi", name="Ann"),)),
    ],
)
def test_every_form_of_a_conversation_is_taken(messages: Any, made: tuple[Message, ...]) -> None:
    """A string, a message, a mapping, or several of them in anything that iterates."""
    assert as_messages(messages) == made


def test_the_makers_make_messages() -> None:
    """One text stays a string; several parts become a tuple in order."""
    call = ToolCall("c1", "add", "{}")
    image = Image(data=PNG)
    assert user("hi") == Message("user", "hi")
    assert user("look", image) == Message("user", (Text("look"), image))
    assert user(image) == Message("user", (image,))
    assert system("s") == Message("system", "s")
    assert assistant("a", tool_calls=[call]) == Message("assistant", "a", (call,))
    assert tool(call, "4") == Message("tool", "4", tool_call_id="c1", name="add")
    assert tool("c1", "4", name="add") == tool(call, "4")


def test_the_text_of_a_message_is_that_of_its_text_parts() -> None:
    """Images and reasoning have no part in it."""
    assert user("a").text == "a"
    assert user("a", Image("https://h/x.png"), "b").text == "ab"
    assert Message("assistant", (Thinking("hm"), Text("a"))).text == "a"
    assert user().text == ""


def test_a_reply_goes_on_as_a_message() -> None:
    """``reply.message`` is the assistant's turn, with reasoning and tool calls."""
    call = ToolCall("c1", "add", "{}")
    plain = Reply(target=Target("vllm", "m"), text="a", tool_calls=(call,))
    assert as_messages(["q", plain.message])[1] == assistant("a", tool_calls=[call])
    thought = Reply(target=Target("vllm", "m"), text="a", reasoning="hm", signature="s")
    assert thought.message.content == (Thinking("hm", "s"), Text("a"))


texts = st.text(max_size=20)
images = st.one_of(
    st.builds(Image, url=texts.map(lambda path: f"https://h/{path}"), detail=st.sampled_from(["", "low", "high"])),
    st.builds(Image, data=st.binary(min_size=1, max_size=40), media_type=st.sampled_from(["image/png", "image/jpeg"])),
)
parts = st.one_of(st.builds(Text, texts), images, st.builds(Thinking, texts, texts))
messages = st.builds(
    Message,
    role=st.sampled_from(ROLES),
    content=st.one_of(texts, st.lists(parts, max_size=4).map(tuple)),
    tool_calls=st.lists(st.builds(ToolCall, texts, texts, texts), max_size=3).map(tuple),
    tool_call_id=texts,
    name=texts,
).filter(lambda message: bool(message.content or message.tool_calls or message.tool_call_id))


@given(st.lists(messages, min_size=1, max_size=5))
def test_messages_and_their_mappings_are_the_same_conversation(conversation: list[Message]) -> None:
    """Values come through unchanged; written as mappings, even through JSON, they come back equal."""
    assert as_messages(conversation) == tuple(conversation)
    assert as_messages([mapping(message) for message in conversation]) == tuple(conversation)
    if not any(isinstance(part, Thinking) for message in conversation for part in message.content):
        written = json.loads(json.dumps([mapping(message) for message in conversation]))
        assert as_messages(written) == tuple(conversation)


@given(st.binary(min_size=1, max_size=500), st.sampled_from(["image/png", "image/svg+xml", "image/x;charset=utf-8"]))
def test_a_data_url_becomes_bytes(data: bytes, kind: str) -> None:
    """Every codec can then write the image as its wire wants it."""
    part = {"type": "image_url", "image_url": {"url": data_url(data, kind), "detail": "low"}}
    (message,) = as_messages({"role": "user", "content": [part]})
    assert message.content == (Image(data=data, media_type=kind, detail="low"),)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
        {"type": "image_url", "image_url": "https://h/x.png"},
        {"type": "image", "source": {"type": "url", "url": "https://h/x.png"}},
        {},
    ],
)
def test_a_part_that_is_unknown_here_is_kept_for_the_service(part: dict[str, Any]) -> None:
    """What a service adds tomorrow passes through untouched."""
    assert as_messages({"role": "user", "content": [part]})[0].content == (NativePart(part),)


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ({"name": "add", "arguments": '{"a": 1}'}, ToolCall("c", "add", '{"a": 1}')),
        ({"name": "add", "arguments": {"a": [1, "\u00e4"]}}, ToolCall("c", "add", '{"a": [1, "\\u00e4"]}')),
        ({"name": "add", "arguments": "not JSON"}, ToolCall("c", "add", "not JSON")),
        ({"name": "add", "arguments": None}, ToolCall("c", "add", "")),
        ({"name": "add"}, ToolCall("c", "add", "")),
        ({}, ToolCall("c", "", "")),
    ],
)
def test_the_arguments_of_a_tool_call_are_text(function: dict[str, Any], call: ToolCall) -> None:
    """An object is written as JSON; text stays as the model wrote it."""
    given = {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}, call]}
    assert as_messages([given])[0].tool_calls == (call, call)
    given["tool_calls"][0]["id"] = None
    assert as_messages([given])[0].tool_calls[0].id == ""
