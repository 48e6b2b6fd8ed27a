"""Gemini: what comes in, whole or streamed; vectors and models."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async.answers import Delta
from ipfs_accel_async.errors import ContentFilteredError, DecodeError, ResponseValidationError
from ipfs_accel_async.fold import fold
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, NativeRequest, ToolCall
from tests.providers.recorded import (
    call_of,
    deltas_of,
    fixture,
    headers_of,
    recorded_response,
    recorded_stream,
    response,
)

CHAT = call_of(codec, ChatRequest((Message("user", "hello"),)))
EMPTY = codec.empty_reply(CHAT, headers_of({}))


def chunk(*parts: Any, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """One piece of a stream, or a whole answer."""
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})], "modelVersion": "m", **fields}


def streamed(*values: Any) -> list[Delta]:
    """The deltas of these pieces."""
    return deltas_of(codec, CHAT, [b"".join(b"data: %s\r\n\r\n" % json.dumps(value).encode() for value in values)])


def whole(value: Any) -> Any:
    """The reply of a unary answer."""
    return codec.parse_response(CHAT, response(200, value))


def call_part(name: str, **more: Any) -> dict[str, Any]:
    """A part with a tool call."""
    return {"functionCall": {"name": name, **more}}


def test_a_recorded_answer_is_read_whole() -> None:
    """Text, thoughts, their signature, usage and ids all arrive."""
    reply = codec.parse_response(CHAT, recorded_response("gemini", "chat"))
    assert reply.text.startswith("Sea otters wrap themselves")
    assert reply.reasoning == "Otters hold hands so that they do not drift apart."
    assert reply.signature == "text:EvQBCkgIBBABGAIqQJ3sleepyOtters/Raft+KelpAA=;"
    assert (reply.finish_reason, reply.model, reply.id) == ("stop", "m", "kelpForest7Qw-nAPl4uJ2Aw")
    usage = reply.usage
    assert (usage.input_tokens, usage.cached_tokens) == (41, 16)
    assert (usage.output_tokens, usage.reasoning_tokens, usage.total_tokens) == (42, 23, 83)


def test_what_the_services_own_tools_read_is_input() -> None:
    """The count of a tool's prompt is apart on the wire."""
    reply = codec.parse_response(CHAT, recorded_response("gemini", "tools"))
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens) == (130, 46, 176)


def test_tool_calls_come_with_ids_and_json_text() -> None:
    """The service's id is kept, a missing one is made of the place among all calls, and the reason says tool_calls."""
    expected = (
        ToolCall("fc_9hQ2", "forecast", '{"city":"Bergen","days":2,"units":["celsius","m/s"]}'),
        ToolCall("call_1", "clock", "{}"),
        ToolCall("call_2", "clock", "{}"),
    )
    for reply in (
        codec.parse_response(CHAT, recorded_response("gemini", "tools")),
        fold(deltas_of(codec, CHAT, [recorded_stream("gemini", "tools")]), EMPTY),
    ):
        assert reply.tool_calls == expected
        assert reply.finish_reason == "tool_calls"


