"""Groq: the OpenAI wire under ``/openai/v1``, with its own request id, errors and reasoning (Groq API reference)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.providers._openai_parse import deltas_of
from ipfs_accel_async.providers.openai import OpenAI
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers, Response


class Groq(OpenAI):
    """Groq's service.

    Its streams bring the token counts unasked, in ``x_groq``. The times in its usage (seconds) are in `raw`.
    """

    name = "groq"
    base_url = "https://api.groq.com/openai/v1"
    default_path = "/openai/v1"
    key_env = ("GROQ_API_KEY",)
    url_env = ("GROQ_BASE_URL",)
    file_keys = ("groq_api_key",)
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = NOTHING
    reasoning_field = "reasoning"
    stream_usage = False

    def normalize_url(self, url: str) -> str:
        """The base of the paths, from the host only or from what an OpenAI client is given."""
        return f"{url}/v1" if url.endswith("/openai") else super().normalize_url(url)

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """As on the OpenAI wire; the request id is in the body too."""
        answer = super().parse_answer(call, data, response)
        if answer.provider_request_id is None:
            told = (data.get("x_groq") or NOTHING).get("id")
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
