"""The OpenAI codec: unary answers and pieces of streams."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async.answers import Delta, Reply, ToolCallDelta, Usage
from ipfs_accel_async.errors import (
    DecodeError,
    ResponseValidationError,
)
from ipfs_accel_async.fold import fold
from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.types import ChatRequest, ToolCall
from ipfs_accel_async.wire.frames import Frame
from tests.providers.openai_calls import HELLO
from tests.providers.recorded import REQUEST_ID, call_of, deltas_of, recorded_response, response

CHAT = ChatRequest((HELLO,))


def reply_to(message: dict[str, Any], **more: Any) -> Reply:
    """Our reading of an answer with this message."""
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    reply = codec.parse_response(call_of(codec, CHAT), response(200, {"choices": [choice], **more}))
    assert isinstance(reply, Reply)
    return reply


def event(value: Any, name: str = "") -> list[Delta]:
    """The deltas in one event."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list(codec.parse_event(call_of(codec, replace(CHAT, stream=True)), Frame(name, data)))


def test_usage_with_all_its_details() -> None:
    """Cached, cache-writing and reasoning tokens are told apart."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("openai", "chat"))
    assert reply.usage == Usage(1320, 310, 1630, 1024, 128, 256)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": 3, "prompt_tokens_details": None}])
def test_usage_may_be_thin(usage: Any) -> None:
    """Kin of this service leave counts out or null."""
    assert reply_to({"content": "x"}, usage=usage).usage.total_tokens == (3 if usage else 0)


def test_rate_limits_and_ids_of_the_answer() -> None:
    """They come from the headers: the service's request id, and what is left of its limits."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("openai", "chat"))
    assert reply.provider_request_id == "req_7d1c55d0a3"
    assert reply.request_id == REQUEST_ID
    assert reply.rate_limits is not None
    assert (reply.rate_limits.remaining_requests, reply.rate_limits.remaining_tokens) == (9999, 199880)
    assert reply.rate_limits.reset_tokens == pytest.approx(0.036)


def test_a_refusal_is_the_text() -> None:
    """A model that refuses structured output says so in a field of its own; streamed or not, it is what was said."""
    whole = {"choices": [{"index": 0, "message": {"content": None, "refusal": "I cannot."}, "finish_reason": "stop"}]}
    reply = codec.parse_response(call_of(codec, CHAT), response(200, whole))
    pieces = [{"choices": [{"index": 0, "delta": {"refusal": piece}}]} for piece in ("I ", "cannot.")]
    assert isinstance(reply, Reply)
    assert reply.text == "I cannot." == "".join(delta.text for piece in pieces for delta in event(piece))


def test_only_the_first_choice_is_the_reply() -> None:
    """With ``n`` above 1 the pieces of the others are not mixed in; `raw` of the unary answer has all."""
    other = {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": None}]}
    assert event(other) == []


def test_a_tool_call_without_arguments_has_an_empty_object() -> None:
    """The service writes no text where the tool takes none; JSON it must be all the same."""
    asked = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": ""}}
    assert reply_to({"content": None, "tool_calls": [asked]}).tool_calls == (ToolCall("c1", "clock", "{}"),)


def test_a_custom_tool_gets_its_text() -> None:
    """A native definition may ask for text instead of JSON."""
    asked = {"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}
    assert reply_to({"content": None, "tool_calls": [asked]}).tool_calls == (ToolCall("c1", "sql", "select 1"),)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"id": "x"}, "choices"),
        ({"choices": []}, "choices[0]"),
        ({"choices": [{"index": 0}]}, "choices[0].message"),
        ({"choices": [{"message": {"content": [1]}}]}, "choices[0].message.content"),
        ({"choices": [{"message": {"tool_calls": [{"id": "c"}]}}]}, "choices[0].message.tool_calls[0].function"),
        (
            {
                "choices": [
                    {"message": {"tool_calls": [{"function": {"name": "f", "arguments": {}}}, {"function": {}}]}}
                ]
            },
            "choices[0].message.tool_calls[1].function.name",
        ),
    ],
)
def test_a_missing_field_is_named_by_its_path(body: Any, path: str) -> None:
    """The error says where in the answer it is."""
    with pytest.raises(ResponseValidationError) as caught:
        codec.parse_response(call_of(codec, CHAT), response(200, body))
    assert path in str(caught.value)


def test_a_chunk_becomes_one_delta() -> None:
    """Text, id and model are taken, the chunk is kept as raw."""
    chunk = {"id": "c", "model": "mm", "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": None}]}
    (delta,) = event(chunk)
    assert delta == Delta("hi", id="c", model="mm")
    assert delta.raw == chunk


def test_tool_calls_keep_their_index() -> None:
    """Pieces of two calls in one chunk go to their own calls."""
    pieces = [{"index": 1, "function": {"arguments": "}"}}, {"index": 0, "id": "a", "function": {"name": "f"}}]
    (delta,) = event({"choices": [{"index": 0, "delta": {"tool_calls": pieces}}]})
    assert delta.tool_calls == (ToolCallDelta(1, arguments="}"), ToolCallDelta(0, "a", "f"))


def test_usage_in_every_chunk_is_counted_once() -> None:
    """Counts are cumulative: the last ones stand."""
    deltas = [
        delta
        for count in (1, 2, 3)
        for delta in event(
            {
                "choices": [{"index": 0, "delta": {"content": "a"}}],
                "usage": {"prompt_tokens": 5, "completion_tokens": count, "total_tokens": 5 + count},
            }
        )
    ]
    assert fold(deltas, Reply(target=call_of(codec, CHAT).target)).usage == Usage(5, 3, 8)


@pytest.mark.parametrize("chunk", [{}, {"choices": []}, {"object": "keep-alive"}, {"choices": [], "usage": None}])
def test_chunks_that_say_nothing_are_passed_over(chunk: Any) -> None:
    """Content filter notes and kinds yet unknown are no pieces of the answer."""
    assert event(chunk) == []


def test_done_is_the_end_mark() -> None:
    """As the official client has it, whatever follows the mark in its line."""
    assert event(b"[DONE]") == event(b"[DONE] ") == [Delta(end=True)]


@pytest.mark.parametrize("data", [b'{"choices": [', b"oops", b""])
def test_malformed_json_in_a_stream_is_a_decode_error(data: bytes) -> None:
    """It is retried while no token has been handed out."""
    with pytest.raises(DecodeError):
        event(data)


@pytest.mark.parametrize(
    "chunk", [{"choices": [{}]}, {"choices": [7]}, {"choices": [{"delta": {"content": 7}}]}, {"choices": 7}, 7, None]
)
def test_a_chunk_of_another_shape_is_refused(chunk: Any) -> None:
    """Required fields that are missing or of another type are an error, not an empty piece."""
    with pytest.raises(ResponseValidationError):
        event(chunk)


def test_a_stream_that_is_cut_has_no_end_mark() -> None:
    """The clean early end that official clients take for success."""
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"par"},"finish_reason":null}]}\n\n'
    deltas = deltas_of(codec, call_of(codec, replace(CHAT, stream=True)), [raw])
    assert [delta.text for delta in deltas] == ["par"]
    assert not deltas[-1].end
