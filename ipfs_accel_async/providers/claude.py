"""Claude: messages, token counts, batches, files and models of Anthropic (Claude API reference)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import ModelInfo, ModelList
from ipfs_accel_async.errors import ConfigError, ResponseValidationError
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers._as_chat import as_chat
from ipfs_accel_async.providers._claude_body import NO_SAMPLING_SINCE, count_body, message_body
from ipfs_accel_async.providers._claude_content import WIRE, reply_of
from ipfs_accel_async.providers._claude_events import deltas, error_of
from ipfs_accel_async.providers._claude_table import NATIVE
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._json import loads, loads_or_none
from ipfs_accel_async.results import TokenCount
from ipfs_accel_async.types import NOTHING, ChatRequest, Verbatim
from ipfs_accel_async.wire.ndjson import NDJSONDecoder
from ipfs_accel_async.wire.ratelimits import parse_anthropic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta, Event, Reply
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Headers, Response
    from ipfs_accel_async.wire.ratelimits import RateLimits
    from ipfs_accel_async.wire.sse import SSEDecoder

DEFAULT_VERSION = "2023-06-01"
FILES_BETA = "files-api-2025-04-14"


class Claude(Codec):
    """The Messages API.

    Options:

    - ``api_version``: header ``anthropic-version``; default ``2023-06-01``, the one that takes `temperature`. From
      ``2026-10-21`` on the service refuses `temperature`, `top_p` and `top_k`, and so does this codec.
    - ``auth``: ``x-api-key`` or ``bearer``, the header that carries the key; the default follows the version.
    - ``beta``: header ``anthropic-beta``, names joined by commas.

    The wire demands `max_tokens`: 4096 is sent where the caller gives none. There is no `seed`, and JSON output needs a
    schema.

    Raises:
        ConfigError: An option that is unknown or cannot be sent.
    """

    name = "claude"
    base_url = "https://api.anthropic.com"
    key_env = ("ANTHROPIC_API_KEY", "CLAUDE_API_KEY", "ANTHROPIC_KEY")
    url_env = ("ANTHROPIC_BASE_URL",)
    file_keys = ("anthropic", "anthropic_api_key", "claude_api_key")
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {"api_version": (), "auth": (), "beta": ()}
    request_id_header = "request-id"
    reasoned = True
    capabilities = frozenset({"stream", "tools", "schema", "images"})
    operations: ClassVar[Mapping[str, Operation]] = {
        "chat": Operation("POST", "/v1/messages"),
        "complete": Operation("POST", "/v1/messages", note="the prompt is the one turn of a conversation"),
        "count_tokens": Operation("POST", "/v1/messages/count_tokens", idempotent=True),
        "models": Operation("GET", "/v1/models?limit=1000"),  # the most of a page; the default is 20
    }
    native = NATIVE

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        self._version = _checked(options, "api_version", DEFAULT_VERSION, r"\d{4}-\d\d-\d\d", "a date: 2023-06-01")
        auth = "bearer" if self._version >= NO_SAMPLING_SINCE else "x-api-key"
        self._bearer = _checked(options, "auth", auth, r"x-api-key|bearer", "x-api-key or bearer") == "bearer"
        self._beta = _checked(options, "beta", "", r"[\w.-]+(, ?[\w.-]+)*", "names joined by commas")
        super().__init__(headers=headers, options=options)

    def fixed_headers(self) -> Iterable[tuple[bytes, bytes]]:
        """Version and beta names."""
        beta = ((b"anthropic-beta", self._beta.encode("ascii")),) if self._beta else ()
        return ((b"anthropic-version", self._version.encode("ascii")), *beta)

    def auth_headers(self, key: Secret) -> Iterable[tuple[bytes, bytes]]:
        """The key, in the header of this version or of the option `auth`."""
        return super().auth_headers(key) if self._bearer else ((b"x-api-key", key.header()),)

    def normalize_url(self, url: str) -> str:
        """The root of the service: paths carry ``/v1`` themselves."""
        return url.removesuffix("/v1")

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of a message request or of a token count; the list of models has none."""
        request = call.payload
        if isinstance(request, CompleteRequest):
            request = as_chat(call, request)
        if not isinstance(request, ChatRequest):
            return None
        made = count_body if call.operation == "count_tokens" else message_body
        return made(call, request, self._version)

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """A message, a count or the list of models; a 200 whose body is an error raises it."""
        if data.get("type") == "error":
            raise error_of(call, data, headers=response.headers)
        meta = self.meta(call, response.headers)
        if call.operation == "models":
            models = tuple(ModelInfo(model["id"], raw=model) for model in data["data"])
            return ModelList(**meta, models=models, raw=data)
        if call.operation == "count_tokens":
            return TokenCount(**meta, model=call.target.model, tokens=_whole(data["input_tokens"]), raw=data)
        return reply_of(data, meta)

    def empty_reply(self, call: CallFacts, headers: Headers) -> Reply:
        """As for all; a streamed reply has the service's blocks too."""
        return replace(super().empty_reply(call, headers), verbatim=Verbatim(WIRE))

    def decoder_for(self, call: CallFacts) -> SSEDecoder | NDJSONDecoder:
        """The results of a batch are lines of JSON; all else streams events."""
        return NDJSONDecoder() if call.operation == "batches.results" else super().decoder_for(call)

    def is_last(self, call: CallFacts, event: Event) -> bool:
        """A message ends with ``message_stop``."""
        return event.name == "message_stop"

    def files_headers(self) -> tuple[tuple[str, str], ...]:
        """What the files' operations send beside the rest: they are a beta under the old version."""
        return () if self._version >= NO_SAMPLING_SINCE else (("anthropic-beta", FILES_BETA),)

    def parse_event(self, call: CallFacts, frame: Frame) -> Iterable[Delta]:
        """The deltas in one event of a message stream; ``message_stop`` is its end mark."""
        event = loads(call, frame.data)
        try:
            return deltas(call, event)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            message = f"an event of the stream lacks a field or has one of the wrong type: {error}"
            raise ResponseValidationError(message, target=call.target, request_id=call.request_id) from error

    def rate_limits(self, get: Callable[[str], str | None]) -> RateLimits | None:
        """From the headers ``anthropic-ratelimit-*``."""
        return parse_anthropic(get)

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """The typed error of a response; proxies on the way answer with other bodies than the service."""
        body = loads_or_none(response.body)
        if not isinstance(body, dict):
            body = {"error": response.body.decode("utf-8", "replace")}
        return error_of(call, body, response.status, response.headers)


def _whole(count: Any) -> int:
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError("input_tokens is no whole number")
    return count


def _checked(options: Mapping[str, str], name: str, default: str, pattern: str, shape: str) -> str:
    value = options.get(name, default)
    if value != default and not (isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII)):
        raise ConfigError(f"the option {name} of claude must be {shape}; it is {value!r}", provider="claude")
    return value


codec = Claude()
