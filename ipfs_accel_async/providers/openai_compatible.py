"""Any server that speaks the OpenAI wire: llama.cpp, LocalAI, LM Studio, gateways, hosted services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING, ChatRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Delta
    from ipfs_accel_async.providers._codec import CallFacts, Operation

_CHOICES = {"stream_usage": ("yes", "no"), "stream_end": ("done", "finish")}


class OpenAICompatible(OpenAI):
    """A server of the OpenAI wire, wherever it is.

    Its address must be given; a key is sent if there is one. Several of them go under names of their own, with this one
    as their `wire`. What a server lacks it refuses itself. `max_tokens` goes out under that name, which all know.

    Options:

    - ``stream_usage``: ``no`` for a server that refuses to be asked for the token counts of a stream.
    - ``stream_end``: ``finish`` for a server whose streams end with the finish reason, without ``[DONE]``.

    Raises:
        ConfigError: An option that is unknown, or a value that it does not have.
    """

    name = "openai_compatible"
    base_url = "http://localhost:8080/v1"
    default_path = "/v1"
    key_env: ClassVar[tuple[str, ...]] = ("OPENAI_COMPATIBLE_API_KEY",)
    url_env: ClassVar[tuple[str, ...]] = ("OPENAI_COMPATIBLE_BASE_URL",)
    url_required = True
    file_keys: ClassVar[tuple[str, ...]] = ("openai_compatible_api_key",)
    file_urls: ClassVar[tuple[str, ...]] = ("openai_compatible_base_url",)
    key_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = dict.fromkeys(_CHOICES, ())
    operations: ClassVar[Mapping[str, Operation]] = {
        name: row for name, row in OpenAI.operations.items() if name != "count_tokens"
    }
    voice_required = False
    max_inputs = None

    def __init__(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> None:
        super().__init__(headers=headers, options=options)
        for option, value in self.options.items():
            if value not in _CHOICES[option]:
                message = f"the option {option} is {' or '.join(_CHOICES[option])}, not {value!r:.40}"
                raise ConfigError(message, provider=self.name)
        self.stream_usage = self.options.get("stream_usage") != "no"

    def fixed_headers(self) -> Iterable[tuple[bytes, bytes]]:
        """None: no option is a header."""
        return ()

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """As on the OpenAI wire, under the name of `max_tokens` that older servers know too."""
        body = super().build_body(call)
        request = call.payload
        if body and isinstance(request, ChatRequest) and "max_completion_tokens" not in request.params:
            most = body.pop("max_completion_tokens", None)
            if most is not None:
                body.setdefault("max_tokens", most)
        return body

    def deltas(self, call: CallFacts, chunk: Mapping[str, Any]) -> Iterable[Delta]:
        """As on the OpenAI wire; by choice the piece with the finish reason is the last."""
        deltas = super().deltas(call, chunk)
        if self.options.get("stream_end") != "finish":
            return deltas
        return [delta._replace(end=True) if delta.finish_reason else delta for delta in deltas]


codec = OpenAICompatible()
