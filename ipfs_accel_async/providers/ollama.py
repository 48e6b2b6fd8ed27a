"""Ollama, on this machine or in its cloud (Ollama API documentation)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import Delta, Embeddings, ModelInfo, ModelList, Reply, ToolCallDelta, Usage
from ipfs_accel_async.errors import ResponseValidationError
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.providers._json import dumps, loads, loads_or_none
from ipfs_accel_async.providers._ollama_body import chat_body, embed_body
from ipfs_accel_async.types import ChatRequest, EmbedRequest, ToolCall
from ipfs_accel_async.wire.ndjson import NDJSONDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Headers, Response

PORT = 11434


class Ollama(Codec):
    """Ollama's own API: chat, embed and the list of models; its answers stream as lines of JSON.

    No key is needed on one's own machine; ``https://ollama.com`` takes one. Images go as bytes, never by address. There
    is no `tool_choice` but ``auto`` and ``none``.
    """

    name = "ollama"
    base_url = f"http://127.0.0.1:{PORT}"
    key_env = ("OLLAMA_API_KEY",)
    url_env = ("OLLAMA_HOST", "OLLAMA_API_URL")
    file_keys = ("ollama_api_key",)
    file_urls = ("ollama_endpoint", "ollama_host", "ollama_api_url")
    key_required = False
    capabilities = frozenset({"stream", "tools", "schema", "images", "seed"})
    operations: ClassVar[Mapping[str, Operation]] = {
        "chat": Operation("POST", "/api/chat"),
        "embed": Operation("POST", "/api/embed", batchable=True),
        "models": Operation("GET", "/api/tags"),
    }
    decoder = NDJSONDecoder

    def parse_url_env(self, value: str) -> str:
        """``OLLAMA_HOST`` as its own client reads it: ``host``, ``host:port``, ``:port``, with or without a path."""
        if "://" in value:
            return value
        host, slash, path = value.partition("/")
        if not re.search(r":\d+$", host):
            host = f"{host}:{PORT}"
        return f"http://{'127.0.0.1' if host.startswith(':') else ''}{host}{slash}{path}"

    def normalize_url(self, url: str) -> str:
        """The root of the service: paths carry ``/api`` themselves, and ``/v1`` is another wire."""
        return url.removesuffix("/api").removesuffix("/v1")

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of a chat or embed request; the list of models has none."""
        request = call.payload
        if isinstance(request, ChatRequest):
            return chat_body(call, request)
        return embed_body(call, request) if isinstance(request, EmbedRequest) else None

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """A reply, vectors or the list of models; a 200 whose body is an error raises it."""
        if "error" in data:
            raise _error(call, data, 500)
        meta = self.meta(call, response.headers)
        if call.operation == "models":
            models = tuple(ModelInfo(model.get("model") or model["name"], raw=model) for model in data["models"])
            return ModelList(**meta, models=models, raw=data)
        if call.operation == "embed":
            return _embeddings(call, data, meta)
        whole = _delta(data)
        return Reply(
            **meta,
            text=whole.text,
            reasoning=whole.reasoning,
            tool_calls=tuple(ToolCall(piece.id, piece.name, piece.arguments) for piece in whole.tool_calls),
            finish_reason=whole.finish_reason,
            usage=whole.usage or Usage(),
            model=whole.model,
            raw=data,
        )

    def parse_event(self, call: CallFacts, frame: Frame) -> Iterable[Delta]:
        """The delta in one line of a stream; the line with ``done: true`` is its end mark."""
        line = loads(call, frame.data)
        try:
            if "error" in line:
                raise _error(call, line, 500)
            return (_delta(line),)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            message = f"a line of the stream lacks a field or has one of the wrong type: {error}"
            raise ResponseValidationError(message, target=call.target, request_id=call.request_id) from error

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """The typed error of a response; proxies on the way answer with other bodies than the service."""
        body = loads_or_none(response.body)
        if not isinstance(body, dict):
            body = {"error": response.body.decode("utf-8", "replace")}
        return _error(call, body, response.status, response.headers)


def _delta(line: Mapping[str, Any]) -> Delta:
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
    return Delta(text, thinking, calls, finish, _usage(line), model, end=True, raw=line)


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


def _usage(counts: Mapping[str, Any]) -> Usage:
    prompt, output = int(counts.get("prompt_eval_count") or 0), int(counts.get("eval_count") or 0)
    return Usage(prompt, output, prompt + output)


def _embeddings(call: CallFacts, data: Mapping[str, Any], meta: dict[str, Any]) -> Embeddings:
    import numpy as np  # loaded on first use: it costs more than the rest of the package

    vectors = np.asarray(data["embeddings"], dtype=np.float32)
    wanted = len(call.payload.texts) if isinstance(call.payload, EmbedRequest) else len(vectors)
    if vectors.ndim != 2 or len(vectors) != wanted:
        raise ValueError(f"embeddings has the shape {vectors.shape}, not {wanted} vectors of one length")
    return Embeddings(**meta, vectors=vectors, model=data.get("model") or "", usage=_usage(data), raw=data)


def _error(call: CallFacts, body: Mapping[str, Any], status: int, headers: Headers | None = None) -> APIError:
    """The service gives a sentence and no code; its OpenAI-like routes and proxies give an object."""
    error = body.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    text = str(message or "")
    code = "context_length_exceeded" if "exceeds the context length" in text else None
    return api_error(call, status, headers, message=text, codes=(code,))


codec = Ollama()
