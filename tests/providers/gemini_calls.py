"""The same calls in our words and in those of the google-genai SDK.

The SDK writes some names in snake case (``mime_type``), which the service takes as well; :func:`in_camel_case` makes
its bodies comparable. It sends arguments and schemas as they are, so those here have no such names.
"""

from __future__ import annotations

import base64
import re
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
THEIR_HELLO = {"role": "user", "parts": [{"text": "hello"}]}
SIGNATURE = "c2lnbmVkIHRob3VnaHQ="


class Case(NamedTuple):
    """One call, as our users write it and as the SDK's users do."""

    name: str
    messages: tuple[Message, ...]
    fields: dict[str, Any]
    contents: Any
    config: dict[str, Any]


CASES = [
    Case("plain", (HELLO,), {}, "hello", {}),
    Case(
        "system and generation config",
        (
            Message("system", "Be brief."),
            Message("user", "hello"),
            Message("assistant", "Hi."),
            Message("developer", "In French."),
            Message("user", "Go on."),
        ),
        {
            "max_tokens": 9,
            "temperature": 0.0,
            "stop": ("END", "FIN"),
            "seed": 4,
            "params": {"topP": 0.5, "top_k": 3, "thinkingConfig": {"includeThoughts": True}, "candidate_count": 1},
        },
        [THEIR_HELLO, {"role": "model", "parts": [{"text": "Hi."}]}, {"role": "user", "parts": [{"text": "Go on."}]}],
        {
            "system_instruction": ["Be brief.", "In French."],
            "max_output_tokens": 9,
            "temperature": 0.0,
            "stop_sequences": ["END", "FIN"],
            "seed": 4,
            "top_p": 0.5,
            "top_k": 3,
            "thinking_config": {"include_thoughts": True},
            "candidate_count": 1,
        },
    ),
    Case(
        "safety and cache",
        (HELLO,),
        {
            "params": {
                "safetySettings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}],
                "cached_content": "cachedContents/rules",
            }
        },
        "hello",
        {
            "safety_settings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}],
            "cached_content": "cachedContents/rules",
        },
    ),
    Case(
        "tools",
        (
            HELLO,
            Message(
                "assistant",
                (Thinking("A city.", f"call0:{SIGNATURE};"), Text("I look.")),
                (ToolCall("fc_1", "forecast", '{"city": "Oslo"}'), ToolCall("call_1", "clock", "")),
            ),
            Message("tool", "noon", tool_call_id="call_1"),
            Message("tool", '{"sky": "rain"}', tool_call_id="fc_1"),
        ),
        {
            "tools": (Tool("forecast", "Weather of a city.", SCHEMA), {"googleSearch": {}}, Tool("clock")),
            "tool_choice": "auto",
        },
        [
            THEIR_HELLO,
            {
                "role": "model",
                "parts": [
                    {"text": "A city.", "thought": True},
                    {"text": "I look."},
                    {
                        "function_call": {"id": "fc_1", "name": "forecast", "args": {"city": "Oslo"}},
                        "thought_signature": base64.b64decode(SIGNATURE),
                    },
                    {"function_call": {"name": "clock", "args": {}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"function_response": {"id": "fc_1", "name": "forecast", "response": {"sky": "rain"}}},
                    {"function_response": {"name": "clock", "response": {"result": "noon"}}},
                ],
            },
        ],
        {
            "tools": [
                {"google_search": {}},
                {
                    "function_declarations": [
                        {
                            "name": "forecast",
                            "description": "Weather of a city.",
                            "parameters_json_schema": SCHEMA,
                        },
                        {"name": "clock"},
                    ]
                },
            ],
            "tool_config": {"function_calling_config": {"mode": "AUTO"}},
        },
    ),
    Case(
        "one tool",
        (HELLO,),
        {"tools": (Tool("forecast", parameters=SCHEMA),), "tool_choice": "forecast"},
        "hello",
        {
            "tools": [{"function_declarations": [{"name": "forecast", "parameters_json_schema": SCHEMA}]}],
            "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["forecast"]}},
        },
    ),
    Case(
        "structured",
        (HELLO,),
        {"response_format": ResponseFormat(SCHEMA)},
        "hello",
        {"response_mime_type": "application/json", "response_json_schema": SCHEMA},
    ),
    Case(
        "any json", (HELLO,), {"response_format": ResponseFormat()}, "hello", {"response_mime_type": "application/json"}
    ),
    Case(
        "images",
        (Message("user", (Text("What are they?"), Image(data=PNG), Image("https://x.test/a/b.JPG?size=2"))),),
        {},
        [
            {
                "role": "user",
                "parts": [
                    {"text": "What are they?"},
                    {"inline_data": {"mime_type": "image/png", "data": PNG}},
                    {"file_data": {"mime_type": "image/jpeg", "file_uri": "https://x.test/a/b.JPG?size=2"}},
                ],
            }
        ],
        {},
    ),
]
BY_NAME = [pytest.param(case, id=case.name) for case in CASES]


def in_camel_case(value: Any) -> Any:
    """The same JSON with the SDK's snake-case names as the service's documentation has them."""
    if isinstance(value, dict):
        return {
            re.sub("_([a-z])", lambda found: found[1].upper(), name): in_camel_case(item)
            for name, item in value.items()
        }
    return [in_camel_case(item) for item in value] if isinstance(value, list) else value