def test_calls_in_pieces_of_their_own_stay_apart() -> None:
    """However many pieces they come in, their indexes go on."""
    deltas = streamed(chunk(call_part("a")), chunk({"text": '"functionCall"'}), chunk(call_part("b"), call_part("c")))
    assert [piece.index for delta in deltas for piece in delta.tool_calls] == [0, 1, 2]


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        *((word, "content_filter") for word in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")),
        *((word, "content_filter") for word in ("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "MODEL_ARMOR")),
        ("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"),
        ("OF_TOMORROW", "OF_TOMORROW"),
    ],
)
def test_finish_reasons_are_ours_where_we_have_one(told: str, word: str) -> None:
    """The same whole and streamed, where the reason is the end mark; a stopped answer may have no content at all."""
    empty = {"candidates": [{"finishReason": told}], "modelVersion": "m"}
    for value in (chunk({"text": "so"}, finish=told), empty):
        (delta,) = streamed(value)
        assert (delta.finish_reason, delta.end) == (word, True)
        assert whole(value).finish_reason == word


def test_a_reply_that_was_cut_by_length_says_so_even_after_calls() -> None:
    """Only a stop gives way to tool_calls."""
    pieces = (chunk(call_part("f")), chunk(finish="MAX_TOKENS"))
    assert fold(streamed(*pieces), EMPTY).finish_reason == "length"
    assert whole(chunk(call_part("f"), finish="MAX_TOKENS")).finish_reason == "length"


def test_an_unspecified_reason_is_no_end() -> None:
    """The default of the wire's enumeration says nothing."""
    (delta,) = streamed(chunk({"text": "a"}, finish="FINISH_REASON_UNSPECIFIED"))
    assert (delta.text, delta.finish_reason, delta.end) == ("a", "", False)


@pytest.mark.parametrize("feedback", [{"blockReason": "SAFETY"}, {"blockReason": "OTHER", "blockReasonMessage": "No."}])
def test_a_refused_prompt_is_an_error(feedback: dict[str, Any]) -> None:
    """The service answers 200 and has no candidate: whole or streamed, first or late, that is no reply."""
    blocked = {"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 7}, "modelVersion": "m"}
    for read in (
        lambda: whole(blocked),
        lambda: whole(blocked | {"candidates": []}),
        lambda: streamed(blocked),
        lambda: streamed(chunk({"text": "so"}), blocked),
    ):
        with pytest.raises(ContentFilteredError, match=r"refused the prompt \((SAFETY|OTHER)\): ") as caught:
            read()
        error = caught.value
        assert (error.code, error.retryable, error.outcome) == (feedback["blockReason"], False, "ok")
        assert feedback.get("blockReasonMessage", "") in error.message


def test_pieces_without_a_candidate_commit_to_nothing() -> None:
    """Counts alone, or another candidate's text, are handed on raw."""
    other = {"candidates": [{"index": 1, "content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}]}
    counts, second = streamed({"usageMetadata": {"promptTokenCount": 5}}, other)
    assert counts.usage is not None
    assert counts.usage.input_tokens == 5
    assert not counts.committing
    assert not second.committing
    assert second.raw == other


def test_parts_without_a_field_of_ours_are_kept_raw() -> None:
    """Code that the service ran and media that it made are in `raw`."""
    made = {"inlineData": {"mimeType": "image/png", "data": "YWJj"}}
    reply = whole(chunk({"text": "Here: "}, {"executableCode": {"code": "1"}}, made, {"text": "done"}, finish="STOP"))
    assert reply.text == "Here: done"
    assert reply.raw["candidates"][0]["content"]["parts"][2] == made


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"modelVersion": "m"}, "candidates"),
        ({"candidates": []}, "candidates is empty"),
        (chunk({"text": 5}, finish="STOP"), r"parts\[0\].text"),
        (chunk({"text": "a"}, call_part(""), finish="STOP"), r"parts\[1\].functionCall.name"),
        (chunk(call_part("f", args=[1]), finish="STOP"), r"parts\[0\].functionCall"),
        (chunk({"text": "a", "thoughtSignature": "; drop"}, finish="STOP"), "thoughtSignature"),
        (chunk(finish="STOP") | {"modelVersion": 7}, "modelVersion"),
        ([1, 2], "list"),
    ],
)
def test_a_broken_answer_names_the_field(body: Any, path: str) -> None:
    """A missing or wrong field is a typed error with its path."""
    with pytest.raises(ResponseValidationError, match=path):
        whole(body)


@pytest.mark.parametrize("piece", [7, [1, 2], chunk({"text": 5}), chunk(5), {"candidates": 7}, {"candidates": [7]}])
def test_a_broken_piece_is_typed(piece: Any) -> None:
    """A wrong field raises, it does not pass as silence."""
    with pytest.raises(ResponseValidationError):
        streamed(piece)


def test_a_piece_that_is_no_json_is_a_decode_error() -> None:
    """Malformed JSON can be tried again."""
    with pytest.raises(DecodeError):
        deltas_of(codec, CHAT, [b'data: {"candidates": [{"functionCall"\r\n\r\n'])


def test_embeddings_are_one_float32_array() -> None:
    """One row a text, in their order; the wire counts no tokens, and where it does they are read."""
    call = call_of(codec, EmbedRequest(("alpha", "beta")), "embed")
    answer = codec.parse_response(call, recorded_response("gemini", "embed"))
    np.testing.assert_array_equal(answer.vectors, np.array([[0.6, -0.8, 0, 0], [0.5, 0.5, -0.5, 0.5]], np.float32))
    assert answer.usage.total_tokens == 0
    body = fixture("gemini", "embed")["body"] | {"usageMetadata": {"promptTokenCount": 2}}
    assert codec.parse_response(call, response(200, body)).usage.input_tokens == 2


@pytest.mark.parametrize(
    "rows", [[[1.0]], [[1.0], [1.0, 2.0]], [[1.0], [None]], [[1e39], [1.0]], [[], []], [1.0, 2.0], [["a"], [1.0]]]
)
def test_vectors_that_do_not_fit_the_texts_are_refused(rows: Any) -> None:
    """A wrong count, ragged or empty rows, and what is no number are typed errors with their path."""
    call = call_of(codec, EmbedRequest(("alpha", "beta")), "embed")
    with pytest.raises(ResponseValidationError):
        codec.parse_response(call, response(200, {"embeddings": [{"values": row} for row in rows]}))


def test_models_are_listed() -> None:
    """Ids are without their collection, tuned ones keep theirs; raw has the token of the next page."""
    call = call_of(codec, NativeRequest(), "models", model="")
    answer = codec.parse_response(call, recorded_response("gemini", "models"))
    assert [model.id for model in answer.models] == [
        "gemini-3-flash",
        "gemini-embedding-001",
        "tunedModels/tide-tables-x1",
    ]
    assert answer.models[0].raw["inputTokenLimit"] == 1048576
    assert answer.raw["nextPageToken"]
