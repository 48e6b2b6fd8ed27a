"""Errors of S3 to ours: its codes say more than its statuses (Amazon S3 API reference, error responses)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.providers._json import loads_or_none
from ipfs_accel_async.types import NativeRequest

if TYPE_CHECKING:
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._operation import CallFacts
    from ipfs_accel_async.wire.http import Response

_AUTHENTICATION = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "InvalidSecurity",
    "RequestTimeTooSkewed",
    "RequestExpired",
    "AuthorizationHeaderMalformed",
}
_TOO_FAST = {
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "TooManyRequestsException",
}
_IN_PASSING = {"RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentChecksumMismatch", "OperationAborted"}
_IN_PASSING |= {"ConditionalRequestConflict"}
_ELSEWHERE = {"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint"}
SECRET_LENGTH = 8
"""A shorter part of a key may be a word of the message."""
_ELSEWHERE |= {"IllegalLocationConstraintException", "301", "307"}


def s3_error(call: CallFacts, response: Response, *, said: Any = None) -> APIError:
    """The typed error of an answer.

    Args:
        call: The call that failed.
        response: Its answer, as the transport makes it: ``{"Code", "Message", "RequestId"}``.
        said: That, where it stands inside another answer.
    """
    body = loads_or_none(response.body) if said is None else said
    if not isinstance(body, dict):
        body = {"Message": "" if body else response.body.decode("utf-8", "replace")}
    code = _text(body, "Code")
    words = _text(body, "Message")
    if code.isdigit() and words.lower() in {"", "not found", "bad request", "forbidden", "moved permanently"}:
        words = words or f"HTTP {code}"
    region = _text(body, "Region")
    if code in _ELSEWHERE and region:
        words = f"{words} (the bucket is in region {region!r}: set the option 'region')"
    status = response.status
    error = api_error(
        call,
        _status(code, status),
        response.headers,
        message=f"{words}{_where(call)}" if words else "",
        codes=(code,),
        provider_request_id=_text(body, "RequestId") or response.headers.get("x-amz-request-id"),
    )
    error.status = status
    if call.key is not None:
        for part in call.key.reveal().split(":"):
            if len(part) >= SECRET_LENGTH:
                error.redact(part)
    return error


def _status(code: str, status: int) -> int:
    """The status that our one table of statuses understands."""
    if code in _AUTHENTICATION:
        return 401
    if code in _TOO_FAST:
        return 429
    return 408 if code in _IN_PASSING else status


def _where(call: CallFacts) -> str:
    """What the call was about: S3 says "Not Found" and no more."""
    params = call.payload.json if isinstance(call.payload, NativeRequest) else None
    if not isinstance(params, dict) or "Bucket" not in params:
        return ""
    key = f", key {params['Key']!r}" if "Key" in params else ""
    return f" (bucket {params['Bucket']!r}{key})"


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
