"""Claude: the Messages API of Anthropic (Anthropic API reference, Messages and Models)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import ModelInfo, ModelList, Reply
from ipfs_accel_async.errors import ConfigError, ResponseValidationError
from ipfs_accel_async.providers._claude_body import NO_SAMPLING_SINCE, message_body
from ipfs_accel_async.providers._claude_events import deltas, error_of, finish_reason, string_in, usage_of
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._json import dumps, loads, loads_or_none
from ipfs_accel_async.types import NOTHING, ChatRequest, ToolCall
from ipfs_accel_async.wire.ratelimits import parse_anthropic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.keys import Secret
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.frames import Frame
    from ipfs_accel_async.wire.http import Response
    from ipfs_accel_async.wire.ratelimits import RateLimits

DEFAULT_VERSION = "2023-06-01"


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
    capabilities = frozenset({"stream", "tools", "schema", "images"})
    operations: ClassVar[Mapping[str, Operation]] = {
        "chat": Operation("POST", "/v1/messages"),
        "models": Operation("GET", "/v1/models?limit=1000"),  # the most of a page; the default is 20
    }

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
        """The body of a message request; the list of models has none."""
        request = call.payload
        return message_body(call, request, self._version) if isinstance(request, ChatRequest) else None

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """A message or the list of models; a 200 whose body is an error raises it."""
        if data.get("type") == "error":
            raise error_of(call, data, headers=response.headers)
        meta = self.meta(call, response.headers)
        if call.operation == "models":
            models = tuple(ModelInfo(model["id"], raw=model) for model in data["data"])
            return ModelList(**meta, models=models, raw=data)
        return _reply(data, meta)

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


def _checked(options: Mapping[str, str], name: str, default: str, pattern: str, shape: str) -> str:
    value = options.get(name, default)
    if value != default and not (isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII)):
        raise ConfigError(f"the option {name} of claude must be {shape}; it is {value!r}", provider="claude")
    return value


def _reply(data: Mapping[str, Any], meta: dict[str, Any]) -> Reply:
    text: list[str] = []
    reasoning: list[str] = []
    signature: list[str] = []
    calls: list[ToolCall] = []
    for index, block in enumerate(data["content"]):
        try:
            kind = block["type"]
            if kind == "text":
                text.append(block["text"])
            elif kind == "tool_use":
                arguments = dumps(block["input"]).decode()
                calls.append(ToolCall(string_in(block, "id"), string_in(block, "name"), arguments))
            elif kind == "thinking":
                reasoning.append(block["thinking"])
                signature.append(block.get("signature") or "")
        except KeyError as error:
            raise KeyError(f"content[{index}].{error.args[0]}") from error
    return Reply(
        **meta,
        text="".join(text),
        reasoning="".join(reasoning),
        signature="".join(signature),
        tool_calls=tuple(calls),
        finish_reason=finish_reason(data["stop_reason"]),
        usage=usage_of(data["usage"]),
        model=string_in(data, "model"),
        id=string_in(data, "id"),
        raw=data,
    )


codec = Claude()
