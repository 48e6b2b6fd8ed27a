"""Errors of Hugging Face's servers: ``{"error", "error_type"}`` (TGI and TEI, OpenAPI descriptions: ErrorResponse)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ipfs_accel_async.providers._errors import api_error

if TYPE_CHECKING:
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers

_STATUS = {
    "overloaded": 429,
    "generation": 424,
    "backend": 424,
    "validation": 422,
    "tokenizer": 422,
    "template_error": 422,
    "missing_template_variable": 422,
    "tool_error": 422,
    "empty": 400,
    "incomplete_generation": 500,
    "incomplete_generation_stream": 500,
    "stream_serialization_error": 500,
    "healthcheck": 503,
    "unhealthy": 503,
}
"""What a type is answered with where there is a status of its own; in a stream there is none."""
_WORDS = (
    ("Model is overloaded", "overloaded"),
    ("Request failed during generation", "generation"),
    ("Incomplete generation stream", "incomplete_generation_stream"),
    ("Incomplete generation", "incomplete_generation"),
)
_TOO_LONG = re.compile(r"`inputs` (?:must have less than|tokens \+ `max_new_tokens` must be <=) ")


def hf_error(
    call: CallFacts, status: int, headers: Headers | None, *, message: str, kind: str | None = None
) -> APIError:
    """The typed error of an answer, or (status below 400) inside a stream.

    A failed backend (424) is worth one more try and no more: it may be the request that it fails at.

    Args:
        call: The call that failed.
        status: HTTP status of the answer.
        headers: Of the answer; None inside a stream.
        message: The server's words.
        kind: Its ``error_type``, in lower case (TGI) or capitalised (TEI); None where it gives none.
    """
    told = (kind or "").lower()
    if status < 400:
        status = _STATUS.get(told, status)
    codes = ("context_length_exceeded",) if _TOO_LONG.search(message) else (kind, told)
    error = api_error(
        call,
        status,
        headers,
        message=message,
        codes=codes,
        provider_request_id=headers.get("x-request-id") if headers is not None else None,
    )
    if status == 424 and call.attempts > 1:
        error.retryable = False
    return error


def kind_in(message: str) -> str:
    """The ``error_type`` that a message belongs to, where the server leaves it out: in OpenAI-like streams.

    All those errors claim the status 422, so the words are all there is to tell one that passes from one that stays.
    """
    return next((kind for words, kind in _WORDS if message.startswith(words)), "validation")
