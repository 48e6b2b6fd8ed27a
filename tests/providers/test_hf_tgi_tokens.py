"""Any tokens that TGI may generate, whole and streamed: the same text, the same counts, however the bytes are cut."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.fold import fold
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers.hf_tgi import codec
from tests.providers.recorded import call_of, deltas_of, headers_of, response

TOKENS = st.lists(st.tuples(st.text(max_size=6), st.booleans()), min_size=1, max_size=8)
REASONS = st.sampled_from(["length", "eos_token", "stop_sequence", "x_new_word"])


def whole(tokens: list[tuple[str, bool]], reason: str) -> dict[str, Any]:
    """The answer in one piece."""
    text = "".join(text for text, special in tokens if not special)
    return {"generated_text": text, "details": {"finish_reason": reason, "generated_tokens": len(tokens)}}


def stream(tokens: list[tuple[str, bool]], reason: str, read: int) -> bytes:
    """The same as events."""
    answer = whole(tokens, reason)
    frames = []
    for index, (text, special) in enumerate(tokens, 1):
        event: dict[str, Any] = {"index": index, "token": {"id": 1, "text": text, "logprob": -1, "special": special}}
        if index == len(tokens):
            event |= answer | {"details": {**answer["details"], "input_length": read}}
        frames.append(b"data:" + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")
    return b"".join(frames)


@given(TOKENS, REASONS, st.integers(1, 1000), st.integers(1, 40))
def test_a_streamed_text_is_the_whole_one(tokens: list[tuple[str, bool]], reason: str, read: int, cut: int) -> None:
    """Special tokens are no text, empty ones no fault, and line separators inside a text are not ends of lines."""
    payload = CompleteRequest(("Hi",))
    body = whole(tokens, reason)
    unary = codec.parse_response(
        call_of(codec, payload, "complete"), response(200, body, {"x-prompt-tokens": str(read)})
    )
    call = call_of(codec, CompleteRequest(("Hi",), stream=True), "complete")
    raw = stream(tokens, reason, read)
    deltas = deltas_of(codec, call, [raw[at : at + cut] for at in range(0, len(raw), cut)])
    assert [delta.end for delta in deltas] == [False] * (len(tokens) - 1) + [True]
    assert fold(deltas, codec.empty_reply(call, headers_of({}))) == unary
