"""Groq: the OpenAI wire under ``/openai/v1``, with its own request id, errors and reasoning (Groq API reference)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.payloads import CompleteRequest, TranscribeRequest
from ipfs_accel_async.providers._as_chat import as_chat
from ipfs_accel_async.providers._groq_table import NATIVE, UNIFIED
from ipfs_accel_async.providers._openai_body import chat_body
from ipfs_accel_async.providers._openai_parse import deltas_of, reply_of
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING
from ipfs_accel_async.wire.ratelimits import DAY, parse_openai

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts, Content, Operation
    from ipfs_accel_async.wire.http import Headers, Response
    from ipfs_accel_async.wire.ratelimits import RateLimits


class Groq(OpenAI):
    """Groq's service.

    Audio is uploaded, or read by the service from an address: ``transcribe(model, b"", url=...)``. Its streams bring
    the token counts unasked, in ``x_groq``. The times in its usage (seconds) are in `raw`.
    """

    name = "groq"
    base_url = "https://api.groq.com/openai/v1"
    default_path = "/openai/v1"
    key_env = ("GROQ_API_KEY",)
    url_env = ("GROQ_BASE_URL",)
    file_keys = ("groq_api_key",)
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = NOTHING
    operations: ClassVar[Mapping[str, Operation]] = UNIFIED
    native: ClassVar[Mapping[str, Operation]] = NATIVE
    reasoning_field = "reasoning"
    stream_usage = False

    def rate_limits(self, get: Callable[[str], str | None]) -> RateLimits | None:
        """From the headers ``x-ratelimit-*``, which count requests by the day and tokens by the minute."""
        return parse_openai(get, DAY)

    def normalize_url(self, url: str) -> str:
        """The base of the paths, from the host only or from what an OpenAI client is given."""
        return f"{url}/v1" if url.endswith("/openai") else super().normalize_url(url)

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """As on the OpenAI wire; there are chats only, so a completion is one of them."""
        request = call.payload
        if isinstance(request, CompleteRequest):
            return chat_body(call, as_chat(call, request), reasoning_field=self.reasoning_field, stream_usage=False)
        return super().build_body(call)

    def build_content(self, call: CallFacts) -> Content | None:
        """As on the OpenAI wire; audio comes as a file or, here, as an address.

        Raises:
            InvalidRequestError: Both, or neither.
        """
        request = call.payload
        if isinstance(request, TranscribeRequest) and bool(request.audio.data) == bool(request.params.get("url")):
            raise refused(call, "groq takes the audio or the address of it: pass one of them, b'' with url=")
        return super().build_content(call)

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """As on the OpenAI wire; the request id is in the body too."""
        answer: Answer
        if call.operation == "complete" and isinstance(data, dict) and not data.get("error"):
            answer = reply_of(data, self.meta(call, response.headers))
        else:
            answer = super().parse_answer(call, data, response)
        if answer.provider_request_id is None:
            told = (answer.raw.get("x_groq") or NOTHING).get("id") if isinstance(answer.raw, dict) else None
            return replace(answer, provider_request_id=told) if told else answer
        return answer

    def deltas(self, call: CallFacts, chunk: Mapping[str, Any]) -> Iterable[Delta]:
        """As on the OpenAI wire; ``x_groq`` in the first and last chunk has the counts, or says why it stopped early.

        Raises:
            APIError: The service stopped the stream early.
        """
        extra = chunk.get("x_groq")
        if not extra:
            return deltas_of(chunk)
        if extra.get("error"):
            raise self.error(call, {"error": extra["error"], "x_groq": extra})
        counts = extra.get("usage")  # of a unary answer it holds cache counts of another kind
        return deltas_of(chunk, counts if counts and "prompt_tokens" in counts else None)

    def error(self, call: CallFacts, body: Any, status: int = 200, headers: Headers | None = None) -> APIError:
        """As on the OpenAI wire; the request id is in the body where there are no headers."""
        error = super().error(call, body, status, headers)
        if error.provider_request_id is None and isinstance(body, dict):
            error.provider_request_id = (body.get("x_groq") or NOTHING).get("id")
        return error


codec = Groq()
