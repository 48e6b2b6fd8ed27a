"""What is kept of an answer and given back: equal but for counts and ids; whatever else is in a store is a miss."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.answers import (
    Block,
    Delta,
    Embeddings,
    ModelInfo,
    ModelList,
    NativeAnswer,
    Reply,
    ToolCallDelta,
    Usage,
)
from ipfs_accel_async.cache.record import record, restored
from ipfs_accel_async.cache.worth import worth_keeping
from ipfs_accel_async.call import Call
from ipfs_accel_async.fold import fold
from ipfs_accel_async.results import (
    Classification,
    Completions,
    Detokenized,
    Label,
    Moderation,
    Ranked,
    Ranking,
    Similarities,
    Span,
    Tensors,
    TokenCount,
    Tokens,
    Transcript,
    Verdict,
)
from ipfs_accel_async.types import ChatRequest, Message, Target, ToolCall, Verbatim

TARGET = Target("openai", "m", "http://h")
CALL = Call("chat", TARGET, ChatRequest((Message("user", "hi"),)), request_id="second")
STREAMED = replace(CALL, payload=ChatRequest((Message("user", "hi"),), stream=True))
HEAD: dict[str, Any] = {"target": TARGET, "model": "m-1", "request_id": "first", "usage": Usage(1, 2, 3)}
BLOCKS = Verbatim("claude", ({"type": "thinking", "signature": "s"}, {"type": "text", "text": "yes"}))
REPLY = Reply(**HEAD, text="yes", finish_reason="stop", id="c", provider_request_id="p")
ANSWERS = [
    REPLY,
    Reply(**HEAD, text="ja \u2028 \U0001f600", reasoning="hm", signature="s", finish_reason="stop", verbatim=BLOCKS),
    Completions(**HEAD, replies=(REPLY, replace(REPLY, text="no"))),
    Embeddings(**HEAD, vectors=np.array([[1.5, -0.0], [3e-39, 1e38]], np.float32)),
    Similarities(**HEAD, scores=np.array([0.25, 1.0], np.float32)),
    Tensors(**HEAD, outputs={"a": np.arange(6, dtype=np.int64).reshape(2, 3), "b": np.array(True)}, version="2"),
    Ranking(**HEAD, ranked=(Ranked(1, 0.5, "x"), Ranked(0, 0.25))),
    Classification(**HEAD, labels=((Label("a", 0.9), Label("b", 0.1)), ())),
    Moderation(**HEAD, verdicts=(Verdict(True, ("hate",), {"hate": 0.9}, "t"), Verdict(False))),
    Tokens(**HEAD, ids=(1, 2), texts=("a", "b")),
    Detokenized(**HEAD, text="ab"),
    TokenCount(**HEAD, tokens=7, estimated=True),
    Transcript(**HEAD, text="hi", language="en", duration=1.5, words=(Span("hi", 0.0, 0.5),)),
    Transcript(**HEAD, text="hi"),
    ModelList(**HEAD, models=(ModelInfo("m", "o", {"id": "m"}),)),
]  # fmt: skip


def plain(value: Any) -> Any:
    """A value whose arrays can be compared, bit for bit."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_an_answer_comes_back_as_it_was(answer: Any) -> None:
    """Field for field and bit for bit, with the call's own id, no token counts, and sent no times."""
    data = record(answer)
    assert data is not None
    back: Any = restored(data, CALL)
    assert type(back) is type(answer)
    own = {"request_id": "second", "usage": Usage(), "attempts": 0, "raw": None, "trace": None, "limits": None}
    for field in fields(answer):
        if field.name == "replies":
            pairs = zip(back.replies, answer.replies, strict=True)
            assert all(one == replace(kept, provider_request_id=None, **own) for one, kept in pairs)
        else:
            wanted = own.get(field.name, plain(getattr(answer, field.name)))
            assert plain(getattr(back, field.name)) == wanted, field.name


def test_arrays_that_come_back_may_be_written_into() -> None:
    """They are the caller's own: what he does to them is nobody else's."""
    data = record(ANSWERS[3])
    assert data is not None
    first: Any = restored(data, CALL)
    first.vectors[0, 0] = 9
    second: Any = restored(data, CALL)
    assert second.vectors[0, 0] == 1.5


MARKS = [None, Block(0, {"type": "text"}), Block(1, {"type": "text"}), Block(0, {"a": 1}, "citations")]
PIECES = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        st.sampled_from(["", "hm"]),
        st.sampled_from(["", "s"]),
        st.sampled_from([None, Usage(1, 1, 2)]),
        st.sampled_from(["", "m-2"]),
        st.sampled_from(MARKS),
    ).map(lambda made: Delta(made[0], made[1], signature=made[2], usage=made[3], model=made[4], block=made[5])),
    max_size=8,
)


