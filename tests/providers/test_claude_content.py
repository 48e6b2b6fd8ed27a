"""Claude: a turn goes back block for block as the service wrote it, whole or streamed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.providers import openai
from ipfs_accel_async.providers.claude import codec
from ipfs_accel_async.types import ChatRequest, Message, Text, Thinking, ToolCall, Verbatim
from tests.providers.recorded import (
    call_of,
    deltas_of,
    fixture,
    headers_of,
    recorded_response,
    recorded_stream,
    response,
)

HELLO = Message("user", "hello")
CHAT = call_of(codec, ChatRequest((HELLO,)))
EMPTY = codec.empty_reply(CHAT, headers_of({}))
CITATION = {"type": "char_location", "cited_text": "Salt.", "document_index": 0}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "tides"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"encrypted_content": "e"}]}
BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "First.", "signature": "c2lnMQ"},
    {"type": "redacted_thinking", "data": "sealed"},
    SEARCH,
    FOUND,
    {"type": "thinking", "thinking": "Second.", "signature": "c2lnMg"},
    {"type": "text", "text": "High at noon.", "citations": [CITATION, {**CITATION, "document_index": 1}]},
    {"type": "text", "text": " I look up more.", "citations": None},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, 2.5, "ä"]}},
    {"type": "thinking", "thinking": "Third.", "signature": "c2lnMw"},
    {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
    {"type": "of_tomorrow", "x": {"y": 1}},
]
USAGE = {"input_tokens": 3, "output_tokens": 4}


def whole(blocks: Any, stop: str = "tool_use") -> Reply:
    """The reply in a message of these blocks."""
    body = {"type": "message", "id": "msg_1", "model": "m", "content": blocks, "stop_reason": stop, "usage": USAGE}
    reply = codec.parse_response(CHAT, response(200, body))
    assert isinstance(reply, Reply)
    return reply


def pieces(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A block as it begins, and its deltas; text comes in two, a citation between them."""
    kind = block["type"]
    if kind == "thinking":
        deltas = [
            {"type": "thinking_delta", "thinking": part} for part in (block["thinking"][:3], block["thinking"][3:])
        ]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {**block, "thinking": "", "signature": ""}, deltas
    if kind == "text":
        cited = [{"type": "citations_delta", "citation": citation} for citation in block["citations"] or ()]
        first, *rest = [{"type": "text_delta", "text": part} for part in (block["text"][:5], block["text"][5:])]
        return {**block, "text": "", "citations": [] if cited else None}, [first, *cited, *rest]
    if kind in {"tool_use", "server_tool_use"}:
        text = json.dumps(block["input"], indent=1) if block["input"] else ""
        parts = [{"type": "input_json_delta", "partial_json": part} for part in ("", text[:4], text[4:])]
        return {**block, "input": {}}, parts
    return block, []


def streamed(blocks: list[dict[str, Any]], stop: str = "tool_use", *, cut: int | None = None) -> Reply:
    """The reply that a stream of these blocks folds to; only of its first `cut` events if given."""
    message = {"id": "msg_1", "model": "m", "content": [], "usage": USAGE}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    for index, block in enumerate(blocks):
        begin, deltas = pieces(block)
        events.append({"type": "content_block_start", "index": index, "content_block": begin})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 4}})
    events.append({"type": "message_stop"})
    raw = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events[:cut])
    return fold(deltas_of(codec, CHAT, [raw]), EMPTY)


def sent_back(message: Message, to: Any = codec) -> Any:
    """The assistant's turn in the body of the call that goes on."""
    body = to.build_body(call_of(to, ChatRequest((HELLO, message))))
    return body["messages"][1]


@pytest.mark.parametrize("blocks", [BLOCKS, BLOCKS[:1], BLOCKS[2:6], BLOCKS[5:8], BLOCKS[9:10]])
def test_whole_and_streamed_have_the_same_blocks_and_send_them_back(blocks: list[dict[str, Any]]) -> None:
    """Thinking blocks each keep their own signature, in their places between the others."""
    for reply in (whole(blocks), streamed(blocks)):
        assert reply.verbatim == Verbatim("claude", tuple(blocks))
        assert sent_back(reply.message) == {"role": "assistant", "content": blocks}


@pytest.mark.parametrize("kind", ["chat", "tools"])
def test_the_recordings_have_the_same_blocks_whole_and_streamed(kind: str) -> None:
    """The recorded stream gives the recorded message's content."""
    reply = fold(deltas_of(codec, CHAT, [recorded_stream("claude", kind)]), EMPTY)
    unary = codec.parse_response(CHAT, recorded_response("claude", kind))
    assert isinstance(unary, Reply)
    assert reply.verbatim == unary.verbatim == Verbatim("claude", tuple(fixture("claude", kind)["body"]["content"]))


