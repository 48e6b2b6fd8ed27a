"""Claude: documents, marks of the prompt cache, failed tools and token counts, in the service's own words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.errors import InvalidRequestError, StreamIncompleteError
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers.claude import codec
from ipfs_accel_async.results import TokenCount
from ipfs_accel_async.types import ChatRequest, Message, NativePart, Text, Tool, ToolCall
from tests.providers.recorded import call_of, recorded_response, response

HELLO = Message("user", "hello")
MARK = {"type": "ephemeral", "ttl": "1h"}
SOURCES: list[dict[str, Any]] = [
    {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
    {"type": "text", "media_type": "text/plain", "data": "The tide is high at noon."},
    {"type": "url", "url": "https://example.com/tides.pdf"},
    {"type": "file", "file_id": "file_011"},
    {"type": "content", "content": [{"type": "text", "text": "A page."}]},
]


def body_of(*messages: Message, operation: str = "chat", version: str = "", **fields: Any) -> dict[str, Any]:
    """The body that the codec builds."""
    options = {"api_version": version} if version else {}
    made = codec.configured(options=options).build_body(call_of(codec, ChatRequest(messages, **fields), operation))
    assert made is not None
    return made


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source["type"]))
def test_a_document_goes_as_the_service_has_it(source: dict[str, Any]) -> None:
    """Whatever its source; title, context and citations go along."""
    document = {"type": "document", "source": source, "title": "Tides", "citations": {"enabled": True}}
    body = body_of(Message("user", (NativePart(document), Text("When is it high?"))))
    assert body["messages"][0]["content"] == [document, {"type": "text", "text": "When is it high?"}]


def test_marks_of_the_cache_reach_tools_system_messages_and_results() -> None:
    """Each is the service's own block, at its place, and the rest of the call is as ever."""
    rules = {"type": "text", "text": "Long rules.", "cache_control": MARK}
    tool = {"name": "f", "input_schema": {"type": "object"}, "cache_control": MARK}
    asked = {"type": "text", "text": "Long question.", "cache_control": MARK}
    result = {"type": "tool_result", "content": "rain", "cache_control": MARK}
    body = body_of(
        Message("system", (NativePart(rules),)),
        Message("user", (NativePart(asked),)),
        Message("assistant", "", (ToolCall("t1", "f", "{}"),)),
        Message("tool", (NativePart(result),), tool_call_id="t1"),
        tools=(Tool("g"), tool),
        params={"cache_control": MARK},
    )
    assert (body["system"], body["tools"][1], body["cache_control"]) == ([rules], tool, MARK)
    assert body["messages"][0]["content"] == [asked]
    assert body["messages"][2]["content"] == [{**result, "tool_use_id": "t1"}]


def test_a_failed_tool_says_so() -> None:
    """A native result may say `is_error`; it stands beside plain ones in one user turn."""
    failed = {"type": "tool_result", "content": "no such city", "is_error": True}
    turn = body_of(
        HELLO,
        Message("assistant", "", (ToolCall("t1", "f", "{}"), ToolCall("t2", "f", "{}"))),
        Message("tool", (NativePart(failed),), tool_call_id="t1"),
        Message("tool", "rain", tool_call_id="t2"),
    )["messages"][2]
    assert turn == {
        "role": "user",
        "content": [
            {**failed, "tool_use_id": "t1"},
            {"type": "tool_result", "tool_use_id": "t2", "content": "rain"},
        ],
    }


def test_a_native_result_may_bring_its_own_id_but_needs_one() -> None:
    """Without any id it cannot be matched to its call."""
    own = {"type": "tool_result", "tool_use_id": "t9", "content": "x"}
    assert body_of(HELLO, Message("tool", (NativePart(own),)))["messages"][1]["content"] == [own]
    with pytest.raises(InvalidRequestError, match="tool_call_id"):
        body_of(HELLO, Message("tool", (NativePart({"type": "tool_result", "content": "x"}),)))


def test_a_native_part_inside_a_result_is_part_of_it() -> None:
    """A document that a tool gives back stands inside the result."""
    document = {"type": "document", "source": SOURCES[1]}
    turn = body_of(HELLO, Message("tool", (NativePart(document),), tool_call_id="t1"))["messages"][1]
    assert turn["content"] == [{"type": "tool_result", "tool_use_id": "t1", "content": [document]}]


