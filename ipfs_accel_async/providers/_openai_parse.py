"""Answers and stream chunks of the OpenAI wire (OpenAI API reference, chat/completions)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import NO_USAGE, Delta, Reply, ToolCallDelta, Usage
from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.types import ToolCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers

END = (Delta(end=True),)
_NONE: tuple[Delta, ...] = ()


def reply_of(data: Mapping[str, Any], meta: dict[str, Any]) -> Reply:
    """The reply in a chat completion: its first choice. A refusal's words are the text, as nothing else was said.

    Raises:
        KeyError, TypeError: A field is missing or of the wrong type; the message has its path.
    """
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices:
        raise KeyError("choices[0]")
    choice = choices[0]
    message = choice.get("message")
    if not isinstance(message, dict):
        raise KeyError("choices[0].message")
    return Reply(
        **meta,
        text=_said(message, "choices[0].message"),
        reasoning=_thought(message, "choices[0].message"),
        tool_calls=tuple(
            _tool_call(asked, f"choices[0].message.tool_calls[{place}]")
            for place, asked in enumerate(message.get("tool_calls") or ())
        ),
        finish_reason=choice.get("finish_reason") or "",
        usage=usage_of(data.get("usage")),
        model=data.get("model") or "",
        id=data.get("id") or "",
        raw=data,
    )


def deltas_of(chunk: Mapping[str, Any], counts: Any = None) -> tuple[Delta, ...]:
    """The delta in one chunk of a stream: of its first choice, as with several choices (`n`) in a whole reply.

    Args:
        chunk: Parsed JSON.
        counts: Token counts that the service put elsewhere than in `usage`.

    Raises:
        KeyError, TypeError, AttributeError: A field is missing or of the wrong type.
    """
    choices = chunk.get("choices")
    usage = chunk.get("usage") or counts
    if not choices:  # the token counts come alone, at the end; anything else without choices is no piece of the answer
        if not usage:
            return _NONE
        return (Delta(usage=usage_of(usage), model=chunk.get("model") or "", id=chunk.get("id") or "", raw=chunk),)
    choice = choices[0]
    if choice.get("index"):
        return _NONE
    delta = choice.get("delta")
    if delta is None:
        raise KeyError("choices[0].delta")
    text = delta.get("content")
    if text and len(delta) == 1 and text.__class__ is str:  # nearly every chunk
        reasoning = ""
        tool_calls: tuple[ToolCallDelta, ...] = ()
    else:
        text = _said(delta, "choices[0].delta")
        reasoning = _thought(delta, "choices[0].delta")
        asked = delta.get("tool_calls")
        tool_calls = tuple(_tool_call_delta(piece, place) for place, piece in enumerate(asked)) if asked else ()
    return (
        Delta(
            text,
            reasoning,
            tool_calls,
            choice.get("finish_reason") or "",
            usage_of(usage) if usage else None,
            chunk.get("model") or "",
            chunk.get("id") or "",
            "",
            False,  # positional: a keyword costs on every chunk
            chunk,
        ),
    )


def usage_of(counts: Any) -> Usage:
    """Token counts; the details are parts of the input and the output, and may be absent or null."""
    if not counts:
        return NO_USAGE
    read = counts.get("prompt_tokens_details") or {}
    written = counts.get("completion_tokens_details") or {}
    prompt = int(counts.get("prompt_tokens") or 0)
    completion = int(counts.get("completion_tokens") or 0)
    return Usage(
        prompt,
        completion,
        int(counts.get("total_tokens") or 0) or prompt + completion,
        int(read.get("cached_tokens") or 0),
        int(read.get("cache_write_tokens") or 0),
        int(written.get("reasoning_tokens") or 0),
    )


def error_of(
    call: CallFacts, body: Any, status: int = 200, headers: Headers | None = None, request_id: str | None = None
) -> APIError:
    """The typed error in a body: ``{"error": {message, type, param, code}}``, or what proxies and kin write instead.

    Args:
        call: The call that failed.
        body: Parsed JSON, or text.
        status: Of the response; an error inside a stream may bring its own as a numeric code.
        headers: Of the response; None inside a stream.
        request_id: The service's own id, if known.
    """
    error = body.get("error", body) if isinstance(body, dict) else body
    message = ""
    codes: tuple[str, ...] = ()
    if isinstance(error, dict):
        message = _words(error.get("message") or error.get("detail"))
        code, kind = error.get("code"), error.get("type")
        if status < 400 and isinstance(code, int) and 400 <= code < 600:
            status = code
        codes = tuple(word for word in (code, kind) if isinstance(word, str) and word)
    elif error is not None:
        message = _words(error)
    return api_error(call, status, headers, message=message, codes=codes, provider_request_id=request_id)


def _words(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _said(message: Mapping[str, Any], path: str) -> str:
    text = message.get("content") or message.get("refusal") or ""
    if not isinstance(text, str):
        raise TypeError(f"{path}.content is no string")
    return text


def _thought(message: Mapping[str, Any], path: str) -> str:
    text = message.get("reasoning") or message.get("reasoning_content") or ""
    if not isinstance(text, str):
        raise TypeError(f"{path}.reasoning is no string")
    return text


def _tool_call(asked: Mapping[str, Any], path: str) -> ToolCall:
    function = asked.get("function")
    if function is None:
        custom = asked.get("custom")  # a tool that takes text instead of JSON; only a native definition brings one
        if custom is None:
            raise KeyError(f"{path}.function")
        return ToolCall(asked.get("id") or "", custom["name"], custom.get("input") or "{}")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise KeyError(f"{path}.function.name")
    arguments = function.get("arguments") or "{}"
    if not isinstance(arguments, str):
        raise TypeError(f"{path}.function.arguments is no string")
    return ToolCall(asked.get("id") or "", function["name"], arguments)


def _tool_call_delta(piece: Mapping[str, Any], place: int) -> ToolCallDelta:
    function = piece.get("function") or piece.get("custom") or {}
    index = piece.get("index")
    arguments = function.get("arguments") or function.get("input") or ""
    if not isinstance(arguments, str) or not (index is None or isinstance(index, int)):
        raise TypeError(f"choices[0].delta.tool_calls[{place}] has an index or arguments of the wrong type")
    return ToolCallDelta(
        place if index is None else index, piece.get("id") or "", function.get("name") or "", arguments
    )
