"""Events, usage and errors of Claude (Anthropic API reference, Messages streaming and Errors)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Block, Delta, ToolCallDelta, Usage
from ipfs_accel_async.providers._errors import api_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_NONE: tuple[Delta, ...] = ()


def deltas(call: CallFacts, event: Any) -> tuple[Delta, ...]:
    """The deltas in one event. Its JSON `type` rules, not the frame's event name; unknown types are passed over.

    Raises:
        APIError: The event is an error.
        KeyError, TypeError, ValueError: A field is missing or of the wrong type.
    """
    kind = event["type"]
    if kind == "content_block_delta":
        return _block_delta(event, event["delta"])
    if kind == "content_block_start":
        return _block_start(event, event["content_block"])
    if kind == "message_start":
        message = event["message"]
        use = usage_of(message["usage"])
        return (Delta(id=string_in(message, "id"), model=string_in(message, "model"), usage=use, raw=event),)
    if kind == "message_delta":
        finish = finish_reason(event["delta"].get("stop_reason"))
        return (Delta(finish_reason=finish, usage=_later_usage(event.get("usage") or {}), raw=event),)
    if kind == "message_stop":
        return (Delta(end=True, raw=event),)
    if kind == "error":
        raise error_of(call, event)
    return _NONE


def _block_delta(event: Mapping[str, Any], delta: Mapping[str, Any]) -> tuple[Delta, ...]:
    kind = delta["type"]
    if kind == "text_delta":
        text = delta["text"]
        if text.__class__ is not str:
            raise TypeError("delta.text is no string")
        return (
            Delta(text, "", (), "", None, "", "", "", False, event),
        )  # nearly every event: keywords would cost here
    if kind == "input_json_delta":
        piece = ToolCallDelta(_index(event), arguments=string_in(delta, "partial_json"))
        return (Delta(tool_calls=(piece,), raw=event),) if piece.arguments else _NONE
    if kind == "thinking_delta":
        return (Delta(reasoning=string_in(delta, "thinking"), raw=event),)
    if kind == "signature_delta":
        return (Delta(signature=string_in(delta, "signature"), raw=event),)
    if kind == "citations_delta":
        return (Delta(raw=event, block=Block(_index(event), delta["citation"], "citations")),)
    return (Delta(raw=event),)  # what is yet to come: for those who read raw


def _block_start(event: Mapping[str, Any], block: Mapping[str, Any]) -> tuple[Delta, ...]:
    kind, place = block["type"], _index(event)
    if kind == "tool_use":
        piece = ToolCallDelta(place, string_in(block, "id"), string_in(block, "name"))
        return (Delta(tool_calls=(piece,), raw=event, block=Block(place, block)),)
    if kind == "text":
        text = string_in(block, "text") if block.get("text") else ""
        return (Delta(text, raw=event, block=Block(place, {**block, "text": ""})),)
    if kind == "thinking":
        text = string_in(block, "thinking") if block.get("thinking") else ""
        return (Delta(reasoning=text, raw=event, block=Block(place, {**block, "thinking": ""})),)
    return (Delta(raw=event, block=Block(place, block)),)  # redacted thinking, the service's own tools


def string_in(value: Mapping[str, Any], field: str) -> str:
    """A field that must be a string.

    Raises:
        KeyError, TypeError: It is missing, or something else.
    """
    text = value[field]
    if not isinstance(text, str):
        raise TypeError(f"{field} is no string")
    return text


def _index(event: Mapping[str, Any]) -> int:
    index = event["index"]
    if not isinstance(index, int):
        raise TypeError("index is no integer")
    return index


def finish_reason(stop_reason: Any) -> str:
    """Our word for why the model stopped, or the service's own where we have none.

    Raises:
        TypeError: It is neither a string nor null.
    """
    if stop_reason is None:
        return ""
    if not isinstance(stop_reason, str):
        raise TypeError("stop_reason is no string")
    return _FINISH.get(stop_reason, stop_reason)


def usage_of(counts: Mapping[str, Any]) -> Usage:
    """Token counts; the service states uncached, cached and cache-writing input apart, all input is their sum."""
    cached = int(counts.get("cache_read_input_tokens") or 0)
    written = int(counts.get("cache_creation_input_tokens") or 0)
    all_input = int(counts.get("input_tokens") or 0) + cached + written
    output = int(counts.get("output_tokens") or 0)
    thinking = int((counts.get("output_tokens_details") or {}).get("thinking_tokens") or 0)
    return Usage(all_input, output, all_input + output, cached, written, thinking)


def _later_usage(counts: Mapping[str, Any]) -> Usage:
    # a sum of some of the three input counts would be too small: then the counts of message_start stand
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    if all(counts.get(name) is not None for name in names):
        return usage_of(counts)
    return usage_of({name: count for name, count in counts.items() if name not in names})


def error_of(call: CallFacts, body: Mapping[str, Any], status: int = 0, headers: Headers | None = None) -> APIError:
    """The typed error in ``{"type": "error", "error": {...}}``; within a stream its `type` stands for the status."""
    error = body.get("error")
    error = error if isinstance(error, dict) else {"message": str(error or "")}
    kind, message = error.get("type"), str(error.get("message") or "")
    details = error.get("details")
    fine = details.get("error_code") if isinstance(details, dict) else None
    codes = (*(code for code in (fine, kind) if isinstance(code, str)), _unspoken_code(message))
    told = headers.get("request-id") if headers is not None else None
    return api_error(
        call,
        status if status >= 400 else _STATUS.get(str(kind), 500),
        headers,
        message=message,
        codes=codes,
        provider_request_id=told or str(body.get("request_id") or "") or None,
    )


def _unspoken_code(message: str) -> str | None:
    """A prompt that is too long and an empty account are plain invalid requests here: only the message tells."""
    if message.startswith("prompt is too long"):
        return "context_length_exceeded"
    return "billing_error" if message.startswith("Your credit balance is too low") else None
