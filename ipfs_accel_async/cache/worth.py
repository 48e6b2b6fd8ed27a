"""Which answers may be given again: whole ones, that the model meant as answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Embeddings, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.answers import Answer, Delta

_WHOLE = "stop"
"""Why a finished answer ended, as the codecs name it; of ``length``, ``content_filter`` or others none is whole."""


def worth_keeping(answer: Answer, deltas: Iterable[Delta] = ()) -> bool:
    """Whether an answer may be given again; of a stream, with the deltas it came in.

    Not: truncated or filtered ones, refusals, such that call tools (their calls have effects, and ids of one use),
    replies that say nothing, and vectors with numbers that are none.
    """
    if isinstance(answer, Reply):
        return finished(answer) and not refused(answer.raw) and not any(refused(delta.raw) for delta in deltas)
    if isinstance(answer, Embeddings):
        import numpy as np

        return bool(answer.vectors.size) and bool(np.isfinite(answer.vectors).all())
    replies: Iterable[Reply] = getattr(answer, "replies", ())
    return all(finished(reply) for reply in replies)


def finished(reply: Reply) -> bool:
    """Whether a reply is whole, and more than a call of tools."""
    return bool(reply.text) and reply.finish_reason == _WHOLE and not reply.tool_calls


def refused(raw: Any) -> bool:
    """Whether an answer of OpenAI's shape, or a piece of its stream, is a refusal: its words come as the text."""
    choices = raw.get("choices") if isinstance(raw, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        said = (choice.get("message") or choice.get("delta")) if isinstance(choice, dict) else None
        if isinstance(said, dict) and said.get("refusal"):
            return True
    return False
