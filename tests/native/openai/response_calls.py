"""Calls of responses, conversations, stored completions and models."""

from __future__ import annotations

from ipfs_accel_async import Image, Message, Text, Tool, ToolCall
from ipfs_accel_async.types import ResponseFormat
from tests.native.openai.case import Case

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False, "description": "Weather."}
USER = {"role": "user", "content": "Hi"}
ITEMS = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "Look:"},
            {"type": "input_image", "image_url": "https://images.test/cat.png", "detail": "auto"},
        ],
    },
    {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_1", "output": "sun"},
]
TALK = (
    Message("system", "Be brief."),
    Message("user", (Text("Look:"), Image("https://images.test/cat.png"))),
    Message("assistant", "", (ToolCall("call_1", "weather", "{}"),)),
    Message("tool", "sun", tool_call_id="call_1"),
)
CITY = {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}
WEATHER = Tool("weather", "Weather.", SCHEMA)

RESPONSE_CALLS = [
    Case(
        "responses.create",
        lambda ai: ai.responses.create("m", "Hi", instructions="Be brief.", store=False, top_p=0.5),
        lambda sdk: sdk.responses.create(model="m", input="Hi", instructions="Be brief.", store=False, top_p=0.5),
        "POST",
        "/responses",
        {"model": "m", "input": "Hi", "instructions": "Be brief.", "store": False, "top_p": 0.5},
    ),
    Case(
        "responses.create",
        lambda ai: ai.responses.create("m", TALK, tools=[WEATHER], response_format=ResponseFormat(SCHEMA, strict=True)),
        lambda sdk: sdk.responses.create(model="m", input=ITEMS, tools=[FUNCTION], text={"format": CITY}),
        "POST",
        "/responses",
        {"model": "m", "input": ITEMS, "tools": [FUNCTION], "text": {"format": CITY}},
    ),
    Case(
        "responses.create",
        lambda ai: ai.responses.create(
            prompt={"id": "pmpt_1"}, previous_response_id="r1", background=True, max_output_tokens=16, temperature=0.0
        ),
        lambda sdk: sdk.responses.create(
            prompt={"id": "pmpt_1"}, previous_response_id="r1", background=True, max_output_tokens=16, temperature=0.0
        ),
        "POST",
        "/responses",
        {
            "prompt": {"id": "pmpt_1"},
            "previous_response_id": "r1",
            "background": True,
            "max_output_tokens": 16,
            "temperature": 0.0,
        },
    ),
    Case(
        "responses.get",
        lambda ai: ai.responses.get("r1", include=["a.b", "c.d"]),
        lambda sdk: sdk.responses.retrieve("r1", include=["a.b", "c.d"]),
        "GET",
        "/responses/r1?include%5B%5D=a.b&include%5B%5D=c.d",
    ),
    Case(
        "responses.cancel",
        lambda ai: ai.responses.cancel("r1"),
        lambda sdk: sdk.responses.cancel("r1"),
        "POST",
        "/responses/r1/cancel",
    ),
    Case(
        "responses.delete",
        lambda ai: ai.responses.delete("r1"),
        lambda sdk: sdk.responses.delete("r1"),
        "DELETE",
        "/responses/r1",
    ),
    Case(
        "responses.compact",
        lambda ai: ai.responses.compact("m", [USER]),
        lambda sdk: sdk.responses.compact(model="m", input=[USER]),
        "POST",
        "/responses/compact",
        {"model": "m", "input": [USER]},
    ),
    Case(
        "responses.input_items.list",
        lambda ai: ai.responses.input_items.list("r1", limit=2, order="asc"),
        lambda sdk: sdk.responses.input_items.list("r1", limit=2, order="asc"),
        "GET",
        "/responses/r1/input_items?limit=2&order=asc",
    ),
    Case(
        "responses.input_tokens.count",
        lambda ai: ai.responses.input_tokens.count("m", "Hi", tools=[FUNCTION]),
        lambda sdk: sdk.responses.input_tokens.count(model="m", input="Hi", tools=[FUNCTION]),
        "POST",
        "/responses/input_tokens",
        {"model": "m", "input": "Hi", "tools": [FUNCTION]},
    ),
    Case(
        "conversations.create",
        lambda ai: ai.conversations.create("Hi", metadata={"a": "b"}),
        lambda sdk: sdk.conversations.create(items=[USER], metadata={"a": "b"}),
        "POST",
        "/conversations",
        {"items": [USER], "metadata": {"a": "b"}},
    ),
    Case(
        "conversations.get",
        lambda ai: ai.conversations.get("c1"),
        lambda sdk: sdk.conversations.retrieve("c1"),
        "GET",
        "/conversations/c1",
    ),
    Case(
        "conversations.update",
        lambda ai: ai.conversations.update("c1", metadata={"a": "b"}),
        lambda sdk: sdk.conversations.update("c1", metadata={"a": "b"}),
        "POST",
        "/conversations/c1",
        {"metadata": {"a": "b"}},
    ),
    Case(
        "conversations.delete",
        lambda ai: ai.conversations.delete("c1"),
        lambda sdk: sdk.conversations.delete("c1"),
        "DELETE",
        "/conversations/c1",
    ),
    Case(
        "conversations.items.create",
        lambda ai: ai.conversations.items.create("c1", [Message("user", "Hi")]),
        lambda sdk: sdk.conversations.items.create("c1", items=[USER]),
        "POST",
        "/conversations/c1/items",
        {"items": [USER]},
    ),
    Case(
        "conversations.items.list",
        lambda ai: ai.conversations.items.list("c1", after="i1"),
        lambda sdk: sdk.conversations.items.list("c1", after="i1"),
        "GET",
        "/conversations/c1/items?after=i1",
    ),
    Case(
        "conversations.items.get",
        lambda ai: ai.conversations.items.get("c1", "i1"),
        lambda sdk: sdk.conversations.items.retrieve("i1", conversation_id="c1"),
        "GET",
        "/conversations/c1/items/i1",
    ),
    Case(
        "conversations.items.delete",
        lambda ai: ai.conversations.items.delete("c1", "i1"),
        lambda sdk: sdk.conversations.items.delete("i1", conversation_id="c1"),
        "DELETE",
        "/conversations/c1/items/i1",
    ),
    Case(
        "chat.completions.list",
        lambda ai: ai.chat.completions.list(model="m", limit=3, metadata={"team": "a"}),
        lambda sdk: sdk.chat.completions.list(model="m", limit=3, metadata={"team": "a"}),
        "GET",
        "/chat/completions?model=m&limit=3&metadata%5Bteam%5D=a",
    ),
    Case(
        "chat.completions.get",
        lambda ai: ai.chat.completions.get("c1"),
        lambda sdk: sdk.chat.completions.retrieve("c1"),
        "GET",
        "/chat/completions/c1",
    ),
    Case(
        "chat.completions.update",
        lambda ai: ai.chat.completions.update("c1", metadata={"a": "b"}),
        lambda sdk: sdk.chat.completions.update("c1", metadata={"a": "b"}),
        "POST",
        "/chat/completions/c1",
        {"metadata": {"a": "b"}},
    ),
    Case(
        "chat.completions.delete",
        lambda ai: ai.chat.completions.delete("c1"),
        lambda sdk: sdk.chat.completions.delete("c1"),
        "DELETE",
        "/chat/completions/c1",
    ),
    Case(
        "chat.completions.messages.list",
        lambda ai: ai.chat.completions.messages.list("c1", order="desc"),
        lambda sdk: sdk.chat.completions.messages.list("c1", order="desc"),
        "GET",
        "/chat/completions/c1/messages?order=desc",
    ),
    Case("models.get", lambda ai: ai.models.get("m"), lambda sdk: sdk.models.retrieve("m"), "GET", "/models/m"),
    Case(
        "models.delete",
        lambda ai: ai.models.delete("ft:m:org::1"),
        lambda sdk: sdk.models.delete("ft:m:org::1"),
        "DELETE",
        "/models/ft%3Am%3Aorg%3A%3A1",
    ),
]
