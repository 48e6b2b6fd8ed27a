"""The content blocks of a Claude message, read into a reply and sent back as they were (Messages, content blocks)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.providers._claude_events import finish_reason, string_in, usage_of
from ipfs_accel_async.providers._json import dumps, loads_or_none
from ipfs_accel_async.types import Target, ToolCall, Verbatim

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipfs_accel_async.types import Message

WIRE = "claude"
_NOWHERE = Target(WIRE, "")


def reply_of(data: Mapping[str, Any], meta: dict[str, Any]) -> Reply:
    """The reply in a message.

    Raises:
        KeyError, TypeError: A field is missing or of the wrong type; the message has its path.
    """
    return Reply(
        **meta,
        **said_in(data["content"]),
        finish_reason=finish_reason(data["stop_reason"]),
        usage=usage_of(data["usage"]),
        model=string_in(data, "model"),
        id=string_in(data, "id"),
        raw=data,
        verbatim=Verbatim(WIRE, tuple(data["content"])),
    )


def said_in(blocks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Text, reasoning, signature and tool calls, each joined; blocks of the service's own tools are none of them."""
    text: list[str] = []
    reasoning: list[str] = []
    signature: list[str] = []
    calls: list[ToolCall] = []
    for index, block in enumerate(blocks):
        try:
            kind = block["type"]
            if kind == "text":
                text.append(block["text"])
            elif kind == "tool_use":
                arguments = dumps(block["input"]).decode()
                calls.append(ToolCall(string_in(block, "id"), string_in(block, "name"), arguments))
            elif kind == "thinking":
                reasoning.append(block["thinking"])
                signature.append(block.get("signature") or "")
        except KeyError as error:
            raise KeyError(f"content[{index}].{error.args[0]}") from error
    return {
        "text": "".join(text),
        "reasoning": "".join(reasoning),
        "signature": "".join(signature),
        "tool_calls": tuple(calls),
    }


def blocks_again(message: Message) -> list[Mapping[str, Any]]:
    """The blocks of a turn that this service wrote, to go back as they were; none of one that was changed since.

    It signs each thinking block by itself and wants all blocks in their order. Empty text it refuses: that is left out.
    """
    written = message.verbatim
    if written is None or written.wire != WIRE or not _unchanged(message, written.blocks):
        return []
    return [block for block in written.blocks if block.get("type") != "text" or block.get("text")]


def merged_thoughts(message: Message) -> bool:
    """Whether the thinking of a turn is several signed blocks in one part: none of the signatures holds for that."""
    written = message.verbatim
    blocks = written.blocks if written is not None and written.wire == WIRE else ()
    return len([block for block in blocks if block.get("type") == "thinking"]) > 1


def _unchanged(message: Message, blocks: Sequence[Mapping[str, Any]]) -> bool:
    try:
        said = said_in(blocks)
    except (KeyError, TypeError):
        return False
    calls = said.pop("tool_calls")  # their arguments are compared by value: a stream brings the model's own spelling
    if Reply(target=_NOWHERE, tool_calls=message.tool_calls, **said).message != message:
        return False
    return [_call(call) for call in calls] == [_call(call) for call in message.tool_calls]


def _call(call: ToolCall) -> tuple[str, str, Any]:
    return call.id, call.name, loads_or_none(call.arguments.encode("utf-8", "surrogatepass") or b"{}")
