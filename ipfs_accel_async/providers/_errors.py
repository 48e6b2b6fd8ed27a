"""Status and code to typed error: the one table, shared by all wires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async import errors
from ipfs_accel_async.wire.limit_words import parse_again, parse_words
from ipfs_accel_async.wire.retry_after import parse_retry_after, parse_should_retry

if TYPE_CHECKING:
    from ipfs_accel_async.errors import APIError, OutcomeKind
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers
    from ipfs_accel_async.wire.ratelimits import RateLimits

_BY_STATUS: dict[int, type[APIError]] = {
    401: errors.AuthenticationError,
    402: errors.QuotaExhaustedError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.ServerError,
    410: errors.NotFoundError,
    424: errors.ServerError,  # what stands behind the server failed
    425: errors.ServerError,
    429: errors.RateLimitError,
    498: errors.OverloadedError,
    503: errors.OverloadedError,
    529: errors.OverloadedError,
}
# the endpoint is alive: retried, but no failure to its breaker
_UNBLAMED: dict[int, OutcomeKind] = {408: "ignored", 425: "ignored", 429: "throttled", 498: "throttled"}
_NOT_RETRIED = {501, 505, 511}

_BY_CODE: dict[str, type[APIError]] = {
    "context_length_exceeded": errors.ContextTooLongError,
    "string_above_max_length": errors.ContextTooLongError,
    "content_filter": errors.ContentFilteredError,
    "content_policy_violation": errors.ContentFilteredError,
    "insufficient_quota": errors.QuotaExhaustedError,
    "credit_balance_exhausted": errors.QuotaExhaustedError,
    "billing_error": errors.QuotaExhaustedError,
    "billing_hard_limit_reached": errors.QuotaExhaustedError,
    "billing_not_active": errors.QuotaExhaustedError,
    "organization_spend_limit_exceeded": errors.QuotaExhaustedError,
    "organization_usage_limit_exceeded": errors.QuotaExhaustedError,
    "project_spend_limit_exceeded": errors.QuotaExhaustedError,
    "enforced_spend_limit_reached": errors.QuotaExhaustedError,
    "contract_spend_limit_reached": errors.QuotaExhaustedError,
    "rate_limit_exceeded": errors.RateLimitError,
    "rate_limit_error": errors.RateLimitError,
    "slow_down": errors.RateLimitError,
    "overloaded": errors.OverloadedError,
    "overloaded_error": errors.OverloadedError,
    "server_is_overloaded": errors.OverloadedError,
    "invalid_request_error": errors.BadRequestError,
    "authentication_error": errors.AuthenticationError,
    "API_KEY_INVALID": errors.AuthenticationError,
    "permission_error": errors.PermissionDeniedError,
    "not_found_error": errors.NotFoundError,
    "model_not_found": errors.NotFoundError,
    "request_too_large": errors.BadRequestError,
    "api_error": errors.ServerError,
    "server_error": errors.ServerError,
    "timeout_error": errors.ServerError,
}
_REFINING = (
    errors.ContextTooLongError,
    errors.ContentFilteredError,
    errors.QuotaExhaustedError,
    errors.OverloadedError,
)


def api_error(
    call: CallFacts,
    status: int,
    headers: Headers | None,
    *,
    message: str,
    codes: tuple[str | None, ...] = (),
    provider_request_id: str | None = None,
    retry_after: float | None = None,
    limits: tuple[RateLimits, ...] = (),
) -> APIError:
    """The typed error of an answer.

    The status chooses the class; a code may refine it (a 429 for billing, a 400 for length). An error inside a 200 has
    no status of its own: there the code chooses. Where the service echoes the key, it is cut out of the message.

    Args:
        call: The call that failed.
        status: HTTP status of the answer.
        headers: Of the answer; None for an error inside a stream.
        message: The service's own words, or ours where it has none.
        codes: The service's codes and types, most specific first.
        provider_request_id: The service's own id of the request.
        retry_after: Seconds that the body asks to wait; where the headers ask for more, that holds.
        limits: What the body says of the limits that ran out.
    """
    kind = _classify(status, codes)
    retryable: bool | None = status not in _NOT_RETRIED and kind.retryable
    if status == 429 and not (retry_after or limits):
        words = parse_words(message)
        limits, retry_after = () if words is None else (words,), parse_again(message)
    if headers is not None:
        retry_after = max(retry_after or 0.0, parse_retry_after(headers.get) or 0.0) or None
        told = parse_should_retry(headers.get)
        retryable = retryable if told is None else told
    text = " ".join(message.split())
    if call.key is not None:
        text = text.replace(call.key.reveal(), "...")  # before it is cut: half a key is a secret too
    text = text[:500] or f"HTTP {status} without a message"
    error = kind(
        text,
        target=call.target,
        status=status,
        code=next((code for code in codes if code), None),
        request_id=call.request_id,
        provider_request_id=provider_request_id,
        attempts=call.attempts,
        retryable=retryable,
        retry_after=retry_after,
    )
    error.rate_limits = limits
    if status in _UNBLAMED:
        error.outcome = _UNBLAMED[status]
    return error


def _classify(status: int, codes: tuple[str | None, ...]) -> type[APIError]:
    by_code = [_BY_CODE[code] for code in codes if code in _BY_CODE]
    if status < 400:
        return by_code[0] if by_code else errors.ServerError
    for kind in by_code:
        if (kind in _REFINING and status < 500) or (kind is errors.AuthenticationError and status == 400):
            return kind
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return errors.BadRequestError if status < 500 else errors.ServerError
