"""Gemini: the conversation as its contents, and what is refused of it."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import ChatRequest, Image, Message, NativePart, Text, ToolCall
from tests.providers.recorded import call_of

HELLO = Message("user", "hello")


def body_of(*messages: Message) -> dict[str, Any]:
    """The body that the codec builds."""
    body = codec.build_body(call_of(codec, ChatRequest(messages)))
    assert body is not None
    return body


def contents_of(*messages: Message) -> Any:
    """The turns after the first."""
    return body_of(HELLO, *messages)["contents"][1:]


def test_system_messages_become_one_instruction_in_their_order() -> None:
    """System and developer messages leave the conversation, wherever they stand."""
    cached = {"text": "Long rules.", "partMetadata": {"a": 1}}
    body = body_of(
        Message("system", "Be brief."), HELLO, Message("developer", (NativePart(cached), Text("In French.")))
    )
    assert body["systemInstruction"]["parts"] == [{"text": "Be brief."}, cached, {"text": "In French."}]
    assert [turn["role"] for turn in body["contents"]] == ["user"]


def test_results_are_one_turn_in_the_order_of_their_calls() -> None:
    """The service tells calls without ids apart by their order; an id of ours is none of its."""
    calls = (ToolCall("call_0", "f", "{}"), ToolCall("call_1", "f", '{"a": 1}'), ToolCall("fc_7", "g", ""))
    results = (
        Message("tool", "[2]", tool_call_id="call_1"),
        Message("tool", '{"n": 3}', tool_call_id="fc_7"),
        Message("tool", "one", tool_call_id="call_0", name="given"),
        Message("tool", "four", name="h"),
    )
    model, answers, last = contents_of(Message("assistant", "", calls), *results, Message("user", "go on"))
    assert [part["functionCall"] for part in model["parts"]] == [
        {"name": "f", "args": {}},
        {"name": "f", "args": {"a": 1}},
        {"name": "g", "args": {}, "id": "fc_7"},
    ]
    assert [part["functionResponse"] for part in answers["parts"]] == [
        {"name": "given", "response": {"result": "one"}},
        {"name": "f", "response": {"result": "[2]"}},
        {"name": "g", "response": {"n": 3}, "id": "fc_7"},
        {"name": "h", "response": {"result": "four"}},
    ]
    assert (answers["role"], last["parts"]) == ("user", [{"text": "go on"}])


def test_a_tool_may_answer_with_an_image() -> None:
    """Its bytes stand beside the response."""
    message = Message("tool", (Text("seen"), Image(data=b"abc")), name="look")
    (turn,) = contents_of(message)
    image = {"inlineData": {"mimeType": "image/png", "data": "YWJj"}}
    assert turn["parts"] == [{"functionResponse": {"name": "look", "response": {"result": "seen"}, "parts": [image]}}]


@pytest.mark.parametrize(
    ("image", "part"),
    [
        (Image(data=b"abc", media_type="image/webp"), {"inlineData": {"mimeType": "image/webp", "data": "YWJj"}}),
        (Image("data:image/gif;base64,YWJj"), {"inlineData": {"mimeType": "image/gif", "data": "YWJj"}}),
        (
            Image("https://x.test/a.png?v=1"),
            {"fileData": {"fileUri": "https://x.test/a.png?v=1", "mimeType": "image/png"}},
        ),
        (Image("https://g.test/v1/files/abc"), {"fileData": {"fileUri": "https://g.test/v1/files/abc"}}),
    ],
)
def test_images_are_parts(image: Image, part: dict[str, Any]) -> None:
    """Bytes go inline, an address as a file, with the type that its end tells."""
    native = {"videoMetadata": {"fps": 1}, "fileData": {"fileUri": "https://y.test/v"}}
    body = body_of(Message("user", (Text("what is it?"), image, NativePart(native))))
    assert body["contents"][0]["parts"] == [{"text": "what is it?"}, part, native]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ((Message("system", "alone"),), "user message"),
        ((Message("system", (Image("https://x.test/a.png"),)), HELLO), "image"),
        ((HELLO, Message("tool", "x", tool_call_id="t9")), "name"),
        ((HELLO, Message("tool", (Image("https://x.test/a.png"),), name="f")), "bytes"),
        ((Message("user", "x", name="ann"),), "name"),
        ((HELLO, Message("assistant", "", (ToolCall("t9", "f", '{"a":'),))), "t9"),
    ],
)
def test_what_the_service_has_no_word_for_is_refused(messages: Any, words: str) -> None:
    """The error comes before anything is sent and names what is wrong."""
    with pytest.raises(InvalidRequestError, match=words) as caught:
        body_of(*messages)
    assert caught.value.provider == "gemini"
    assert "\n" not in str(caught.value)
