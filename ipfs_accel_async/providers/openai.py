"""OpenAI: chat/completions, embeddings and models (OpenAI API reference). Other services speak this wire too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import Embeddings, ModelInfo, ModelList
from ipfs_accel_async.errors import ConfigError, ResponseValidationError
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._embeddings import indexed_vectors
from ipfs_accel_async.providers._json import loads, loads_or_none
from ipfs_accel_async.providers._openai_body import MAX_INPUTS, chat_body, embed_body
from ipfs_accel_async.providers._openai_parse import END, deltas_of, error_of, reply_of, usage_of
from ipfs_accel_async.types import ChatRequest, EmbedRequest
from ipfs_accel_async.wire.ratelimits import parse_openai

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
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
        "embed": Operation("POST", "/embeddings", batchable=True),
        "models": Operation("GET", "/models"),
    }
    reasoning_field: ClassVar[str] = ""
    """Where a message takes the reasoning of an earlier turn back."""
    stream_usage: ClassVar[bool] = True
    """Whether a stream must be asked for its token counts."""
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

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of a chat or embeddings request; the list of models has none."""
        request = call.payload
        if isinstance(request, ChatRequest):
            return chat_body(call, request, reasoning_field=self.reasoning_field, stream_usage=self.stream_usage)
        return embed_body(call, request, most=self.max_inputs) if isinstance(request, EmbedRequest) else None

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """A chat completion, embeddings or the list of models; a 200 whose body is an error raises it."""
        if not isinstance(data, dict):
            raise TypeError("the body is no object")
        if data.get("error"):
            raise self.error(call, data, headers=response.headers)
        meta = self.meta(call, response.headers)
        if call.operation == "chat":
            return reply_of(data, meta)
        if call.operation == "models":
            models = tuple(ModelInfo(model["id"], model.get("owned_by") or "", model) for model in data["data"])
            return ModelList(**meta, models=models, raw=data)
        request = call.payload
        count = len(request.texts) if isinstance(request, EmbedRequest) else 0
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
        return deltas_of(chunk)

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