def test_a_count_leaves_out_what_bears_on_the_answer_only() -> None:
    """The service refuses a limit or stop words there; everything of the prompt goes."""
    fields: dict[str, Any] = {
        "tools": (Tool("f"),),
        "tool_choice": "f",
        "max_tokens": 9,
        "temperature": 0.5,
        "stop": ("END",),
        "params": {"thinking": {"type": "adaptive"}},
    }
    body = body_of(Message("system", "Be brief."), HELLO, operation="count_tokens", **fields)
    assert set(body) == {"model", "messages", "system", "tools", "tool_choice", "thinking"}
    request = codec.build_request(call_of(codec, ChatRequest((HELLO,)), "count_tokens"), None)
    assert (request.method, request.url) == ("POST", "https://api.anthropic.com/v1/messages/count_tokens")


def test_a_callers_own_field_of_a_count_goes_untouched() -> None:
    """What is passed by name to the service is the caller's to answer for."""
    assert body_of(HELLO, operation="count_tokens", params={"max_tokens": 7})["max_tokens"] == 7


def test_the_new_version_refuses_sampling_in_a_count_too() -> None:
    """Before anything is sent."""
    with pytest.raises(InvalidRequestError, match="top_k"):
        body_of(HELLO, operation="count_tokens", version="2026-10-21", params={"top_k": 5})


def test_a_count_is_the_services_own() -> None:
    """Tokens of the input, not estimated here."""
    call = call_of(codec, ChatRequest((HELLO,)), "count_tokens")
    count = codec.parse_response(call, recorded_response("claude", "count_tokens"))
    assert isinstance(count, TokenCount)
    assert (count.tokens, count.estimated, count.model, count.provider_request_id) == (8, False, "m", "req_011CCount")


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_sampling_is_refused_under_the_new_version_even_at_its_default(name: str) -> None:
    """The error names the version that takes it."""
    with pytest.raises(InvalidRequestError, match=f"{name} in API version 2026-10-21.*2023-06-01"):
        body_of(HELLO, version="2026-10-21", params={name: 1})
    assert body_of(HELLO, params={name: 1})[name] == 1


def test_the_counts_of_the_cache_are_in_the_usage() -> None:
    """Read and written input are parts of all input; the service's own counts are in raw."""
    counts = {
        "input_tokens": 5,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 200,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 30},
        "output_tokens": 7,
        "server_tool_use": {"web_search_requests": 2},
    }
    message = {"id": "i", "model": "m", "content": [], "stop_reason": "end_turn", "usage": counts}
    reply: Any = codec.parse_response(call_of(codec, ChatRequest((HELLO,))), response(200, message))
    usage = reply.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens, usage.total_tokens) == (
        235,
        200,
        30,
        242,
    )
    assert reply.raw["usage"]["server_tool_use"]["web_search_requests"] == 2


async def test_a_stream_that_never_says_why_it_stopped_was_cut() -> None:
    """Something on the way closed it with an end mark of its own: an error, with what came."""
    events = [
        {"type": "message_start", "message": {"id": "i", "model": "m", "usage": {"input_tokens": 3}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "The tide"}},
        {"type": "message_stop"},
    ]
    body = b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events)
    mock = MockTransport(lambda _: MockTransport.reply(body=body, headers={"content-type": "text/event-stream"}))
    async with Client(transport=mock, keys={"claude": "k"}) as ai, ai.stream("claude:m", "Hello") as stream:
        with pytest.raises(StreamIncompleteError) as caught:
            await stream.collect()
    assert caught.value.partial is not None
    assert caught.value.partial.text == "The tide"


def test_a_completion_is_the_one_turn_of_a_conversation() -> None:
    """With its settings; a suffix has no place, and is refused."""
    asked = CompleteRequest(("The tide is",), max_tokens=9, stop=("\n",), params={"top_k": 3})
    body = codec.build_body(call_of(codec, asked, "complete"))
    assert body == {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "The tide is"}],
        "stop_sequences": ["\n"],
        "top_k": 3,
    }
    with pytest.raises(InvalidRequestError, match="suffix"):
        codec.build_body(call_of(codec, CompleteRequest(("a",), suffix="b"), "complete"))
