"""Deltas to one reply. A streamed reply and a unary one are equal; the contract tests hold every codec to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.answers import NO_USAGE, Reply, Usage
from ipfs_accel_async.types import ToolCall, Verbatim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.answers import Block, Delta

_GROWING = ("text", "thinking", "signature")
"""Fields of a block that text, reasoning and signatures go on in; the arguments of a call are its ``input``."""


class Fold:
    """Gathers the deltas of one stream; :meth:`into` makes the reply of what has come so far."""

    __slots__ = ("_calls", "_marks", "_reasoning", "_signature", "_text", "finish_reason", "id", "model", "usage")

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._signature: list[str] = []
        self._calls: dict[int, tuple[list[str], list[str]]] = {}  # id and name; pieces of the arguments
        self._marks: list[tuple[Block, tuple[int, int, int]]] = []
        self.finish_reason = ""
        self.usage: Usage = NO_USAGE
        self.model = ""
        self.id = ""

    def add(self, delta: Delta) -> None:
        """Take one delta in."""
        text, reasoning, tool_calls, finish_reason, usage, model, key, signature, _, _, block = delta
        if block is not None:
            self._marks.append((block, self._here()))
        if text:
            self._text.append(text)
        if reasoning:
            self._reasoning.append(reasoning)
        if signature:
            self._signature.append(signature)
        for piece in tool_calls:
            call, arguments = self._calls.setdefault(piece.index, (["", ""], []))
            call[0] = call[0] or piece.id
            call[1] = call[1] or piece.name
            arguments.append(piece.arguments)  # joined at the end: of a million pieces each would copy all before it
        if finish_reason and not (finish_reason == "stop" and self.finish_reason == "tool_calls"):
            self.finish_reason = finish_reason  # a service that says tool_calls with the calls ends with stop
        if usage is not None:
            self.usage = later(self.usage, usage)
        if model:
            self.model = model
        if key:
            self.id = key

    def _tool_calls(self) -> tuple[ToolCall, ...]:
        # pieces without a name are of calls that the service runs itself; a call that is whole and has no text has no
        # arguments, one that was cut short may yet have had some
        unsaid = "{}" if self.finish_reason else ""
        calls = (self._calls[index] for index in sorted(self._calls))
        return tuple(ToolCall(key, name, "".join(pieces) or unsaid) for (key, name), pieces in calls if name)

    def _here(self) -> tuple[int, int, int]:
        return len(self._text), len(self._reasoning), len(self._signature)

    def _verbatim(self, empty: Verbatim | None) -> Verbatim | None:
        """The blocks again, each with what came after its beginning; none when the input of one was cut short."""
        if empty is None or not self._marks:
            return empty
        made: dict[int, dict[str, Any]] = {}
        ends = [start for _, start in self._marks[1:]] + [self._here()]
        for (block, start), end in zip(self._marks, ends, strict=True):
            into = made.setdefault(block.place, {})
            if block.field:
                into[block.field] = [*(into.get(block.field) or ()), block.value]
            else:
                into.update(block.value)
            for name, pieces, first, last in zip(
                _GROWING, (self._text, self._reasoning, self._signature), start, end, strict=True
            ):
                if first != last:
                    into[name] = (into.get(name) or "") + "".join(pieces[first:last])
        try:
            for place, (_, pieces) in self._calls.items():
                if any(pieces) and place in made:
                    made[place]["input"] = orjson.loads("".join(pieces))
        except orjson.JSONDecodeError:
            return empty
        return Verbatim(empty.wire, tuple(made.values()))

    def into(self, empty: Reply) -> Reply:
        """The reply so far, on the metadata of `empty`."""
        return replace(
            empty,
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            signature="".join(self._signature),
            tool_calls=self._tool_calls(),
            finish_reason=self.finish_reason,
            usage=self.usage,
            model=self.model or empty.model,
            id=self.id,
            verbatim=self._verbatim(empty.verbatim),
        )


def fold(deltas: Iterable[Delta], empty: Reply) -> Reply:
    """The reply that `deltas` make up, on the metadata of `empty`."""
    gathered = Fold()
    for delta in deltas:
        gathered.add(delta)
    return gathered.into(empty)


def later(old: Usage, new: Usage) -> Usage:
    """Counts are cumulative: a later one replaces an earlier one, an absent one (0) leaves it."""
    if old is NO_USAGE:
        return new
    input_tokens = new.input_tokens or old.input_tokens
    output_tokens = new.output_tokens or old.output_tokens
    whole = new.input_tokens and new.output_tokens and new.total_tokens  # then the service's own sum stands
    return Usage(
        input_tokens,
        output_tokens,
        whole or input_tokens + output_tokens,
        new.cached_tokens or old.cached_tokens,
        new.cache_write_tokens or old.cache_write_tokens,
        new.reasoning_tokens or old.reasoning_tokens,
        old.cost if new.cost is None else new.cost,
        new.estimated or old.estimated,
    )
