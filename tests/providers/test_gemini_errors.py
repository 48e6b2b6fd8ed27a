"""Gemini: errors, as responses, inside a 200 and inside a stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import ChatRequest, Message
from tests.providers.recorded import call_of, deltas_of, recorded_response, recorded_stream, response

CHAT = call_of(codec, ChatRequest((Message("user", "hello"),)))
RPC = "type.googleapis.com/google.rpc."


def status(code: int, kind: str, message: str = "no", *details: Any) -> dict[str, Any]:
    """A google.rpc.Status as a body."""
    return {"error": {"code": code, "message": message, "status": kind, "details": list(details)}}


def retry_in(delay: str) -> dict[str, Any]:
    """The detail that asks to wait."""
    return {"@type": f"{RPC}RetryInfo", "retryDelay": delay}


def quota(*ids: str) -> dict[str, Any]:
    """The detail that names used-up quotas."""
    return {"@type": f"{RPC}QuotaFailure", "violations": [{"quotaId": one, "quotaMetric": "m"} for one in ids]}


KEY_INVALID = {"@type": f"{RPC}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
TOO_LONG = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
PER_MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
PER_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
TABLE = [
    (status(400, "INVALID_ARGUMENT"), errors.BadRequestError, False),
    (status(400, "INVALID_ARGUMENT", "bad key", KEY_INVALID), errors.AuthenticationError, False),
    (status(400, "INVALID_ARGUMENT", TOO_LONG), errors.ContextTooLongError, False),
    (status(400, "FAILED_PRECONDITION"), errors.BadRequestError, False),
    (status(401, "UNAUTHENTICATED"), errors.AuthenticationError, False),
    (status(403, "PERMISSION_DENIED"), errors.PermissionDeniedError, False),
    (status(404, "NOT_FOUND"), errors.NotFoundError, False),
    (status(429, "RESOURCE_EXHAUSTED"), errors.RateLimitError, True),
    (status(429, "RESOURCE_EXHAUSTED", "no", quota(PER_MINUTE)), errors.RateLimitError, True),
    (status(429, "RESOURCE_EXHAUSTED", "no", quota(PER_MINUTE, PER_DAY)), errors.QuotaExhaustedError, False),
    (status(500, "INTERNAL"), errors.ServerError, True),
    (status(501, "UNIMPLEMENTED"), errors.ServerError, False),
    (status(503, "UNAVAILABLE"), errors.OverloadedError, True),
    (status(504, "DEADLINE_EXCEEDED"), errors.ServerError, True),
]


@pytest.mark.parametrize(("body", "kind", "retryable"), TABLE)
@pytest.mark.parametrize("inside", ["response", "list", "200", "event", "bare", "no code"])
def test_errors_are_typed_wherever_they_are(body: Any, kind: type[Exception], retryable: bool, inside: str) -> None:
    """As a response, in a list of one, in a 200, as an event and as bare JSON: the same class, status and words."""
    code, word = body["error"]["code"], body["error"]["status"]
    if inside in ("response", "list"):
        error = codec.parse_error(CHAT, response(code, [body] if inside == "list" else body))
    else:
        with pytest.raises(errors.APIError) as caught:
            if inside == "200":
                codec.parse_response(CHAT, response(200, body))
            elif inside == "bare":
                raw = recorded_stream("gemini", "chat").rpartition(b"data: ")[0] + json.dumps(body, indent=2).encode()
                deltas_of(codec, CHAT, [raw + b"\n"])
            else:
                lost = {"error": {name: value for name, value in body["error"].items() if name != "code"}}
                deltas_of(codec, CHAT, [b"data: %s\n\n" % json.dumps(lost if inside == "no code" else [body]).encode()])
        error = caught.value
    assert type(error) is kind
    assert (error.status, error.message, error.retryable) == (code, body["error"]["message"], retryable)
    assert error.code == ("API_KEY_INVALID" if kind is errors.AuthenticationError and code == 400 else word)


@pytest.mark.parametrize(
    ("delay", "header", "seconds"),
    [
        ("46s", None, 46.0),
        ("57.238747106s", None, 57.238747106),
        ("46s", "60", 60.0),
        ("46s", "2", 46.0),
        ("0s", None, None),
        ("soon", None, None),
        ("", "3", 3.0),
    ],
)
def test_how_long_to_wait_stands_in_the_body(delay: str, header: str | None, seconds: float | None) -> None:
    """RetryInfo gives the seconds; where a header asks for more, that holds."""
    body = status(429, "RESOURCE_EXHAUSTED", "no", quota(PER_MINUTE), retry_in(delay))
    error = codec.parse_error(CHAT, response(429, body, {"retry-after": header} if header else {}))
    assert (error.retry_after, error.outcome) == (seconds, "throttled")


def test_the_recorded_429_says_when_and_what() -> None:
    """Its words are one line."""
    error = codec.parse_error(CHAT, recorded_response("gemini", "error_429"))
    assert error.retry_after == 46.238747106
    assert error.message.endswith("requests a minute. Please retry in 46.238747106s.")


def test_the_services_own_id_is_taken_from_the_details() -> None:
    """RequestInfo has it, where the service gives one."""
    body = status(500, "INTERNAL", "no", {"@type": f"{RPC}RequestInfo", "requestId": "req-9"})
    assert codec.parse_error(CHAT, response(500, body)).provider_request_id == "req-9"


@pytest.mark.parametrize(
    "details",
    [
        7,
        {"a": 1},
        [7, None, "x"],
        [{"@type": 7}],
        [{"@type": f"{RPC}QuotaFailure", "violations": 7}, {"@type": f"{RPC}QuotaFailure", "violations": [7]}],
        [{"@type": f"{RPC}RetryInfo", "retryDelay": {"seconds": 4}}],
        [{"@type": f"{RPC}ErrorInfo", "reason": 7}],
    ],
)
def test_details_of_any_shape_are_survived(details: Any) -> None:
    """What cannot be read is as if it were not there."""
    body = status(429, "RESOURCE_EXHAUSTED")
    body["error"]["details"] = details
    error = codec.parse_error(CHAT, response(429, body))
    assert type(error) is errors.RateLimitError
    assert error.retry_after is None


def test_the_error_of_a_cut_stream_is_heard() -> None:
    """Bare JSON that the end of the body breaks off is a DecodeError, not silence."""
    decoder = codec.decoder()
    assert decoder.feed(b'{\n  "error": {\n    "code": 503') == []
    (frame,) = decoder.close()
    with pytest.raises(errors.DecodeError):
        codec.parse_event(CHAT, frame)
