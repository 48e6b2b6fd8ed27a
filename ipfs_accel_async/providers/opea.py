"""OPEA: the megaservices of Open Platform for Enterprise AI, ChatQnA first (GenAIComps, GenAIExamples)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import Delta, Reply
from ipfs_accel_async.errors import ConfigError, DecodeError
from ipfs_accel_async.providers._codec import Operation
from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.providers._opea_body import embeddings_body, service_body
from ipfs_accel_async.providers._opea_frames import LITERALS, SILENT, OPEADecoder
from ipfs_accel_async.providers._openai_parse import deltas_of
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING, ChatRequest, EmbedRequest
from ipfs_accel_async.wire.byte_literal import literal_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Headers, Response

_SERVICE = re.compile(r"[a-z][a-z0-9_]*")
_LITERALS_END = (Delta(finish_reason="stop", end=True),)  # a whole answer says stop too, whatever the reason


class OPEA(OpenAI):
    """A megaservice of OPEA: a pipeline of retrieval and generation behind one address.

    Options:

    - ``service``: which one, ``chatqna`` if not said (``codegen``, ``codetrans``, ``docsum``, ``faqgen``, ...); its
      path is ``/v1/`` and this name.

    Services ask for no key; one is sent if there is one, for the gateway before them. `embed` calls an embedding
    microservice, which has an address of its own.

    Raises:
        ConfigError: An option that is unknown, or no name of a service.
    """

    name = "opea"
    base_url = "http://localhost:8888"
    default_path = ""
    key_env = ("OPEA_API_KEY",)
    url_env = ("OPEA_API_ENDPOINT", "OPEA_API_URL", "OPEA_BASE_URL")
    file_keys = ("opea_api_key",)
    file_urls = ("opea_endpoint", "opea_api_url")
    key_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {"service": ("OPEA_SERVICE",)}
    capabilities = frozenset({"stream"})
    operations: ClassVar[Mapping[str, Operation]] = {
        "chat": Operation("POST", "/v1/{service}"),
        "embed": Operation("POST", "/v1/embeddings", batchable=True),
    }
    decoder = OPEADecoder

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        super().__init__(headers=headers, options=options)
        self.service = self.options.get("service", "chatqna").strip()
        if not _SERVICE.fullmatch(self.service):
            raise ConfigError("the option service is the name of a service: chatqna, codegen, ...", provider=self.name)

    def fixed_headers(self) -> Iterable[tuple[bytes, bytes]]:
        """None: the option is no header."""
        return ()

    def normalize_url(self, url: str) -> str:
        """The root of the services, from the address of this one or from what an OpenAI client is given."""
        return url.removesuffix(f"/v1/{self.service}").removesuffix("/v1")

    def path(self, call: CallFacts, row: Operation) -> str:
        """The path of the service."""
        return row.path.replace("{service}", self.service)

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of a request to the service, or to an embedding microservice.

        Raises:
            InvalidRequestError: Something that the service has no word for.
        """
        request = call.payload
        if isinstance(request, ChatRequest):
            return service_body(call, request, self.service)
        return embeddings_body(call, request) if isinstance(request, EmbedRequest) else None

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """As on the OpenAI wire; the id is left out, as it was made for this answer only and a stream has none."""
        answer = super().parse_answer(call, data, response)
        return replace(answer, id="") if isinstance(answer, Reply) else answer

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
            if frame.event == SILENT:
                message = f"{self.service} ended its stream without a word: what stands behind it failed; see its log"
                raise api_error(call, 200, None, message=message)
            if frame.event == LITERALS:
                return _LITERALS_END
        return super().parse_event(call, frame)

    def deltas(self, call: CallFacts, chunk: Mapping[str, Any]) -> Iterable[Delta]:
        """As on the OpenAI wire; where a model server was asked for a completion, the text is not in a delta."""
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
        """Metadata for a streamed reply; the model is the service's name, as in a whole answer."""
        return Reply(**self.meta(call, headers), model=self.service)


def _fault(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    place = item.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, list) else ""
    return f"{where}: {item.get('msg')}" if where else str(item.get("msg"))


codec = OPEA()
