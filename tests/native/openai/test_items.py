"""What a response is made from and what it says: inputs that cannot be sent, answers of odd shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import InvalidRequestError, Message, NativePart, ResponseValidationError, Text, Thinking, Tool
from ipfs_accel_async.native.openai import output_text, tool_calls
from ipfs_accel_async.native.openai.response_items import body, items
from ipfs_accel_async.types import ResponseFormat
from tests.native.openai.resource_calls import told


@pytest.mark.parametrize(
    ("given", "message"),
    [("", "empty"), ([], "empty"), ([3], "not int"), (["text"], "not str"), ([Message("user", "")], "no text")],
)
def test_an_input_that_is_none_is_refused(given: Any, message: str) -> None:
    """The error says what an input holds."""
    with pytest.raises(InvalidRequestError, match=message):
        items(given)


def test_messages_and_items_may_mix() -> None:
    """Messages are written as items; items stay as they are, in their order."""
    item = {"type": "item_reference", "id": "msg_1"}
    said = Message("assistant", (Thinking("hm"), Text("Hi")))
    given = [item, Message("user", (NativePart({"type": "input_file", "file_id": "f1"}),)), said]
    assert items(given) == [
        item,
        {"role": "user", "content": [{"type": "input_file", "file_id": "f1"}]},
        {"role": "assistant", "content": "Hi"},
    ]
    assert items(Message("user", "Hi")) == [{"role": "user", "content": "Hi"}]


def test_tools_are_as_strict_as_in_a_chat() -> None:
    """Only where it is asked for, although this API would enforce schemas by itself."""
    loose, strict = body("m", "x", tools=[Tool("a"), Tool("b", strict=True)])["tools"]
    assert (loose["strict"], strict["strict"]) == (False, True)
    assert "description" not in loose


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("json", {"format": {"type": "json_object"}}),
        ("text", None),
        (
            ResponseFormat({"type": "object"}, "n"),
            {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        ),
        ({"type": "text"}, {"format": {"type": "text"}}),
    ],
)
def test_formats_are_those_of_a_chat(wanted: Any, text: Any) -> None:
    """In this API's own words."""
    assert body("m", "x", response_format=wanted).get("text") == text


def test_further_text_settings_stay() -> None:
    """A format goes beside them."""
    made = body("m", "x", response_format="json", text={"verbosity": "low"})
    assert made["text"] == {"verbosity": "low", "format": {"type": "json_object"}}


@pytest.mark.parametrize("output", [None, {}, [None, 3], [{"type": "message", "content": "x"}], [{"type": "new"}]])
def test_odd_outputs_say_nothing(output: Any) -> None:
    """Unknown items are kept in the JSON and are no text."""
    assert output_text({"output": output}) == ""
    assert tool_calls({"output": output}) == ()


def test_a_refusal_is_said_when_nothing_else_is() -> None:
    """Its words are the text."""
    refusal = {"type": "refusal", "refusal": "No."}
    assert output_text({"output": [{"type": "message", "content": [refusal]}]}) == "No."
    both = [refusal, {"type": "output_text", "text": "Yes."}]
    assert output_text({"output": [{"type": "message", "content": both}]}) == "Yes."


async def test_usage_is_counted_or_zero() -> None:
    """All of its numbers; none where the service gives none."""
    counts = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 15,
    }
    async with told({"id": "r", "output": [], "usage": counts}, {"id": "r", "output": [], "usage": None}) as (
        openai,
        _,
    ):
        usage = (await openai.responses.create("m", "x")).usage
        assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (10, 5, 15)
        assert (usage.cached_tokens, usage.cache_write_tokens, usage.reasoning_tokens) == (4, 2, 3)
        assert (await openai.responses.create("m", "x")).usage.total_tokens == 0


@pytest.mark.parametrize("counts", [3, "many", {"input_tokens": "x"}, {"input_tokens_details": [1]}])
async def test_a_usage_of_another_kind_is_an_error(counts: Any) -> None:
    """Typed, and naming it."""
    async with told({"id": "r", "output": [], "usage": counts}) as (openai, _):
        with pytest.raises(ResponseValidationError, match="usage"):
            await openai.responses.create("m", "x")


async def test_an_answer_keeps_what_it_carries() -> None:
    """Ids and attempts of the call are there, beside what the response says."""
    async with told({"id": "r", "output": [], "model": "m-2026"}) as (openai, transport):
        answer = await openai.responses.create("m", "x")
    headers = dict(transport.requests[0].headers)
    assert (answer["id"], answer.model, answer.attempts) == ("r", "m-2026", 1)
    assert answer.request_id.encode() == headers[b"x-request-id"]
    assert json.loads(answer.body)["id"] == "r"
