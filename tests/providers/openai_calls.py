"""The same chat calls twice: as our users write them, and as users of the OpenAI-shaped SDKs do."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, NamedTuple

from ipfs_accel_async.types import ChatRequest, Image, Message, NativePart, ResponseFormat, Text, Tool, ToolCall

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(24))
PNG_URL = "data:image/png;base64," + b64encode(PNG).decode()
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FORECAST = Tool("forecast", "Weather of a city.", SCHEMA, strict=True)
CLOCK = Tool("clock")
HELLO = Message("user", "Hello")
THEIR_FORECAST = {
    "type": "function",
    "function": {"name": "forecast", "description": "Weather of a city.", "parameters": SCHEMA, "strict": True},
}
THEIR_CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}
THEIR_HELLO = {"role": "user", "content": "Hello"}


class ChatCase(NamedTuple):
    """One chat call: our payload, and the keyword arguments of ``chat.completions.create`` besides `model`."""

    name: str
    ours: ChatRequest
    theirs: dict[str, Any]


CASES = [
    ChatCase("plain", ChatRequest((HELLO,)), {"messages": [THEIR_HELLO]}),
    ChatCase(
        "system prompt",
        ChatRequest((Message("system", "Be brief."), HELLO, Message("assistant", "Hi."), Message("user", "Ünïcode?"))),
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                THEIR_HELLO,
                {"role": "assistant", "content": "Hi."},
                {"role": "user", "content": "Ünïcode?"},
            ]
        },
    ),
    ChatCase(
        "sampling",
        ChatRequest((Message("user", "Hello", name="ada"),), max_tokens=9, temperature=0.0, stop=("a", "b"), seed=0),
        {
            "messages": [{**THEIR_HELLO, "name": "ada"}],
            "max_completion_tokens": 9,
            "temperature": 0.0,
            "stop": ["a", "b"],
            "seed": 0,
        },
    ),
    ChatCase(
        "tools",
        ChatRequest((HELLO,), (FORECAST, CLOCK, THEIR_CLOCK), "auto"),
        {"messages": [THEIR_HELLO], "tools": [THEIR_FORECAST, THEIR_CLOCK, THEIR_CLOCK], "tool_choice": "auto"},
    ),
    ChatCase(
        "tool by name",
        ChatRequest((HELLO,), (FORECAST,), "forecast", params={"parallel_tool_calls": False}),
        {
            "messages": [THEIR_HELLO],
            "tools": [THEIR_FORECAST],
            "tool_choice": {"type": "function", "function": {"name": "forecast"}},
            "parallel_tool_calls": False,
        },
    ),
    ChatCase(
        "tool result",
        ChatRequest(
            (
                HELLO,
                Message("assistant", "", (ToolCall("call_1", "forecast", '{"city": "Ur"}'),)),
                Message("tool", "12 C", tool_call_id="call_1"),
                Message("assistant", "And now?", (ToolCall("call_2", "clock", "{}"),)),
                Message("tool", (Text("no"), Text("on")), tool_call_id="call_2"),
            ),
            (FORECAST,),
            "required",
        ),
        {
            "messages": [
                THEIR_HELLO,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "forecast", "arguments": '{"city": "Ur"}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": "12 C"},
                {
                    "role": "assistant",
                    "content": "And now?",
                    "tool_calls": [
                        {"id": "call_2", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
                    ],
                },
                {
                    "role": "tool",
                    "tool_call_id": "call_2",
                    "content": [{"type": "text", "text": "no"}, {"type": "text", "text": "on"}],
                },
            ],
            "tools": [THEIR_FORECAST],
            "tool_choice": "required",
        },
    ),
    ChatCase(
        "structured output",
        ChatRequest((HELLO,), response_format=ResponseFormat(SCHEMA, "place", strict=True, description="Where.")),
        {
            "messages": [THEIR_HELLO],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "place", "schema": SCHEMA, "strict": True, "description": "Where."},
            },
        },
    ),
    ChatCase(
        "any JSON",
        ChatRequest((HELLO,), response_format=ResponseFormat()),
        {"messages": [THEIR_HELLO], "response_format": {"type": "json_object"}},
    ),
    ChatCase(
        "native format and choice",
        ChatRequest(
            (HELLO,), tool_choice={"type": "function", "function": {"name": "f"}}, response_format={"type": "text"}
        ),
        {
            "messages": [THEIR_HELLO],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "response_format": {"type": "text"},
        },
    ),
    ChatCase(
        "images",
        ChatRequest(
            (
                Message(
                    "user",
                    (
                        Text("Which differ?"),
                        Image("https://example.org/a.png", detail="low"),
                        Image(data=PNG),
                        NativePart({"type": "image_url", "image_url": {"url": "https://example.org/b.png"}}),
                    ),
                ),
            )
        ),
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "Which differ?"},
                        {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
                        {"type": "image_url", "image_url": {"url": PNG_URL}},
                        {"type": "image_url", "image_url": {"url": "https://example.org/b.png"}},
                    ],
                }
            ]
        },
    ),
    ChatCase(
        "parameters of the service",
        ChatRequest((HELLO,), params={"top_p": 0.5, "reasoning_effort": "low", "user": "u-1"}),
        {"messages": [THEIR_HELLO], "top_p": 0.5, "reasoning_effort": "low", "user": "u-1"},
    ),
]
IDS = [case.name for case in CASES]
