"""OpenAI: chat, completions, embeddings, images, audio and more (OpenAI API reference). Others speak this wire too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import Embeddings, ModelInfo, ModelList
from ipfs_accel_async.errors import ConfigError, ResponseValidationError
from ipfs_accel_async.payloads import (
    CompleteRequest,
    ImageRequest,
    ModerateRequest,
    SpeechRequest,
    TranscribeRequest,
)
from ipfs_accel_async.providers._batchable import OPENAI_INPUTS, OPENAI_PROMPTS, OPENAI_TEXTS
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._embeddings import indexed_vectors
from ipfs_accel_async.providers._json import loads, loads_or_none
from ipfs_accel_async.providers._openai_audio import speech_body, speech_of, transcribe_content, transcript_of
from ipfs_accel_async.providers._openai_body import MAX_INPUTS, chat_body, embed_body
from ipfs_accel_async.providers._openai_complete import (
    complete_body,
    completed_reply,
    completion_deltas,
    completions_of,
)
from ipfs_accel_async.providers._openai_count import count_body, count_of
from ipfs_accel_async.providers._openai_events import is_last
from ipfs_accel_async.providers._openai_images import GENERATIONS, image_content, image_path, pictures_of
from ipfs_accel_async.providers._openai_media_table import MEDIA, media_ends, several_images
from ipfs_accel_async.providers._openai_moderate import moderate_body, moderation_of
from ipfs_accel_async.providers._openai_parse import END, deltas_of, error_of, reply_of, usage_of
from ipfs_accel_async.providers._openai_table import RESOURCES
from ipfs_accel_async.types import ChatRequest, EmbedRequest
from ipfs_accel_async.wire.ratelimits import parse_openai

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta, Event
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts, Content
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Headers, Response
    from ipfs_accel_async.wire.ratelimits import RateLimits


class OpenAI(Codec):
    """The OpenAI wire.

    Options:

    - ``organization``: header ``openai-organization``.
    - ``project``: header ``openai-project``.

    `max_tokens` goes out as ``max_completion_tokens``. The reasoning of earlier turns has no place on this wire and is
    left out. Of several choices (`n`) the first is the reply; `raw` has all.

    Raises:
        ConfigError: An option that is unknown or cannot be sent.
    """

    name = "openai"
    base_url = "https://api.openai.com/v1"
    default_path = "/v1"
    key_env: ClassVar[tuple[str, ...]] = ("OPENAI_API_KEY",)
    url_env: ClassVar[tuple[str, ...]] = ("OPENAI_BASE_URL",)
    file_keys: ClassVar[tuple[str, ...]] = ("openai_api_key",)
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "organization": ("OPENAI_ORG_ID", "OPENAI_ORGANIZATION"),
        "project": ("OPENAI_PROJECT_ID",),
    }
    capabilities = frozenset({"stream", "tools", "schema", "images", "seed"})
    operations: ClassVar[Mapping[str, Operation]] = {
        "chat": Operation("POST", "/chat/completions"),
        "complete": Operation("POST", "/completions", batchable=OPENAI_PROMPTS),
        "complete_batch": Operation("POST", "/completions"),
        "embed": Operation("POST", "/embeddings", batchable=OPENAI_TEXTS),
        "moderate": Operation("POST", "/moderations", batchable=OPENAI_INPUTS),
        "image": Operation("POST", "/images/generations", note="with `images`: POST /images/edits"),
        "speech": Operation("POST", "/audio/speech", answer="bytes"),
        "transcribe": Operation("POST", "/audio/transcriptions", answer="text"),
        "translate": Operation("POST", "/audio/translations", answer="text"),
        "count_tokens": Operation("POST", "/responses/input_tokens"),
        "models": Operation("GET", "/models"),
    }
    native: ClassVar[Mapping[str, Operation]] = {**MEDIA, **RESOURCES}
    reasoned = True
    reasoning_field: ClassVar[str] = ""
    """Where a message takes the reasoning of an earlier turn back."""
    stream_usage: bool = True
    """Whether a stream must be asked for its token counts."""
    voice_required: ClassVar[bool] = True
    """Whether speech needs a voice that is named."""
    max_inputs: ClassVar[int | None] = MAX_INPUTS
    """How many texts one embeddings request takes."""

    def fixed_headers(self) -> Iterable[tuple[bytes, bytes]]:
        """Organization and project."""
        for option, value in self.options.items():
            text = value.strip()
            if not (text.isascii() and text.isprintable() and text):
                raise ConfigError(f"the option {option} cannot be sent as a header: write it in ASCII, on one line")
            yield f"openai-{option}".encode("ascii"), text.encode("ascii")

    def normalize_url(self, url: str) -> str:
        """The base of the paths; the address of one of its endpoints is cut down to it."""
        return super().normalize_url(url.removesuffix("/chat/completions"))

    def path(self, call: CallFacts, row: Operation) -> str:
        """As in the table; an image made of others is an edit, which has a path of its own."""
        path = super().path(call, row)
        if isinstance(call.payload, ImageRequest):
            return path.replace(GENERATIONS, image_path(call.payload))
        return path

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of a request that is written in JSON; the list of models has none."""
        request = call.payload
        if isinstance(request, ChatRequest):
            if call.operation == "count_tokens":
                return count_body(call, request)
            return chat_body(call, request, reasoning_field=self.reasoning_field, stream_usage=self.stream_usage)
        if isinstance(request, EmbedRequest):
            return embed_body(call, request, most=self.max_inputs)
        if isinstance(request, CompleteRequest):
            return complete_body(call, request, stream_usage=self.stream_usage)
        if isinstance(request, SpeechRequest):
            return speech_body(call, request, voice_required=self.voice_required)
        return moderate_body(call, request) if isinstance(request, ModerateRequest) else None

    def build_content(self, call: CallFacts) -> Content | None:
        """The same as bytes, or a form where files go along."""
        request = call.payload
        if isinstance(request, TranscribeRequest):
            return transcribe_content(call, request)
        return image_content(call, request) if isinstance(request, ImageRequest) else super().build_content(call)

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """The answer of any of the operations; a 200 whose body is an error raises it."""
        if data is None and response.body.startswith(b"{"):
            data = loads_or_none(response.body)  # where bytes or text are expected
        if isinstance(data, dict) and data.get("error"):
            raise self.error(call, data, headers=response.headers)
        meta = self.meta(call, response.headers)
        request = call.payload
        if isinstance(request, SpeechRequest):
            return speech_of(response, meta)
        if isinstance(request, TranscribeRequest):
            return transcript_of(call, response, meta)
        if not isinstance(data, dict):
            raise TypeError("the body is no object")
        if isinstance(request, ChatRequest):
            return count_of(data, meta) if call.operation == "count_tokens" else reply_of(data, meta)
        if isinstance(request, EmbedRequest):
            return self.embeddings_of(data, meta, len(request.texts))
        if isinstance(request, CompleteRequest):
            if call.operation == "complete_batch":
                return completions_of(data, meta, len(request.prompts))
            return completed_reply(data, meta)
        if isinstance(request, ImageRequest):
            return pictures_of(data, meta)
        if isinstance(request, ModerateRequest):
            return moderation_of(data, meta, len(request.inputs))
        models = tuple(ModelInfo(model["id"], model.get("owned_by") or "", model) for model in data["data"])
        return ModelList(**meta, models=models, raw=data)

    @staticmethod
    def embeddings_of(data: Mapping[str, Any], meta: dict[str, Any], count: int) -> Embeddings:
        """The embeddings of `count` texts."""
        return Embeddings(
            **meta,
            vectors=indexed_vectors(data["data"], count),
            usage=usage_of(data.get("usage")),
            model=data.get("model") or "",
            raw=data,
        )

    def parse_event(self, call: CallFacts, frame: Frame) -> Iterable[Delta]:
        """The delta in one event of a stream; ``[DONE]`` is its end mark."""
        data = frame.data
        if data.startswith(b"[DONE]"):
            return END
        chunk = loads(call, data)
        try:
            if chunk.get("error") or frame.event == "error":
                raise self.error(call, chunk)
            return self.deltas(call, chunk)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            message = f"a piece of the stream lacks a field or has one of the wrong type: {error}"
            raise ResponseValidationError(message, target=call.target, request_id=call.request_id) from error

    def deltas(self, call: CallFacts, chunk: Mapping[str, Any]) -> Iterable[Delta]:
        """The deltas in one chunk; a service with more in its chunks overrides it."""
        return completion_deltas(chunk) if call.operation == "complete" else deltas_of(chunk)

    def is_last(self, call: CallFacts, event: Event) -> bool:
        """Whether an event of a native operation's stream is the end mark."""
        return media_ends(call, event) or is_last(call.operation, event)

    def open_ended(self, call: CallFacts) -> bool:
        """Whether the end of the body is the only end that a stream has."""
        return several_images(call) or super().open_ended(call)

    def rate_limits(self, get: Callable[[str], str | None]) -> RateLimits | None:
        """From the headers ``x-ratelimit-*``."""
        return parse_openai(get)

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """The typed error of a response; proxies on the way answer with other bodies than the service."""
        body = loads_or_none(response.body)
        if body is None:
            body = response.body.decode("utf-8", "replace")
        return self.error(call, body, response.status, response.headers)

    def error(self, call: CallFacts, body: Any, status: int = 200, headers: Headers | None = None) -> APIError:
        """The typed error in a body, or (status 200) inside a stream."""
        request_id = headers.get("x-request-id") if headers is not None else None
        return error_of(call, body, status, headers, request_id)


codec = OpenAI()
