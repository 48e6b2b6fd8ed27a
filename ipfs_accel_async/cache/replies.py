"""Replies and their deltas as JSON, and back: what a caller gets from the cache equals what was answered.

Token counts are not kept, as a hit has none; nor is `raw`, which is the service's body with all that is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Block, Delta, Reply
from ipfs_accel_async.cache.fields import MisshapenError, flag, objects, text, whole
from ipfs_accel_async.types import Verbatim

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def write_reply(reply: Reply) -> dict[str, Any]:
    """A reply without tool calls: those are never kept."""
    verbatim = reply.verbatim
    return {
        "text": reply.text,
        "reasoning": reply.reasoning,
        "signature": reply.signature,
        "finish_reason": reply.finish_reason,
        "id": reply.id,
        "verbatim": None if verbatim is None else {"wire": verbatim.wire, "blocks": list(verbatim.blocks)},
    }


def read_reply(kept: Mapping[str, Any], head: Mapping[str, Any]) -> Reply:
    """The reply.

    Args:
        kept: What :func:`write_reply` gave.
        head: The fields that every answer has.

    Raises:
        MisshapenError, KeyError: It is something else.
    """
    return Reply(
        **head,
        text=text(kept, "text"),
        reasoning=text(kept, "reasoning"),
        signature=text(kept, "signature"),
        finish_reason=text(kept, "finish_reason"),
        id=text(kept, "id"),
        verbatim=_verbatim(kept["verbatim"]),
    )


def _verbatim(kept: Any) -> Verbatim | None:
    return None if kept is None else Verbatim(text(kept, "wire"), tuple(objects(kept, "blocks")))


def write_deltas(deltas: Iterable[Delta]) -> list[list[Any]]:
    """Deltas without tool calls and counts, as short lists."""
    return [
        [one.text, one.reasoning, one.finish_reason, one.model, one.id, one.signature, one.end, _block(one.block)]
        for one in deltas
    ]


def _block(block: Block | None) -> dict[str, Any] | None:
    return None if block is None else {"place": block.place, "value": block.value, "field": block.field}


def read_deltas(kept: Any) -> list[Delta]:
    """The deltas; folded they are the reply.

    Raises:
        MisshapenError, KeyError: It is something else.
    """
    if kept.__class__ is not list or not kept:
        raise MisshapenError("deltas")
    return [_delta(one) for one in kept]


def _delta(kept: Any) -> Delta:
    if kept.__class__ is not list or len(kept) != len(_NAMES):
        raise MisshapenError("delta")
    named = dict(zip(_NAMES, kept, strict=True))
    block = named["block"]
    return Delta(
        text=text(named, "text"),
        reasoning=text(named, "reasoning"),
        finish_reason=text(named, "finish_reason"),
        model=text(named, "model"),
        id=text(named, "id"),
        signature=text(named, "signature"),
        end=flag(named, "end"),
        block=None if block is None else Block(whole(block, "place"), block["value"], text(block, "field")),
    )


_NAMES = ("text", "reasoning", "finish_reason", "model", "id", "signature", "end", "block")
