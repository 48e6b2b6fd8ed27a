"""Gemini: Google's Gemini API, and the same models on Vertex AI (Gemini API reference; Vertex AI reference)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import Embeddings, ModelInfo, ModelList, Reply
from ipfs_accel_async.errors import ConfigError, InvalidRequestError, ResponseValidationError
from ipfs_accel_async.payloads import CompleteRequest, ImageRequest, SpeechRequest, TranscribeRequest
from ipfs_accel_async.providers import _gemini_address as address
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._gemini_audio import audio_of, transcript_of
from ipfs_accel_async.providers._gemini_body import chat_body, complete_body, count_body
from ipfs_accel_async.providers._gemini_embed import counted, embed_body, embed_method, embeddings_of, vectors_of
from ipfs_accel_async.providers._gemini_errors import error_of, raise_refusal
from ipfs_accel_async.providers._gemini_frames import GeminiDecoder
from ipfs_accel_async.providers._gemini_media import image_body, is_imagen, pictures_of, speech_body, transcribe_body
from ipfs_accel_async.providers._gemini_parse import delta_of, usage_of
from ipfs_accel_async.providers._gemini_table import NATIVE, ON_VERTEX, OPERATIONS
from ipfs_accel_async.providers._gemini_uploads import STEPS, step_of
from ipfs_accel_async.providers._json import loads, loads_or_none
from ipfs_accel_async.results import Pictures, Speech, TokenCount, Transcript
from ipfs_accel_async.types import NOTHING, ChatRequest, EmbedRequest, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Request, Response

DEFAULT_VERSION = "v1"  # as in the paths of the table


class Gemini(Codec):
    """The Gemini API: chat, embeddings, token counts, images, speech, transcription, files, caches and batches.

    Options:

    - ``api_version``: ``v1`` (the default), ``v1beta`` or ``v1alpha``; a base URL that ends in a version overrides it.
    - ``project``: on Vertex AI, instead of the Developer API; the key is then an access token.
    - ``location``: where that project's models are to run; ``global`` if not given.

    A prompt that the service refuses is a `ContentFilteredError`, whole or streamed; an answer that it stops is a reply
    that ends with ``content_filter``. A stream ends with the piece that has the finish reason: the wire has no other
    end mark.

    Raises:
        ConfigError: An option that is unknown or cannot be meant.
    """

    name = "gemini"
    base_url = address.DEVELOPER
    key_env = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    url_env = ("GOOGLE_GEMINI_BASE_URL",)
    file_keys = ("gemini_api_key", "google_api_key")
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "api_version": ("GOOGLE_GENAI_API_VERSION",),
        "project": (),  # not from the environment: GOOGLE_CLOUD_PROJECT is set on machines that mean the Developer API
        "location": (),
    }
    capabilities = frozenset({"stream", "tools", "schema", "images", "seed"})
    operations: ClassVar[Mapping[str, Operation]] = OPERATIONS
    native: ClassVar[Mapping[str, Operation]] = NATIVE
    decoder = GeminiDecoder

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        version = options.get("api_version", DEFAULT_VERSION)
        version = "v1beta" if version == "beta" else version  # its own client takes the short form
        if not address.is_version(version):
            shape = f"v1, v1beta or v1alpha; it is {version!r}"
            raise ConfigError(f"the option api_version of gemini must be {shape}", provider="gemini")
        self._version = version
        super().__init__(headers=headers, options=options)

    def auth_headers(self, key: Secret) -> Iterable[tuple[bytes, bytes]]:
        """The key, in a header: the service would take it in the URL too, where every log shows it."""
        return ((b"x-goog-api-key", key.header()),)

    def normalize_url(self, url: str) -> str:
        """The root of the service, of a version or of a project on Vertex AI; ``/openai`` behind it is another wire."""
        url = url.removesuffix("/openai").removesuffix("/publishers/google")
        return address.vertex_url(url, self.options, self._version)

    def build_request(self, call: CallFacts, key: Secret | None) -> Request:
        """The HTTP request of a call; Vertex AI takes a Bearer token, and has not all of the table."""
        endpoint, operation = call.target.endpoint, call.operation
        vertex = address.on_vertex(endpoint)
        own = operation in self.native
        if vertex and own and not operation.startswith(ON_VERTEX):
            message = f"Vertex AI has no {operation}: it is of the Developer API alone"
            raise InvalidRequestError(message, target=call.target, request_id=call.request_id)
        request = super().build_request(call, None if vertex else key)
        if not (vertex or own):
            return request
        path = request.url.removeprefix(endpoint)
        url = address.versioned(endpoint, path, self._version) if own else request.url
        if vertex and operation.startswith("models"):
            url = address.publisher_url(endpoint, f"/publishers/google{path.removeprefix('/v1')}")
        bearer = () if key is None or not vertex else self.token_headers(key)
        return replace(request, url=url, headers=(*request.headers, *bearer))

    def path(self, call: CallFacts, row: Operation) -> str:
        """The version, the model's resource name and the method; a stream is a method of its own."""
        endpoint, request = call.target.endpoint, call.payload
        resource = address.model_path(endpoint, call.target.model)
        path = row.path.removeprefix("/v1").replace("/models/{model}", resource)
        if request.stream:
            path = path.replace(":generateContent", ":streamGenerateContent?alt=sse")
        elif isinstance(request, EmbedRequest):
            path = path.replace("batchEmbedContents", embed_method(call, request))
        elif isinstance(request, ImageRequest) and is_imagen(call.target.model):
            path = path.replace("generateContent", "predict")
        bare = address.on_vertex(endpoint) or address.is_version(endpoint.rpartition("/")[2])
        return path if bare else f"/{self._version}{path}"

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of one of `operations`; the list of models has none."""
        match call.payload:
            case ChatRequest() as request:
                return count_body(call, request) if call.operation == "count_tokens" else chat_body(call, request)
            case CompleteRequest() as request:
                return complete_body(call, request)
            case EmbedRequest() as request:
                return embed_body(call, request)
            case ImageRequest() as request:
                return image_body(call, request)
            case SpeechRequest() as request:
                return speech_body(call, request)
            case TranscribeRequest() as request:
                return transcribe_body(call, request)
        return None

    def parse_response(self, call: CallFacts, response: Response) -> Answer:
        """The answer in a 2xx response; the steps of an upload tell theirs in headers."""
        answer = super().parse_response(call, response)
        return step_of(call, answer, response.headers) if call.operation in STEPS else answer  # type: ignore[arg-type]

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """The answer to one of `operations`; a 200 that holds an error or a refusal raises it."""
        raise_refusal(call, data)
        meta = {**self.meta(call, response.headers), "raw": data}
        match call.operation:
            case "models":
                return ModelList(**meta, models=tuple(_models(data)))
            case "count_tokens":
                return TokenCount(**meta, tokens=int(data["totalTokens"]))
            case "embed":
                count = len(call.payload.texts) if isinstance(call.payload, EmbedRequest) else 0
                vectors = vectors_of(embeddings_of(data), count)
                return Embeddings(**meta, vectors=vectors, usage=usage_of(counted(data)))
        meta |= {"usage": usage_of(data.get("usageMetadata") or {}), "model": data.get("modelVersion") or ""}
        match call.operation:
            case "image":
                return Pictures(**meta, pictures=pictures_of(call, data))
            case "speech":
                wanted = call.payload.format if isinstance(call.payload, SpeechRequest) else ""
                audio, kind = audio_of(call, data, wanted)
                return Speech(**meta, data=audio, media_type=kind)
            case "transcribe":
                return Transcript(**meta, **transcript_of(data))
        return _reply(data, meta)

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


def _reply(data: Any, meta: Mapping[str, Any]) -> Reply:
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
        id=whole.id,
    )


def _models(data: Any) -> Iterable[ModelInfo]:
    """The models of a list, named as calls name them."""
    for model in data["publisherModels"] if "publisherModels" in data else data["models"]:
        name = model["name"].removeprefix("publishers/google/").removeprefix("models/")
        yield ModelInfo(name, raw=model)


codec = Gemini()
