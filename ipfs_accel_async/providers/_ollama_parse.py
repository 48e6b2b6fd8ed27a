"""Replies, pieces, usage and vectors of Ollama (Ollama API documentation, chat, generate and embed)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Delta, Embeddings, ToolCallDelta, Usage
from ipfs_accel_async.providers._json import dumps
from ipfs_accel_async.providers._spoilt import spoilt
from ipfs_accel_async.types import EmbedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.providers._codec import CallFacts


def delta_of(line: Mapping[str, Any]) -> Delta:
    """One line: a piece of the message or, with ``done: true``, its last piece with reason and counts."""
    message = line["message"]
    text, thinking = message.get("content") or "", message.get("thinking") or ""
    model = line["model"]
    if text.__class__ is not str or thinking.__class__ is not str or model.__class__ is not str:
        raise TypeError("message.content, message.thinking or model is no string")
    calls = _tool_calls(message["tool_calls"]) if message.get("tool_calls") else ()
    # the service ends with "stop" after tool calls too: the line that brings them says why it stopped
    finish = "tool_calls" if calls else ""
    if not line.get("done"):
        return Delta(text, thinking, calls, finish, None, model, "", "", False, line)  # keywords would cost here
    reason = line.get("done_reason") or ""
    if not isinstance(reason, str):
        raise TypeError("done_reason is no string")
    if not (reason == "stop" and calls):
        finish = reason or finish
    return Delta(text, thinking, calls, finish, usage_of(line), model, end=True, raw=line)


def generated_of(line: Mapping[str, Any]) -> Delta:
    """One line of a completion: text without a message around it."""
    text, thinking, model = line["response"], line.get("thinking") or "", line["model"]
    if text.__class__ is not str or thinking.__class__ is not str or model.__class__ is not str:
        raise TypeError("response, thinking or model is no string")
    if not line.get("done"):
        return Delta(text, thinking, (), "", None, model, "", "", False, line)
    reason = line.get("done_reason") or ""
    if not isinstance(reason, str):
        raise TypeError("done_reason is no string")
    return Delta(text, thinking, (), reason, usage_of(line), model, end=True, raw=line)


def _tool_calls(calls: Any) -> tuple[ToolCallDelta, ...]:
    """Calls come whole, with their arguments as an object; older servers give them no id."""
    pieces = []
    for position, call in enumerate(calls):
        path = f"message.tool_calls[{position}]"
        function = call.get("function")
        if not isinstance(function, dict) or not function.get("name"):
            raise KeyError(f"{path}.function.name")
        index, name, key = function.get("index", position), function["name"], call.get("id") or ""
        if not (isinstance(index, int) and isinstance(name, str) and isinstance(key, str)):
            raise TypeError(f"{path} has an index, name or id of the wrong type")
        arguments = function.get("arguments") or {}
        text = arguments if isinstance(arguments, str) else dumps(arguments).decode()
        pieces.append(ToolCallDelta(index, key or f"call_{index}", name, text))
    return tuple(pieces)


def usage_of(counts: Mapping[str, Any]) -> Usage:
    prompt, output = int(counts.get("prompt_eval_count") or 0), int(counts.get("eval_count") or 0)
    return Usage(prompt, output, prompt + output)


def embeddings_of(call: CallFacts, data: Mapping[str, Any], meta: dict[str, Any]) -> Embeddings:
    import numpy as np  # loaded on first use: it costs more than the rest of the package

    rows = data["embeddings"]
    wanted = len(call.payload.texts) if isinstance(call.payload, EmbedRequest) else len(rows)
    try:
        with np.errstate(over="ignore"):
            vectors = np.asarray(rows, dtype=np.float32)
    except ValueError as fault:
        raise (spoilt(fault, rows) if len(rows) == wanted else fault) from None
    if vectors.ndim != 2 or len(vectors) != wanted:
        raise ValueError(f"embeddings has the shape {vectors.shape}, not {wanted} vectors of one length")
    if not np.isfinite(vectors).all():  # JSON has no such numbers: it is a null, or beyond float32
        raise spoilt(ValueError("embeddings has a null or a number beyond float32"), rows)
    return Embeddings(**meta, vectors=vectors, model=data.get("model") or "", usage=usage_of(data), raw=data)
