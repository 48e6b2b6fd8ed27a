"""The OpenAI codec: errors by status, by code, and inside a stream."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.errors import (
    APIError,
    ServerError,
)
from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.types import ChatRequest
from ipfs_accel_async.wire.frames import Frame
from tests.providers.openai_calls import HELLO
from tests.providers.recorded import REQUEST_ID, call_of, fixture, response

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Delta

CHAT = ChatRequest((HELLO,))


def event(value: Any, name: str = "") -> list[Delta]:
    """The deltas in one event."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list(codec.parse_event(call_of(codec, replace(CHAT, stream=True)), Frame(name, data)))


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (400, None, errors.BadRequestError, False),
        (400, "context_length_exceeded", errors.ContextTooLongError, False),
        (400, "content_policy_violation", errors.ContentFilteredError, False),
        (401, "invalid_api_key", errors.AuthenticationError, False),
        (403, "unsupported_country_region_territory", errors.PermissionDeniedError, False),
        (404, "model_not_found", errors.NotFoundError, False),
        (408, None, errors.ServerError, True),
        (409, None, errors.BadRequestError, False),
        (413, None, errors.BadRequestError, False),
        (422, None, errors.BadRequestError, False),
        (429, "rate_limit_exceeded", errors.RateLimitError, True),
        (429, "slow_down", errors.RateLimitError, True),
        (429, "insufficient_quota", errors.QuotaExhaustedError, False),
        (429, "credit_balance_exhausted", errors.QuotaExhaustedError, False),
        (500, None, errors.ServerError, True),
        (501, None, errors.ServerError, False),
        (503, "server_is_overloaded", errors.OverloadedError, True),
    ],
)
def test_status_and_code_choose_the_error(status: int, code: str | None, kind: type[APIError], retryable: bool) -> None:
    """The table of the wire: class, and whether the same request is worth sending again."""
    body = {"error": {"message": "It failed.", "type": "some_type", "param": None, "code": code}}
    error = codec.parse_error(call_of(codec, CHAT), response(status, body, {"x-request-id": "req_1"}))
    assert type(error) is kind
    assert error.retryable is retryable
    assert (error.status, error.code) == (status, code or "some_type")
    assert (error.provider_request_id, error.request_id) == ("req_1", REQUEST_ID)
    assert str(error) == "openai:m: It failed."


def test_a_429_says_how_long_in_milliseconds_first() -> None:
    """``retry-after-ms`` is the finer word."""
    value = fixture("openai", "error_429")
    error = codec.parse_error(call_of(codec, CHAT), response(429, value["body"], value["headers"]))
    assert error.retry_after == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"upstream connect error", "upstream connect error"),
        (b'{"error": "flat"}', "flat"),
        (b'{"message": "bare", "code": "server_error"}', "bare"),
        (b'{"detail": "Not here"}', "Not here"),
        (b'{"error": {"message": ["odd"]}}', "['odd']"),
        (b"", "HTTP 502 without a message"),
    ],
)
def test_error_bodies_of_proxies_and_kin(body: bytes, message: str) -> None:
    """Whatever they write, the words reach the caller."""
    error = codec.parse_error(call_of(codec, CHAT), response(502, body))
    assert isinstance(error, ServerError)
    assert error.message == message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "m", "type": "server_error", "code": None}, errors.ServerError),
        ({"message": "m", "type": "server_error", "code": "server_is_overloaded"}, errors.OverloadedError),
        ({"message": "m", "type": "requests", "code": "rate_limit_exceeded"}, errors.RateLimitError),
        (
            {"message": "m", "type": "invalid_request_error", "code": "context_length_exceeded"},
            errors.ContextTooLongError,
        ),
        ({"message": "m", "type": "invalid_request_error", "code": None}, errors.BadRequestError),
        ({"message": "m", "type": "x", "code": 503}, errors.OverloadedError),
        ({"message": "m", "type": "x", "code": 429}, errors.RateLimitError),
        ("just words", errors.ServerError),
    ],
)
def test_an_error_inside_a_stream_is_judged_as_if_by_status(error: Any, kind: type[APIError]) -> None:
    """Its code, type or numeric code chooses the class; so does an event that is named error."""
    for value, name in (({"error": error}, ""), ({"error": error}, "error")):
        with pytest.raises(kind) as caught:
            event(value, name)
        assert type(caught.value) is kind
        assert caught.value.message in ("m", "just words")


def test_an_event_named_error_needs_no_envelope() -> None:
    """Its data is the error."""
    with pytest.raises(errors.OverloadedError, match="m"):
        event({"message": "m", "code": "server_is_overloaded"}, "error")


def test_an_error_in_a_200_is_raised() -> None:
    """A gateway that answers 200 with an error has not answered."""
    with pytest.raises(errors.RateLimitError):
        codec.parse_response(
            call_of(codec, CHAT), response(200, {"error": {"message": "slow", "code": "rate_limit_exceeded"}})
        )
