"""Errors of Gemini (Google API design guide, google.rpc.Status and details; Gemini API reference, PromptFeedback)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.wire.limit_words import parse_violations
from ipfs_accel_async.wire.ratelimits import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers
    from ipfs_accel_async.wire.ratelimits import RateLimits

_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""HTTP status by google.rpc.Code, for an error inside a 200; every other code is a 500."""


def error_of(call: CallFacts, body: Any, status: int = 0, headers: Headers | None = None) -> APIError:
    """The typed error in ``{"error": {code, message, status, details}}``, which may stand in a list of one.

    An error inside a 200 has its status in the body. ``RetryInfo`` says how long to wait; a quota that is counted by
    the day is exhausted, as no wait within a call helps.
    """
    error = _unwrapped(body).get("error")
    error = error if isinstance(error, dict) else {"message": str(error or "")}
    message, kind = str(error.get("message") or ""), error.get("status")
    details = error.get("details")
    found = _Details(details if isinstance(details, list) else ())
    codes = (*(code for code in (found.reason, kind) if isinstance(code, str) and code), _unspoken_code(message, found))
    code = error.get("code")
    own = code if isinstance(code, int) and 400 <= code < 600 else _STATUS.get(str(kind), 500)
    return api_error(
        call,
        status if status >= 400 else own,
        headers,
        message=message,
        codes=codes,
        provider_request_id=found.request_id,
        retry_after=found.retry_after,
        limits=found.limits,
    )


def raise_refusal(call: CallFacts, body: Any) -> None:
    """Raise the error in the body of a 200, or the refusal of a prompt: that has a reason and no candidates.

    Raises:
        APIError: There is one.
        AttributeError: The body is no JSON object.
    """
    body = _unwrapped(body)
    if body.get("error"):
        raise error_of(call, body)
    feedback = body.get("promptFeedback")
    reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
    if reason and not body.get("candidates"):
        said = feedback.get("blockReasonMessage") or "change it: the same prompt is refused again"
        message = f"the service refused the prompt ({reason}): {said}"
        raise api_error(call, 200, None, message=message, codes=(str(reason), "content_filter"))


class _Details:
    """What is read of an error's details."""

    def __init__(self, details: Iterable[Any]) -> None:
        self.reason: Any = None
        self.retry_after: float | None = None
        self.request_id: str | None = None
        self.daily = False
        self.limits: tuple[RateLimits, ...] = ()
        for detail in details:
            if isinstance(detail, dict):
                self._read(str(detail.get("@type") or "").rpartition(".")[2], detail)

    def _read(self, kind: str, detail: Mapping[str, Any]) -> None:
        if kind == "ErrorInfo":
            self.reason = detail.get("reason")
        elif kind == "RetryInfo":
            self.retry_after = parse_duration(str(detail.get("retryDelay") or "")) or None
        elif kind == "RequestInfo":
            self.request_id = str(detail.get("requestId") or "") or None
        elif kind == "QuotaFailure":
            violations = detail.get("violations")
            violations = violations if isinstance(violations, list) else ()
            self.limits = parse_violations(violations)
            self.daily = any(
                isinstance(violation, dict) and "PerDay" in str(violation.get("quotaId")) for violation in violations
            )


def _unspoken_code(message: str, found: _Details) -> str | None:
    """A prompt that is too long is a plain invalid argument here, and a spent day a plain 429."""
    if found.daily:
        return "insufficient_quota"
    return "context_length_exceeded" if "exceeds the maximum number of tokens" in message else None


def _unwrapped(body: Any) -> Any:
    """The one element of a list of one; an empty list is an empty object."""
    if isinstance(body, list) and len(body) < 2:
        return body[0] if body and isinstance(body[0], dict) else {}
    return body
