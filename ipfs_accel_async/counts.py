"""Token counts in answers that no codec reads: services give them few names, so one reading serves all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipfs_accel_async.deltas import NO_USAGE, Usage

_INPUT = ("input_tokens", "prompt_tokens", "promptTokenCount")
_OUTPUT = ("output_tokens", "completion_tokens", "candidatesTokenCount")
_INPUT_DETAILS = ("input_tokens_details", "prompt_tokens_details")
_OUTPUT_DETAILS = ("output_tokens_details", "completion_tokens_details")


def counted(data: Any) -> Usage:
    """The token counts in a native answer, or in one event of a stream; zeros where it has none that can be read.

    They stand in ``usage`` (OpenAI, Anthropic and their kin) or ``usageMetadata`` (Gemini), at the top or within the
    event's ``response`` or ``message``, or in TGI's ``details``. Nothing in them is an error: the answer itself matters
    more than its counts.

    Args:
        data: Parsed JSON.
    """
    if data.__class__ is not dict:
        return NO_USAGE
    for holder in (data, data.get("response"), data.get("message")):
        if holder.__class__ is dict:
            counts = holder.get("usage") or holder.get("usageMetadata")
            if isinstance(counts, Mapping):
                return _usage(counts)
    details = data.get("details")
    return _generated(details) if details.__class__ is dict else NO_USAGE


def _usage(counts: Mapping[str, Any]) -> Usage:
    read, written = _details(counts, _INPUT_DETAILS), _details(counts, _OUTPUT_DETAILS)
    apart = _number(counts, "cache_read_input_tokens")  # Anthropic counts cached input beside the rest, others within
    stored = _number(counts, "cache_creation_input_tokens")
    thoughts = _number(counts, "thoughtsTokenCount")  # and Gemini thoughts beside the output
    taken = _number(counts, *_INPUT) + apart + stored
    given = _number(counts, *_OUTPUT) + thoughts
    if not taken and not given:
        return NO_USAGE  # a sum alone is the size of something stored, not what the call has used
    return Usage(
        taken,
        given,
        _number(counts, "total_tokens", "totalTokenCount") or taken + given,
        apart or _number(read, "cached_tokens") or _number(counts, "cachedContentTokenCount"),
        stored or _number(read, "cache_write_tokens"),
        thoughts or _number(written, "reasoning_tokens", "thinking_tokens"),
    )


def _generated(details: Mapping[str, Any]) -> Usage:
    prefill = details.get("prefill")
    listed = len(prefill) if isinstance(prefill, list) else 0
    taken, given = _number(details, "input_length") or listed, _number(details, "generated_tokens")
    return Usage(taken, given, taken + given) if given else NO_USAGE


def _details(counts: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    found = next((counts[name] for name in names if counts.get(name)), None)
    return found if isinstance(found, Mapping) else {}


def _number(counts: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = counts.get(name)
        if value.__class__ is int and value > 0:
            return value
    return 0
