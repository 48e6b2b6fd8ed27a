"""Deltas to one reply: the law that a stream and a unary answer obey."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Delta, Reply, Target, ToolCall, Usage
from ipfs_accel_async.answers import NO_USAGE, Block, ToolCallDelta
from ipfs_accel_async.fold import Fold, fold
from ipfs_accel_async.types import Verbatim

EMPTY = Reply(target=Target("openai", "m"), request_id="id", provider_request_id="theirs", attempts=2)
END = Delta(finish_reason="stop", end=True)
texts = st.text(max_size=40)
counts = st.integers(min_value=1, max_value=10**6)
whole_usages = st.builds(lambda i, o, *parts: Usage(i, o, i + o, *parts), counts, counts, counts, counts, counts)


def cut(data: st.DataObject, text: str) -> list[str]:
    """A text in pieces, at places that hypothesis chooses; some pieces may be empty."""
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


def merged(data: st.DataObject, *sequences: list[Delta]) -> list[Delta]:
    """Sequences of deltas interleaved in an order that hypothesis chooses, each in its own order."""
    left = [list(sequence) for sequence in sequences if sequence]
    made: list[Delta] = []
    while left:
        one = left[data.draw(st.integers(0, len(left) - 1))]
        made.append(one.pop(0))
        left = [sequence for sequence in left if sequence]
    return made


@given(st.data(), texts, texts, texts)
def test_however_text_is_cut_the_reply_is_the_same(
    data: st.DataObject, text: str, reasoning: str, signature: str
) -> None:
    """Text, reasoning and signature in any pieces, in any mixture, make the same reply as in one."""
    whole = fold([Delta(text=text, reasoning=reasoning, signature=signature), END], EMPTY)
    pieces = merged(
        data,
        [Delta(text=piece) for piece in cut(data, text)],
        [Delta(reasoning=piece) for piece in cut(data, reasoning)],
        [Delta(signature=piece) for piece in cut(data, signature)],
    )
    assert fold([*pieces, END], EMPTY) == whole
    assert (whole.text, whole.reasoning, whole.signature, whole.finish_reason) == (text, reasoning, signature, "stop")


calls = st.lists(
    st.builds(ToolCall, st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8), texts), max_size=4
)


@given(st.data(), calls)
def test_interleaved_pieces_of_tool_calls_find_their_call(data: st.DataObject, wanted: list[ToolCall]) -> None:
    """Calls come apart by index, in the order of the index, whatever the order of the pieces between them."""
    pieces = [
        [
            Delta(tool_calls=(ToolCallDelta(index * 3, call.id, call.name),)),
            *(Delta(tool_calls=(ToolCallDelta(index * 3, arguments=piece),)) for piece in cut(data, call.arguments)),
        ]
        for index, call in enumerate(wanted)
    ]
    reply = fold([*merged(data, *pieces), Delta(finish_reason="tool_calls", end=True)], EMPTY)
    assert reply.tool_calls == tuple(ToolCall(call.id, call.name, call.arguments or "{}") for call in wanted)


def test_several_pieces_in_one_delta_are_taken_in_order() -> None:
    """One delta may bring pieces of several calls."""
    pieces = (ToolCallDelta(1, "b", "g", "{}"), ToolCallDelta(0, "a", "f", "{"), ToolCallDelta(0, arguments="}"))
    assert fold([Delta(tool_calls=pieces)], EMPTY).tool_calls == (ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}"))


def test_the_first_id_and_name_of_a_call_stand() -> None:
    """Services that repeat them in every piece change nothing."""
    deltas = [
        Delta(tool_calls=(ToolCallDelta(0, "a", "f", "{"),)),
        Delta(tool_calls=(ToolCallDelta(0, "b", "g", "}"),)),
    ]
    assert fold(deltas, EMPTY).tool_calls == (ToolCall("a", "f", "{}"),)


def test_a_call_without_a_name_is_the_services_own() -> None:
    """Its pieces are left out."""
    assert fold([Delta(tool_calls=(ToolCallDelta(0, "a", "", "{}"),)), END], EMPTY).tool_calls == ()


def test_arguments_that_never_came_are_none_only_when_the_call_is_whole() -> None:
    """A call without arguments has ``{}``; one that was cut short may yet have had some."""
    piece = Delta(tool_calls=(ToolCallDelta(0, "a", "f"),))
    assert fold([piece], EMPTY).tool_calls == (ToolCall("a", "f", ""),)
    assert fold([piece, END], EMPTY).tool_calls == (ToolCall("a", "f", "{}"),)


@given(st.lists(whole_usages, min_size=1, max_size=4))
def test_a_later_count_replaces_an_earlier_one(usages: list[Usage]) -> None:
    """Counts are cumulative: of whole ones the last stands, sums of the service included."""
    assert fold([Delta(usage=usage) for usage in usages], EMPTY).usage == usages[-1]


@pytest.mark.parametrize(
    ("usages", "kept"),
    [
        ([], NO_USAGE),
        ([Usage()], NO_USAGE),
        ([Usage(10, 1, 11, 4, 2), Usage(output_tokens=7)], Usage(10, 7, 17, 4, 2)),
        ([Usage(10, 0, 10), Usage(0, 7, 7, reasoning_tokens=3)], Usage(10, 7, 17, reasoning_tokens=3)),
        ([Usage(10, 5, 20), Usage(10, 6, 21)], Usage(10, 6, 21)),
        ([Usage(10, 5, 15), Usage()], Usage(10, 5, 15)),
        ([Usage(10, 5, 15), Usage(12, 0, 12)], Usage(12, 5, 17)),
    ],
)
def test_a_count_that_is_absent_leaves_the_earlier_one(usages: list[Usage], kept: Usage) -> None:
    """Services send input first and output later; the sum follows."""
    assert fold([Delta(usage=usage) for usage in usages], EMPTY).usage == kept


@given(
    st.lists(
        st.builds(
            Delta,
            raw=st.none(),
            block=st.none(),
            text=texts,
            model=st.sampled_from(["", "a", "b"]),
            id=st.sampled_from(["", "x"]),
        )
    )
)
def test_the_last_model_and_id_that_are_said_stand(deltas: list[Delta]) -> None:
    """Pieces that do not say leave them; with none the reply has what it had."""
    reply = fold(deltas, EMPTY)
    assert reply.model == next((delta.model for delta in reversed(deltas) if delta.model), "")
    assert reply.id == next((delta.id for delta in reversed(deltas) if delta.id), "")
    assert fold([], Reply(target=EMPTY.target, model="told")).model == "told"


@pytest.mark.parametrize(
    ("reasons", "kept"),
    [
        ([], ""),
        (["stop"], "stop"),
        (["", "length", ""], "length"),
        (["tool_calls", "stop"], "tool_calls"),
        (["stop", "tool_calls"], "tool_calls"),
        (["tool_calls", "length"], "length"),
    ],
)
def test_the_last_reason_stands_but_stop_does_not_hide_tool_calls(reasons: list[str], kept: str) -> None:
    """A service that says tool_calls with the calls ends with stop."""
    assert fold([Delta(finish_reason=reason) for reason in reasons], EMPTY).finish_reason == kept


@given(
    st.lists(
        st.builds(Delta, raw=st.none(), block=st.none(), text=texts, reasoning=texts, usage=st.none() | whole_usages),
        max_size=8,
    )
)
def test_a_fold_can_be_read_at_any_point(deltas: list[Delta]) -> None:
    """What has come so far is the fold of what has come so far; reading it changes nothing."""
    gathered = Fold()
    for count, delta in enumerate(deltas, 1):
        gathered.add(delta)
        assert gathered.into(EMPTY) == gathered.into(EMPTY) == fold(deltas[:count], EMPTY)


def test_the_metadata_of_the_reply_stays() -> None:
    """Target, ids and attempts are those of the empty reply, which is not changed."""
    reply = fold([Delta(text="a"), END], EMPTY)
    assert (reply.target, reply.request_id, reply.provider_request_id, reply.attempts) == (
        EMPTY.target,
        "id",
        "theirs",
        2,
    )
    assert EMPTY.text == ""


@pytest.mark.parametrize(
    ("delta", "commits"),
    [
        (Delta(), False),
        (Delta(usage=Usage(1), model="m", id="x", raw={}), False),
        (Delta(text="a"), True),
        (Delta(reasoning="a"), True),
        (Delta(signature="a"), True),
        (Delta(tool_calls=(ToolCallDelta(0),)), True),
        (Delta(finish_reason="stop"), True),
        (Delta(end=True), True),
    ],
)
def test_a_delta_commits_when_a_caller_can_tell_it_came(delta: Delta, commits: bool) -> None:
    """After such a piece a call is never sent again."""
    assert delta.committing is commits


BLOCKS = [
    Delta(block=Block(0, {"type": "text", "text": ""})),
    Delta("a"),
    Delta("b"),
    Delta(block=Block(0, "quoted", "citations")),
    Delta("c"),
    Delta(block=Block(1, {"type": "call", "input": {}}), tool_calls=(ToolCallDelta(1, "i", "f"),)),
    Delta(tool_calls=(ToolCallDelta(1, arguments='{"x": 1}'),)),
    END,
]


def test_blocks_gather_what_follows_their_beginning() -> None:
    """For a service that wants its blocks back; text around what joins a list stays one text."""
    reply = fold(BLOCKS, replace(EMPTY, verbatim=Verbatim("w")))
    assert reply.verbatim == Verbatim(
        "w", ({"type": "text", "text": "abc", "citations": ["quoted"]}, {"type": "call", "input": {"x": 1}})
    )
    assert reply.message.verbatim == reply.verbatim
    assert reply.text == "abc"


def test_blocks_are_for_services_that_want_them_back() -> None:
    """Elsewhere a reply has none, and its message neither."""
    reply = fold(BLOCKS, EMPTY)
    assert reply.verbatim is None
    assert reply.message.verbatim is None


def test_blocks_do_not_count_when_deltas_and_messages_are_compared() -> None:
    """They are another way to write what is compared already."""
    assert BLOCKS[0] == Delta()
    assert hash(BLOCKS[0]) == hash(Delta())
    assert "block" not in repr(BLOCKS[0])
    assert fold(BLOCKS, replace(EMPTY, verbatim=Verbatim("w"))) == fold(BLOCKS, EMPTY)
