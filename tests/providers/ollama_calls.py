"""The same calls in our words and in those of the Ollama SDK.

Its message model has no ids: it drops the id of a tool call and of a tool result, so the calls here have none.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import pytest

from ipfs_accel_async.types import Image, Message, ResponseFormat, Text, Thinking, Tool, ToolCall

PNG = b"\x89PNG\r\n\x1a\nnot really"
SCHEMA = {
    "type": "object",
    "required": ["city"],
    "properties": {"city": {"type": "string", "description": "Its name."}},
}
HELLO = Message("user", "hello")
THEIR_HELLO = {"role": "user", "content": "hello"}


class Case(NamedTuple):
    """One call, as our users write it and as the SDK's users do."""

    name: str
    messages: tuple[Message, ...]
    fields: dict[str, Any]
    theirs: dict[str, Any]


CASES = [
    Case("plain", (HELLO,), {}, {"messages": [THEIR_HELLO]}),
    Case(
        "system and options",
        (Message("system", "Be brief."), HELLO, Message("assistant", "Hi."), Message("user", "Go on.")),
        {
            "max_tokens": 9,
            "temperature": 0.0,
            "stop": ("END",),
            "seed": 4,
            "params": {"num_ctx": 4096, "keep_alive": "5m", "think": "low"},
        },
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                THEIR_HELLO,
                {"role": "assistant", "content": "Hi."},
                {"role": "user", "content": "Go on."},
            ],
            "options": {"num_predict": 9, "temperature": 0.0, "stop": ["END"], "seed": 4, "num_ctx": 4096},
            "keep_alive": "5m",
            "think": "low",
        },
    ),
    Case(
        "tools",
        (
            HELLO,
            Message(
                "assistant",
                (Thinking("A city."), Text("I look.")),
                (ToolCall("", "forecast", '{"city": "Oslo"}'), ToolCall("", "clock", "")),
            ),
            Message("tool", "rain", name="forecast"),
            Message("tool", "noon", name="clock"),
        ),
        {"tools": (Tool("forecast", "Weather of a city.", SCHEMA),)},
        {
            "messages": [
                THEIR_HELLO,
                {
                    "role": "assistant",
                    "content": "I look.",
                    "thinking": "A city.",
                    "tool_calls": [
                        {"function": {"name": "forecast", "arguments": {"city": "Oslo"}}},
                        {"function": {"name": "clock", "arguments": {}}},
                    ],
                },
                {"role": "tool", "content": "rain", "tool_name": "forecast"},
                {"role": "tool", "content": "noon", "tool_name": "clock"},
            ],
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "forecast", "description": "Weather of a city.", "parameters": SCHEMA},
                }
            ],
        },
    ),
    Case(
        "structured",
        (HELLO,),
        {"response_format": ResponseFormat(SCHEMA)},
        {"messages": [THEIR_HELLO], "format": SCHEMA},
    ),
    Case("any json", (HELLO,), {"response_format": ResponseFormat()}, {"messages": [THEIR_HELLO], "format": "json"}),
    Case(
        "images",
        (Message("user", (Text("What are they?"), Image(data=PNG), Image(data=b"other"))),),
        {},
        {
            "messages": [
                {"role": "user", "content": "What are they?", "images": [PNG, base64.b64encode(b"other").decode()]}
            ]
        },
    ),
]
BY_NAME = [pytest.param(case, id=case.name) for case in CASES]
