"""Ollama, on this machine or in its cloud (Ollama API documentation)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import ModelInfo, ModelList, Reply, Usage
from ipfs_accel_async.errors import ResponseValidationError
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.providers._json import loads, loads_or_none
from ipfs_accel_async.providers._ollama_body import chat_body, complete_body, embed_body
from ipfs_accel_async.providers._ollama_parse import delta_of, embeddings_of, generated_of
from ipfs_accel_async.providers._ollama_table import NATIVE, OPERATIONS, PROGRESS
from ipfs_accel_async.types import ChatRequest, EmbedRequest, ToolCall
from ipfs_accel_async.wire.ndjson import NDJSONDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta, Event
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Headers, Response

PORT = 11434
_CODES = {
    "exceeds the context length": "context_length_exceeded",
    "file does not exist": "model_not_found",  # the registry's word for a model that it has not
}
"""What sentences of the service mean: it has no codes."""


class Ollama(Codec):
    """Ollama's own API: chat, completions, embeddings and the care of models; its answers stream as lines of JSON.

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
    operations: ClassVar[Mapping[str, Operation]] = OPERATIONS
    native: ClassVar[Mapping[str, Operation]] = NATIVE
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
        """The body of one of `operations`; the list of models has none."""
        match call.payload:
            case ChatRequest() as request:
                return chat_body(call, request)
            case CompleteRequest() as request:
                return complete_body(call, request)
            case EmbedRequest() as request:
                return embed_body(call, request)
        return None

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """A reply, vectors or the list of models; a 200 whose body is an error raises it."""
        if "error" in data:
            raise _error(call, data, 500)
        meta = self.meta(call, response.headers)
        if call.operation == "models":
            models = tuple(ModelInfo(model.get("model") or model["name"], raw=model) for model in data["models"])
            return ModelList(**meta, models=models, raw=data)
        if call.operation == "embed":
            return embeddings_of(call, data, meta)
        whole = generated_of(data) if call.operation == "complete" else delta_of(data)
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
            return (generated_of(line) if call.operation == "complete" else delta_of(line),)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            message = f"a line of the stream lacks a field or has one of the wrong type: {error}"
            raise ResponseValidationError(message, target=call.target, request_id=call.request_id) from error

    def is_last(self, call: CallFacts, event: Event) -> bool:
        """Whether a line of progress is the last: nothing but ``success`` means that all is there."""
        return call.operation in PROGRESS and isinstance(event.data, dict) and event.data.get("status") == "success"

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """The typed error of a response; proxies on the way answer with other bodies than the service."""
        body = loads_or_none(response.body)
        if not isinstance(body, dict):
            body = {"error": response.body.decode("utf-8", "replace")}
        return _error(call, body, response.status, response.headers)


def _error(call: CallFacts, body: Mapping[str, Any], status: int, headers: Headers | None = None) -> APIError:
    """The service gives a sentence and no code; its OpenAI-like routes and proxies give an object."""
    error = body.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    text = str(message or "")
    code = next((code for words, code in _CODES.items() if words in text), None)
    return api_error(call, status, headers, message=text, codes=(code,))


codec = Ollama()
