"""Gemini: Google's Gemini API (Gemini API reference, generateContent, batchEmbedContents and models)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from ipfs_accel_async.answers import Embeddings, ModelInfo, ModelList, Reply
from ipfs_accel_async.errors import ConfigError, ResponseValidationError
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._gemini_body import chat_body, embed_body, model_name
from ipfs_accel_async.providers._gemini_errors import error_of, raise_refusal
from ipfs_accel_async.providers._gemini_frames import GeminiDecoder
from ipfs_accel_async.providers._gemini_parse import delta_of, usage_of, vectors_of
from ipfs_accel_async.providers._json import loads, loads_or_none
from ipfs_accel_async.types import NOTHING, ChatRequest, EmbedRequest, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Response

DEFAULT_VERSION = "v1"  # as in the paths of `operations`
_VERSIONED = re.compile(r"/v\d+[a-z0-9]*$")


class Gemini(Codec):
    """The Gemini API: chat, embeddings and the list of models.

    Options:

    - ``api_version``: ``v1`` (the default), ``v1beta`` or ``v1alpha``; a base URL that ends in a version overrides it.

    A prompt that the service refuses is a `ContentFilteredError`, whole or streamed; an answer that it stops is a reply
    that ends with ``content_filter``. A stream ends with the piece that has the finish reason: the wire has no other
    end mark.

    Raises:
        ConfigError: An option that is unknown or cannot be meant.
    """

    name = "gemini"
    base_url = "https://generativelanguage.googleapis.com"
    key_env = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    url_env = ("GOOGLE_GEMINI_BASE_URL",)
    file_keys = ("gemini_api_key", "google_api_key")
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {"api_version": ("GOOGLE_GENAI_API_VERSION",)}
    capabilities = frozenset({"stream", "tools", "schema", "images", "seed"})
    operations: ClassVar[Mapping[str, Operation]] = {
        "chat": Operation("POST", "/v1/models/{model}:generateContent"),
        "embed": Operation("POST", "/v1/models/{model}:batchEmbedContents", batchable=True),
        "models": Operation("GET", "/v1/models?pageSize=1000"),  # the most of a page; the default is 50
    }
    decoder = GeminiDecoder

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        version = options.get("api_version", DEFAULT_VERSION)
        version = "v1beta" if version == "beta" else version  # its own client takes the short form
        if not isinstance(version, str) or not _VERSIONED.fullmatch(f"/{version}"):
            shape = f"v1, v1beta or v1alpha; it is {version!r}"
            raise ConfigError(f"the option api_version of gemini must be {shape}", provider="gemini")
        self._version = version
        super().__init__(headers=headers, options=options)

    def auth_headers(self, key: Secret) -> Iterable[tuple[bytes, bytes]]:
        """The key, in a header: the service would take it in the URL too, where every log shows it."""
        return ((b"x-goog-api-key", key.header()),)

    def normalize_url(self, url: str) -> str:
        """The root of the service, or of one of its versions; ``/openai`` behind that is another wire."""
        return url.removesuffix("/openai")

    def path(self, call: CallFacts, row: Operation) -> str:
        """The version, the model's resource name and the method; a stream is a method of its own."""
        kind, name = model_name(call.target.model)
        path = row.path.removeprefix("/v1").replace("models/{model}", f"{kind}/{quote(name, safe='')}")
        if call.operation == "chat" and call.payload.stream:
            path = path.replace(":generateContent", ":streamGenerateContent?alt=sse")
        return path if _VERSIONED.search(call.target.endpoint) else f"/{self._version}{path}"

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of a chat or embed request; the list of models has none."""
        request = call.payload
        if isinstance(request, ChatRequest):
            return chat_body(call, request)
        return embed_body(call, request) if isinstance(request, EmbedRequest) else None

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """A reply, vectors or the list of models; a 200 that holds an error or a refusal raises it."""
        raise_refusal(call, data)
        meta = self.meta(call, response.headers)
        if call.operation == "models":
            models = tuple(ModelInfo(model["name"].removeprefix("models/"), raw=model) for model in data["models"])
            return ModelList(**meta, models=models, raw=data)
        if call.operation == "embed":
            texts = call.payload.texts if isinstance(call.payload, EmbedRequest) else ()
            vectors = vectors_of(data["embeddings"], len(texts))
            return Embeddings(**meta, vectors=vectors, usage=usage_of(data.get("usageMetadata") or {}), raw=data)
        if not data["candidates"]:
            raise ValueError("candidates is empty")
        whole = delta_of(data)
        return Reply(
            **meta,
            text=whole.text,
            reasoning=whole.reasoning,
            signature=whole.signature,
            tool_calls=tuple(ToolCall(piece.id, piece.name, piece.arguments) for piece in whole.tool_calls),
            finish_reason=whole.finish_reason,
            usage=usage_of(data.get("usageMetadata") or {}),
            model=whole.model,
            id=whole.id,
            raw=data,
        )

    def parse_event(self, call: CallFacts, frame: Frame) -> Iterable[Delta]:
        """The delta in one piece of a stream; the one with a finish reason is its end mark."""
        event = loads(call, frame.data)
        try:
            if event.__class__ is not dict or not event.get("candidates"):
                raise_refusal(call, event)
            return (delta_of(event, int(frame.event) if frame.event.isdecimal() else 0),)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            message = f"a piece of the stream lacks a field or has one of the wrong type: {error}"
            raise ResponseValidationError(message, target=call.target, request_id=call.request_id) from error

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """The typed error of a response; proxies on the way answer with other bodies than the service."""
        body = loads_or_none(response.body)
        if not isinstance(body, (dict, list)):
            body = {"error": response.body.decode("utf-8", "replace")}
        return error_of(call, body, response.status, response.headers)


codec = Gemini()
