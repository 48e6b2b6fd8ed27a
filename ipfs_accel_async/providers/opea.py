"""OPEA: megaservices and microservices of Open Platform for Enterprise AI (GenAIComps, GenAIExamples)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import Delta, Reply
from ipfs_accel_async.errors import ConfigError, DecodeError
from ipfs_accel_async.payloads import (
    CompleteRequest,
    ModerateRequest,
    RerankRequest,
    SpeechRequest,
    TranscribeRequest,
)
from ipfs_accel_async.providers import _opea_micro as micro
from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.providers._opea_body import embeddings_body, llm_body, service_body
from ipfs_accel_async.providers._opea_frames import LITERALS, SILENT, OPEADecoder
from ipfs_accel_async.providers._opea_services import LLM, NATIVE, OPERATIONS, SERVICES, placed, serving
from ipfs_accel_async.providers._openai_parse import deltas_of
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING, ChatRequest, EmbedRequest
from ipfs_accel_async.wire.byte_literal import literal_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts, Content, Operation
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Headers, Response

_SERVICE = re.compile(r"[a-z][a-z0-9_]*")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:_\[\]-]+(?:/[A-Za-z0-9.~_%/-]*)?")  # no credentials, query, fragment
_PATHS = frozenset(row.path.removeprefix("/v1/") for row in OPERATIONS.values())
_LITERALS_END = (Delta(finish_reason="stop", end=True),)  # a whole answer says stop too, whatever the reason


class OPEA(OpenAI):
    """The services of OPEA, each at its own address.

    A megaservice is a pipeline of retrieval and generation: `chat` and `stream` go to the one that the model's name
    begins with (``opea:codegen``, ``opea:docsum/meta-llama/Llama-3``), or else to that of the option. The other
    operations go to microservices.

    Options:

    - ``service``: which megaservice, ``chatqna`` if not said; its path is ``/v1/`` and this name. ``llm`` is the
      microservice of the language model, which takes all that the OpenAI wire does.
    - ``<service>_url``: the address of a service, such as ``chatqna_url`` or ``embedding_url``; the provider's base
      URL if not said.
    - ``silence``: ``error`` (the default) or ``allow``: whether a stream that ends without a word is a failure of what
      stands behind the service.

    Services ask for no key; one is sent if there is one, for the gateway before them.

    Raises:
        ConfigError: An option that is unknown, no name of a service, or no address.
    """

    name = "opea"
    base_url = "http://localhost:8888"
    default_path = ""
    key_env = ("OPEA_API_KEY",)
    url_env = ("OPEA_API_ENDPOINT", "OPEA_API_URL", "OPEA_BASE_URL")
    file_keys = ("opea_api_key",)
    file_urls = ("opea_endpoint", "opea_api_url")
    key_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "service": ("OPEA_SERVICE",),
        "silence": ("OPEA_SILENCE",),
        **{f"{service}_url": (f"OPEA_{service.upper()}_URL",) for service in SERVICES},
    }
    capabilities = frozenset({"stream"})
    operations: ClassVar[Mapping[str, Operation]] = OPERATIONS
    native: ClassVar[Mapping[str, Operation]] = NATIVE
    decoder = OPEADecoder

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        super().__init__(headers=headers, options=options)
        self.service = self.options.get("service", "chatqna").strip()
        if not _SERVICE.fullmatch(self.service):
            raise ConfigError("the option service is the name of a service: chatqna, codegen, ...", provider=self.name)
        silence = self.options.get("silence", "error").strip()
        if silence not in {"error", "allow"}:
            raise ConfigError("the option silence is error or allow", provider=self.name)
        self._silence_allowed = silence == "allow"
        self._addresses = {service: self._address(service) for service in SERVICES if f"{service}_url" in self.options}

    def _address(self, service: str) -> str:
        url = self.options[f"{service}_url"].strip().rstrip("/")
        if not _ADDRESS.fullmatch(url):
            message = f"the option {service}_url is an address: http://host:port, without credentials or query"
            raise ConfigError(message, provider=self.name)
        return self.normalize_url(url)

    def fixed_headers(self) -> Iterable[tuple[bytes, bytes]]:
        """None: the options are no headers."""
        return ()

    def normalize_url(self, url: str) -> str:
        """The root of the services, from the address of one of them or from what an OpenAI client is given."""
        root, _, rest = url.removesuffix("/chat/completions").rpartition("/v1/")
        if rest in {self.service, *SERVICES, *_PATHS}:
            return root
        return url.removesuffix("/chat/completions").removesuffix("/v1")

    def service_of(self, model: str, operation: str) -> str:
        """The service that serves an operation."""
        return serving(operation) or placed(model)[0] or self.service

    def endpoint_of(self, model: str, operation: str) -> str | None:
        """The address of the service, where the options have it."""
        return self._addresses.get(self.service_of(model, operation))

    def path(self, call: CallFacts, row: Operation) -> str:
        """The path of the service."""
        service = self.service_of(call.target.model, call.operation)
        return row.path.replace("{service}", "chat/completions" if service == LLM else service)

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of a request to a service.

        Raises:
            InvalidRequestError: Something that the service has no word for.
        """
        request = call.payload
        model = placed(call.target.model)[1]
        if isinstance(request, ChatRequest):
            service = self.service_of(call.target.model, call.operation)
            if service == LLM:
                return llm_body(call, request, model)
            return service_body(call, request, service, model)
        if isinstance(request, EmbedRequest):
            return embeddings_body(request, model)
        if isinstance(request, CompleteRequest):
            return micro.complete_body(call, request, model)
        if isinstance(request, RerankRequest):
            return micro.rerank_body(request)
        if isinstance(request, SpeechRequest):
            return micro.speech_body(request, model)
        return micro.moderate_body(call, request) if isinstance(request, ModerateRequest) else None

    def build_content(self, call: CallFacts) -> Content | None:
        """The same as bytes; audio goes along in a form."""
        if isinstance(call.payload, TranscribeRequest):
            return micro.transcribe_content(call.payload, placed(call.target.model)[1])
        return super().build_content(call)

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """The answer of a service; a megaservice's id is left out, as it was made for it only and a stream has none."""
        request = call.payload
        if isinstance(request, RerankRequest):
            return micro.ranking_of(data, self.meta(call, response.headers), request)
        if isinstance(request, ModerateRequest):
            return micro.moderation_of(data, self.meta(call, response.headers))
        answer = super().parse_answer(call, data, response)
        return replace(answer, id="") if isinstance(answer, Reply) and self._mega(call) else answer

    def _mega(self, call: CallFacts) -> str:
        """The megaservice of a chat; empty for another operation."""
        service = self.service_of(call.target.model, call.operation)
        return service if call.operation == "chat" and service != LLM else ""

    def parse_event(self, call: CallFacts, frame: Frame) -> Iterable[Delta]:
        """The delta in one event: a bytes literal, or JSON where the service hands on what its model server says.

        Raises:
            DecodeError: Neither of them.
            ServerError: The end mark came and nothing before it. A service that loses its model server, or is refused
                by it, ends its stream so, under status 200.
        """
        data = frame.data
        if data.startswith((b"b'", b'b"')):
            try:
                text = literal_text(data)
            except ValueError as error:
                message = f"a piece of the stream is no bytes literal: {error}"
                raise DecodeError(message, target=call.target, request_id=call.request_id) from error
            return (Delta(text, raw=data),) if text else ()
        if data.startswith(b"[DONE]"):
            if frame.event == SILENT and not self._silence_allowed:
                service = self.service_of(call.target.model, call.operation)
                message = f"{service} ended its stream without a word: what stands behind it failed; see its log"
                raise api_error(call, 200, None, message=message)
            if frame.event in {LITERALS, SILENT}:
                return _LITERALS_END
        return super().parse_event(call, frame)

    def deltas(self, call: CallFacts, chunk: Mapping[str, Any]) -> Iterable[Delta]:
        """As on the OpenAI wire; where a model server was asked for a completion, the text is not in a delta."""
        if call.operation == "complete":
            return super().deltas(call, chunk)
        choices = chunk.get("choices")
        if choices and "delta" not in choices[0] and "text" in choices[0]:
            choice = {**choices[0], "delta": {"content": choices[0]["text"]}}
            return deltas_of({**chunk, "choices": [choice]})
        return deltas_of(chunk)

    def error(self, call: CallFacts, body: Any, status: int = 200, headers: Headers | None = None) -> APIError:
        """``{"detail": text}``, or a list of what is wrong with the request; other faults are plain text."""
        detail = body.get("detail") if isinstance(body, dict) else None
        if isinstance(detail, list):
            body = "; ".join(_fault(item) for item in detail)
        return super().error(call, body, status, headers)

    def empty_reply(self, call: CallFacts, headers: Headers) -> Reply:
        """Metadata for a streamed reply; a megaservice's model is its name, as in a whole answer."""
        return Reply(**self.meta(call, headers), model=self._mega(call))


def _fault(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    place = item.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, list) else ""
    return f"{where}: {item.get('msg')}" if where else str(item.get("msg"))


codec = OPEA()