said = st.text(max_size=20)
values = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | said, lambda inner: st.lists(inner, max_size=3))
some_blocks = st.lists(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("thinking"), "thinking": said, "signature": said}),
        st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": said}),
        st.fixed_dictionaries({"type": st.just("text"), "text": said, "citations": st.none() | st.just([CITATION])}),
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["tool_use", "server_tool_use"]),
                "id": said,
                "name": said,
                "input": st.dictionaries(said, values, max_size=3),
            }
        ),
    ),
    max_size=6,
)


@given(some_blocks)
def test_any_blocks_are_the_same_whole_and_streamed(blocks: list[dict[str, Any]]) -> None:
    """Whatever they hold and in whatever order they come."""
    assert streamed(blocks).verbatim == Verbatim("claude", tuple(blocks))


def test_the_unified_view_joins_what_the_blocks_say() -> None:
    """Text and reasoning are whole texts, and only the caller's tools are calls."""
    reply = streamed(BLOCKS)
    assert (reply.text, reply.reasoning) == ("High at noon. I look up more.", "First.Second.Third.")
    assert [call.name for call in reply.tool_calls] == ["f", "g"]
    assert replace(whole(BLOCKS), raw=None).text == reply.text


def test_citations_are_in_streams_as_in_whole_answers() -> None:
    """A streamed reply's blocks hold what each text is quoted from."""
    assert streamed(BLOCKS).verbatim is not None
    cited = [citation for block in streamed(BLOCKS).verbatim.blocks for citation in block.get("citations") or ()]
    assert [citation["document_index"] for citation in cited] == [0, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"content": (Text("Changed."),)},
        {"content": (Thinking("First.Second.Third.", "c2lnMQc2lnMgc2lnMw"), Text("Changed."))},
        {"content": (Text("High at noon. I look up more."),)},
        {"tool_calls": ()},
        {"tool_calls": (ToolCall("toolu_1", "f", '{"a": 7}'), ToolCall("toolu_2", "g", "{}"))},
    ],
)
def test_a_turn_that_was_changed_goes_as_it_is_now(change: dict[str, Any]) -> None:
    """The caller's edit counts, not what the service once wrote."""
    message = replace(whole(BLOCKS).message, **change)
    again = sent_back(message)["content"]
    assert again != BLOCKS
    assert [block for block in again if block["type"] == "thinking"] == []  # several signatures in one hold for none


def test_one_thought_of_a_turn_that_was_changed_stays() -> None:
    """Its signature holds whatever else of the turn is another now."""
    message = replace(whole(BLOCKS[:1]).message, content=(Thinking("First.", "c2lnMQ"), Text("Changed.")))
    assert sent_back(message)["content"] == [BLOCKS[0], {"type": "text", "text": "Changed."}]


def test_other_services_pass_over_the_blocks() -> None:
    """A conversation that goes on elsewhere has text and calls in that service's own words."""
    sent = sent_back(whole(BLOCKS).message, openai.codec)
    assert sent["content"] == "High at noon. I look up more."
    assert [call["id"] for call in sent["tool_calls"]] == ["toolu_1", "toolu_2"]
    assert "signature" not in json.dumps(sent)


def test_blocks_of_another_wire_are_passed_over() -> None:
    """What another service wrote for itself is nothing to send here."""
    message = Message("assistant", "Hi", verbatim=Verbatim("other", ({"type": "text", "text": "not this"},)))
    assert sent_back(message)["content"] == "Hi"


def test_empty_text_blocks_do_not_go_back() -> None:
    """The service gives them now and then, and refuses them."""
    blocks = [{"type": "text", "text": ""}, {"type": "text", "text": "Hi"}]
    assert sent_back(whole(blocks, "end_turn").message)["content"] == blocks[1:]


def test_a_stream_that_was_cut_inside_an_input_has_no_blocks() -> None:
    """Half an input cannot be sent back: the call's text says what came, and is refused by name."""
    reply = streamed(BLOCKS[7:8], "max_tokens", cut=4)
    assert reply.verbatim == Verbatim("claude")
    assert reply.message.verbatim is None
    assert reply.tool_calls[0].arguments == '{\n "'


@pytest.mark.parametrize(("stop", "finish"), [("pause_turn", "pause_turn"), ("refusal", "content_filter")])
def test_a_pause_and_a_refusal_are_visible(stop: str, finish: str) -> None:
    """A paused turn goes back as it is, to be gone on with; a refusal is told by its finish reason."""
    for reply in (whole(BLOCKS[2:4], stop), streamed(BLOCKS[2:4], stop)):
        assert reply.finish_reason == finish
        assert sent_back(reply.message)["content"] == [SEARCH, FOUND]


def test_a_broken_verbatim_is_passed_over() -> None:
    """Blocks that a caller has made and that are none do not get in the way."""
    message = Message("assistant", "Hi", verbatim=Verbatim("claude", ({"text": "no type"},)))
    assert sent_back(message)["content"] == "Hi"
