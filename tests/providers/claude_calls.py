"""The same calls in our words and in those of the Anthropic SDK."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import pytest

from ipfs_accel_async.types import Image, Message, ResponseFormat, Text, Thinking, Tool, ToolCall

PNG = b"\x89PNG\r\n\x1a\nnot really"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FORECAST = Tool("forecast", "Weather of a city.", SCHEMA)
THEIR_FORECAST = {"name": "forecast", "description": "Weather of a city.", "input_schema": SCHEMA}
HELLO = Message("user", "hello")
THEIR_HELLO = {"role": "user", "content": "hello"}


class Case(NamedTuple):
    """One call, as our users write it and as the SDK's users do."""

    name: str
    messages: tuple[Message, ...]
    fields: dict[str, Any]
    theirs: dict[str, Any]


CASES = [
    Case("plain", (HELLO,), {"max_tokens": 64}, {"messages": [THEIR_HELLO], "max_tokens": 64}),
    Case(
        "system",
        (Message("system", "Be brief."), HELLO, Message("assistant", "Hi."), Message("user", "Go on.")),
        {"max_tokens": 64, "stop": ("END", "STOP")},
        {
            "system": "Be brief.",
            "messages": [THEIR_HELLO, {"role": "assistant", "content": "Hi."}, {"role": "user", "content": "Go on."}],
            "max_tokens": 64,
            "stop_sequences": ["END", "STOP"],
        },
    ),
    Case(
        "tools",
        (
            HELLO,
            Message(
                "assistant",
                (Thinking("Two cities.", "c2ln"), Text("I look.")),
                (
                    ToolCall("toolu_1", "forecast", '{"city": "Oslo"}'),
                    ToolCall("toolu_2", "forecast", '{"city":"Bergen"}'),
                ),
            ),
            Message("tool", "rain", tool_call_id="toolu_1"),
            Message("tool", (Text("sun"),), tool_call_id="toolu_2", name="forecast"),
        ),
        {"max_tokens": 64, "tools": (FORECAST,), "tool_choice": "required"},
        {
            "messages": [
                THEIR_HELLO,
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Two cities.", "signature": "c2ln"},
                        {"type": "text", "text": "I look."},
                        {"type": "tool_use", "id": "toolu_1", "name": "forecast", "input": {"city": "Oslo"}},
                        {"type": "tool_use", "id": "toolu_2", "name": "forecast", "input": {"city": "Bergen"}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain"},
                        {"type": "tool_result", "tool_use_id": "toolu_2", "content": [{"type": "text", "text": "sun"}]},
                    ],
                },
            ],
            "max_tokens": 64,
            "tools": [THEIR_FORECAST],
            "tool_choice": {"type": "any"},
        },
    ),
    Case(
        "one tool",
        (HELLO,),
        {"max_tokens": 64, "tools": (FORECAST,), "tool_choice": "forecast"},
        {
            "messages": [THEIR_HELLO],
            "max_tokens": 64,
            "tools": [THEIR_FORECAST],
            "tool_choice": {"type": "tool", "name": "forecast"},
        },
    ),
    Case(
        "structured",
        (HELLO,),
        {"max_tokens": 64, "response_format": ResponseFormat(SCHEMA)},
        {
            "messages": [THEIR_HELLO],
            "max_tokens": 64,
            "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
        },
    ),
    Case(
        "images",
        (Message("user", (Image(data=PNG), Image("https://images.test/cat.jpg"), Text("What are they?"))),),
        {"max_tokens": 64},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "image",
                            "source": {
                                "type": "base64",
                                "media_type": "image/png",
                                "data": base64.b64encode(PNG).decode(),
                            },
                        },
                        {"type": "image", "source": {"type": "url", "url": "https://images.test/cat.jpg"}},
                        {"type": "text", "text": "What are they?"},
                    ],
                }
            ],
            "max_tokens": 64,
        },
    ),
    Case(
        "own parameters",
        (HELLO,),
        {
            "max_tokens": 64,
            "params": {"metadata": {"user_id": "u"}, "thinking": {"type": "enabled", "budget_tokens": 32}},
        },
        {
            "messages": [THEIR_HELLO],
            "max_tokens": 64,
            "metadata": {"user_id": "u"},
            "thinking": {"type": "enabled", "budget_tokens": 32},
        },
    ),
]
BY_NAME = [pytest.param(case, id=case.name) for case in CASES]
