"""Replies, pieces and usage of Gemini (Gemini API reference, GenerateContentResponse)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Delta, ToolCallDelta, Usage
from ipfs_accel_async.providers._gemini_signatures import TEXT, THOUGHT, noted, place_of_call
from ipfs_accel_async.providers._json import dumps, loads_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FINISH = {
    "FINISH_REASON_UNSPECIFIED": "",
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}


def delta_of(event: Mapping[str, Any], calls_before: int = 0) -> Delta:
    """One piece of a stream; a whole answer is one piece too.

    Args:
        event: A ``GenerateContentResponse``. Of several candidates the first is read.
        calls_before: How many tool calls the stream has brought so far.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: A field is missing or of the wrong type.
    """
    model, key = event.get("modelVersion") or "", event.get("responseId") or ""
    if model.__class__ is not str or key.__class__ is not str:
        raise TypeError("modelVersion or responseId is no string")
    candidate = first_candidate(event)
    parts = parts_of(candidate)
    told = candidate.get("finishReason")
    if told is None and len(parts) == 1 and len(part := parts[0]) == 1 and (text := part.get("text")).__class__ is str:
        # nearly every piece; its counts are left to the last one, as reading them costs more than all the rest
        return Delta(text, "", (), "", None, model, key, "", False, event)
    counts = event.get("usageMetadata")
    usage = usage_of(counts) if counts else None
    finish = _finish_reason(told)
    said, thoughts, calls, signatures = _gathered(parts, calls_before)
    word = "tool_calls" if calls and finish in {"", "stop"} else finish  # the service says STOP after calls too
    return Delta(said, thoughts, calls, word, usage, model, key, signatures, bool(finish), event)


def count_calls(data: bytes) -> int:
    """How many tool calls a piece has; none where it cannot be read, as that is said when it is parsed."""
    try:
        return sum("functionCall" in part for part in parts_of(first_candidate(loads_or_none(data))))
    except (AttributeError, TypeError):
        return 0


def usage_of(counts: Mapping[str, Any]) -> Usage:
    """Token counts: input with what the service's own tools read, output with thoughts."""
    get = counts.get
    prompt = (get("promptTokenCount") or 0) + (get("toolUsePromptTokenCount") or 0)
    thoughts = get("thoughtsTokenCount") or 0
    output = (get("candidatesTokenCount") or 0) + thoughts
    return Usage(
        int(prompt),
        int(output),
        int(get("totalTokenCount") or prompt + output),
        int(get("cachedContentTokenCount") or 0),
        0,
        int(thoughts),
    )


def first_candidate(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The candidate of index 0, which is left out where it is 0; empty where a piece is all of others."""
    for candidate in event.get("candidates") or ():
        if not candidate.get("index"):
            return candidate  # type: ignore[no-any-return]
    return {}


def parts_of(candidate: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    content = candidate.get("content")
    parts = content.get("parts") if content else None
    if parts is not None and parts.__class__ is not list:
        raise TypeError("candidates[0].content.parts is no list")
    return parts or ()


def _finish_reason(told: Any) -> str:
    if told is not None and not isinstance(told, str):
        raise TypeError("candidates[0].finishReason is no string")
    return _FINISH.get(told, told) if told else ""


def _gathered(parts: Iterable[Mapping[str, Any]], calls_before: int) -> tuple[str, str, tuple[ToolCallDelta, ...], str]:
    """Text, thoughts, calls, and the signatures of all three, each with its place."""
    text: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolCallDelta] = []
    signatures: list[str] = []
    for place, part in enumerate(parts):
        signed = TEXT
        if "functionCall" in part:
            calls.append(_call(part["functionCall"], calls_before + len(calls), place))
            signed = place_of_call(calls[-1].index)
        elif "text" in part:
            if not isinstance(part["text"], str):
                raise TypeError(f"candidates[0].content.parts[{place}].text is no string")
            signed = THOUGHT if part.get("thought") else signed
            (thoughts if part.get("thought") else text).append(part["text"])
        if part.get("thoughtSignature"):
            signatures.append(noted(signed, part["thoughtSignature"]))
    return "".join(text), "".join(thoughts), tuple(calls), "".join(signatures)


def _call(call: Mapping[str, Any], index: int, place: int) -> ToolCallDelta:
    """Calls come whole, with their arguments as an object; the service need not give them an id."""
    path = f"candidates[0].content.parts[{place}].functionCall"
    if not isinstance(call, dict) or not call.get("name"):
        raise KeyError(f"{path}.name")
    name, key, arguments = call["name"], call.get("id") or f"call_{index}", call.get("args") or {}
    if not (isinstance(name, str) and isinstance(key, str) and isinstance(arguments, dict)):
        raise TypeError(f"{path} has a name, id or args of the wrong type")
    return ToolCallDelta(index, key, name, dumps(arguments).decode())
