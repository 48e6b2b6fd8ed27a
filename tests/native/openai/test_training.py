"""Training files: what is written, what is refused, by line and place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import InvalidRequestError, Message, Tool, ToolCall
from ipfs_accel_async.native.openai import check_training_file, jsonl_from_messages
from tests.native.openai.resource_calls import told

USER, SAID = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def lines(*examples: Any) -> bytes:
    """A file of these examples."""
    return b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in examples)


def test_conversations_become_lines() -> None:
    """Messages in the service's form, with tools; a weight is kept."""
    talk = [
        Message("user", "Weather?"),
        Message("assistant", "", (ToolCall("c1", "weather", "{}"),)),
        Message("tool", "sun", tool_call_id="c1"),
        {**SAID, "weight": 0},
    ]
    data = jsonl_from_messages([talk], tools=[Tool("weather")])
    example = json.loads(data)
    assert [one["role"] for one in example["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert example["messages"][1]["tool_calls"][0]["function"]["name"] == "weather"
    assert example["messages"][3]["weight"] == 0
    assert example["tools"][0]["function"]["name"] == "weather"
    assert set(example) == {"messages", "tools"}
    assert check_training_file(data, least=1) == 1


@given(st.lists(st.tuples(texts, texts), min_size=10, max_size=14))
def test_what_is_written_can_be_trained_on(talks: list[tuple[str, str]]) -> None:
    """Any text makes one line an example, which the check accepts and JSON gives back."""
    data = jsonl_from_messages([[Message("user", asked), Message("assistant", said)] for asked, said in talks])
    assert check_training_file(data) == len(talks)
    read = [json.loads(line)["messages"] for line in data.rstrip(b"\n").split(b"\n")]
    assert [(asked["content"], said["content"]) for asked, said in read] == talks


@pytest.mark.parametrize(
    ("conversations", "place"),
    [
        (["text"], r"conversations\[0\] must be a list"),
        ([[USER, SAID], USER], r"conversations\[1\] must be a list"),
        ([[USER, {"role": "judge", "content": "x"}]], r"conversations\[0\]: messages\[1\] has the role 'judge'"),
        ([[]], r"conversations\[0\]: messages is empty"),
        ([[3]], r"conversations\[0\]: messages\[0\] is int"),
    ],
)
def test_what_is_no_conversation_is_refused(conversations: Any, place: str) -> None:
    """By its place."""
    with pytest.raises(InvalidRequestError, match=place):
        jsonl_from_messages(conversations)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"{\n", "line 1: it is no JSON object"),
        (b"[]\n", "line 1: it is no JSON object"),
        (b"\xff\n", "no UTF-8: byte 0"),
        (b"", "0 examples, where the service wants at least 1"),
        (lines({}), "messages must be a list of messages"),
        (lines({"messages": []}), "messages must be a list of messages"),
        (lines({"messages": [USER, SAID]}, {"messages": [USER]}), "line 2: messages must end with the assistant's"),
        (lines({"messages": ["x", SAID]}), r"messages\[0\] is no object"),
        (lines({"messages": [{"role": "bot", "content": "x"}, SAID]}), r"messages\[0\].role is 'bot'; roles are"),
        (lines({"messages": [USER, {"role": "assistant"}]}), r"messages\[1\].content is missing"),
        (lines({"messages": [{"role": "user", "content": 3}, SAID]}), r"\.content must be text or a list of parts"),
        (lines({"messages": [{"role": "tool", "content": "x"}, SAID]}), r"\.tool_call_id is missing"),
        (lines({"messages": [USER, {**SAID, "weight": 2}]}), r"\.weight must be 0 or 1, not 2"),
    ],
)
def test_faults_are_named_by_line_and_place(data: bytes, fault: str) -> None:
    """What the service would refuse later, and why."""
    with pytest.raises(InvalidRequestError, match=fault):
        check_training_file(data, least=1)


def test_many_faults_are_counted() -> None:
    """The first five are told."""
    with pytest.raises(InvalidRequestError, match=r"line 5: it is no JSON object \(and 3 more\)"):
        check_training_file(b"{\n" * 8)


def test_preferences_have_two_outputs() -> None:
    """The form of direct preference optimisation."""
    good = {"input": {"messages": [USER]}, "preferred_output": [SAID], "non_preferred_output": [SAID]}
    assert check_training_file(lines(good), method="dpo", least=1) == 1
    with pytest.raises(InvalidRequestError, match="non_preferred_output must be a list"):
        check_training_file(lines({**good, "non_preferred_output": None}), method="dpo", least=1)
    with pytest.raises(InvalidRequestError, match=r"input\.messages must be a list"):
        check_training_file(lines({**good, "input": "Hi"}), method="dpo", least=1)


async def test_too_few_conversations_are_not_sent() -> None:
    """The service wants ten: nothing is uploaded."""
    async with told() as (openai, transport):
        with pytest.raises(InvalidRequestError, match="9 examples, where the service wants at least 10"):
            await openai.fine_tuning.submit("m", [[USER, SAID]] * 9)
    assert transport.requests == []