@given(PIECES, st.booleans())
async def test_a_stream_comes_back_with_the_same_deltas(pieces: list[Delta], verbatim: bool) -> None:
    """One by one, without counts; folded they are the reply that was kept."""
    deltas = [*pieces, Delta(finish_reason="stop", end=True)]
    empty = Reply(**HEAD, verbatim=Verbatim("claude") if verbatim else None)
    whole = fold(deltas, empty)
    data = record(whole, deltas)
    assert data is not None
    stream: Any = restored(data, STREAMED)
    async with stream:
        seen = [delta async for delta in stream]
        assert seen == [delta._replace(usage=None) for delta in deltas]
        assert stream.reply == replace(whole, usage=Usage(), request_id="second", attempts=0)
        assert stream.reply.verbatim == whole.verbatim


def test_what_no_call_should_get_is_not_written() -> None:
    """Native answers, half a surrogate pair, arrays of objects."""
    assert record(NativeAnswer(target=TARGET, body=b"{}")) is None
    assert record(replace(REPLY, text="\ud800")) is None
    assert record(Tensors(target=TARGET, outputs={"x": np.array(["a"], object)})) is None


def test_a_reply_is_no_stream_and_the_reverse() -> None:
    """An entry of the other kind is none."""
    reply, stream = record(REPLY), record(REPLY, [Delta("yes", end=True)])
    assert reply is not None
    assert stream is not None
    assert restored(reply, STREAMED) is None
    assert restored(stream, CALL) is None


WHOLE: Any = orjson.loads(record(ANSWERS[0]) or b"")


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        {},
        "x",
        {**WHOLE, "kind": "Call"},
        {**WHOLE, "kind": 5},
        {**WHOLE, "kind": "Embeddings"},
        {**WHOLE, "model": None},
        {**WHOLE, "own": None},
        {**WHOLE, "own": {}},
        {**WHOLE, "own": {**WHOLE["own"], "text": 5}},
        {**WHOLE, "own": {**WHOLE["own"], "verbatim": {"wire": "x", "blocks": [1]}}},
        {**WHOLE, "kind": "Embeddings", "own": {"vectors": {"dtype": "|O8", "shape": [1], "data": "AAAAAAAAAAA="}}},
        {**WHOLE, "kind": "Embeddings", "own": {"vectors": {"dtype": "<f8", "shape": [1], "data": "AAAAAAAAAAA="}}},
        {**WHOLE, "kind": "Embeddings", "own": {"vectors": {"dtype": "<f4", "shape": [2], "data": "AAAAAA=="}}},
        {**WHOLE, "kind": "Embeddings", "own": {"vectors": {"dtype": "<f4", "shape": [-1], "data": "AAAAAA=="}}},
        {**WHOLE, "kind": "Embeddings", "own": {"vectors": {"dtype": "<f4", "shape": [1], "data": "?"}}},
        {**WHOLE, "kind": "Tokens", "own": {"ids": ["1"], "texts": []}},
        {**WHOLE, "kind": "Moderation", "own": {"verdicts": [{"flagged": 1}]}},
    ],
)
def test_what_has_another_shape_is_a_miss(kept: Any) -> None:
    """Old, foreign and forged entries are none; nothing is guessed and nothing raised."""
    assert restored(orjson.dumps(kept), CALL) is None


@pytest.mark.parametrize(
    "answer",
    [
        replace(REPLY, finish_reason="length"),
        replace(REPLY, finish_reason="content_filter"),
        replace(REPLY, finish_reason="tool_calls"),
        replace(REPLY, finish_reason="pause_turn"),
        replace(REPLY, finish_reason=""),
        replace(REPLY, text=""),
        replace(REPLY, tool_calls=(ToolCall("1", "f", "{}"),)),
        replace(REPLY, raw={"choices": [{"message": {"refusal": "I cannot"}}]}),
        Completions(**HEAD, replies=(REPLY, replace(REPLY, finish_reason="length"))),
        Embeddings(**HEAD, vectors=np.array([[np.nan, 1]], np.float32)),
        Embeddings(**HEAD, vectors=np.zeros((0, 4), np.float32)),
    ],
)  # fmt: skip
def test_what_is_no_whole_answer_is_not_worth_keeping(answer: Any) -> None:
    """Truncated, filtered, refused, calling tools, empty, or with numbers that are none."""
    assert not worth_keeping(answer)


def test_refusals_are_seen_in_streams_too() -> None:
    """The words of a refusal come as text; what the service sent says what they are."""
    pieces = [Delta("I can"), Delta("not", raw={"choices": [{"delta": {"refusal": "not"}}]}), Delta(end=True)]
    assert not worth_keeping(REPLY, pieces)
    assert worth_keeping(REPLY, [Delta("yes", raw={"choices": [{"delta": {"content": "yes"}}]}), Delta(end=True)])
    assert all(worth_keeping(answer) for answer in ANSWERS)


def test_tool_calls_are_never_in_what_is_kept() -> None:
    """The deltas that are written have no place for them."""
    data = record(REPLY, [Delta(tool_calls=(ToolCallDelta(0, "1", "f", "{}"),)), Delta(end=True)])
    assert data is not None
    assert b'"f"' not in data
