"""The codec of S3: options, addresses, and what becomes of its errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConfigError,
    DecodeError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
)
from ipfs_accel_async.keys import Keys, Secret
from ipfs_accel_async.providers.s3_kit import S3Key, S3Kit, codec
from ipfs_accel_async.types import EmbedRequest, NativeRequest
from tests.providers.recorded import call_of, response

PLACE = {"Bucket": "b", "Key": "k"}


def call(operation: str = "get", of: S3Kit = codec, endpoint: str = "http://h:1", **fields: Any) -> Any:
    """A call of an operation."""
    return call_of(of, NativeRequest(json=PLACE, **fields), operation, endpoint=endpoint)


ERRORS: list[tuple[int, str, type[APIError], bool, str]] = [
    (404, "NoSuchKey", NotFoundError, False, "ok"),
    (404, "NoSuchBucket", NotFoundError, False, "ok"),
    (404, "NoSuchUpload", NotFoundError, False, "ok"),
    (404, "404", NotFoundError, False, "ok"),
    (403, "AccessDenied", PermissionDeniedError, False, "ok"),
    (403, "403", PermissionDeniedError, False, "ok"),
    (403, "InvalidAccessKeyId", AuthenticationError, False, "ok"),
    (403, "SignatureDoesNotMatch", AuthenticationError, False, "ok"),
    (403, "RequestTimeTooSkewed", AuthenticationError, False, "ok"),
    (400, "ExpiredToken", AuthenticationError, False, "ok"),
    (400, "AuthorizationHeaderMalformed", AuthenticationError, False, "ok"),
    (503, "SlowDown", RateLimitError, True, "throttled"),
    (400, "Throttling", RateLimitError, True, "throttled"),
    (400, "RequestTimeout", ServerError, True, "ignored"),
    (400, "BadDigest", ServerError, True, "ignored"),
    (409, "OperationAborted", ServerError, True, "ignored"),
    (409, "BucketNotEmpty", BadRequestError, False, "ok"),
    (412, "PreconditionFailed", BadRequestError, False, "ok"),
    (416, "InvalidRange", BadRequestError, False, "ok"),
    (400, "EntityTooLarge", BadRequestError, False, "ok"),
    (500, "InternalError", ServerError, True, "failed"),
    (501, "NotImplemented", ServerError, False, "failed"),
]


@pytest.mark.parametrize(("status", "code", "kind", "retryable", "outcome"), ERRORS)
def test_an_error_is_judged_by_its_code(
    status: int, code: str, kind: type[APIError], retryable: bool, outcome: str
) -> None:
    """Class, whether it is sent again, and what the breaker makes of it; status, code and ids are kept."""
    answer = response(status, {"Code": code, "Message": "because", "RequestId": "R1"})
    error = codec.parse_error(call(), answer)
    assert (type(error), error.retryable, error.outcome) == (kind, retryable, outcome)
    assert (error.status, error.code, error.provider_request_id) == (status, code, "R1")
    assert error.message == "because (bucket 'b', key 'k')"


def test_a_region_that_is_wrong_is_named() -> None:
    """What S3 says by a redirect is told in words."""
    answer = response(400, {"Code": "PermanentRedirect", "Message": "Moved", "Region": "eu-west-1"})
    assert "set the option 'region'" in str(codec.parse_error(call(), answer))


def test_an_echoed_secret_is_cut_out() -> None:
    """Not only the whole key but each part of it."""
    made = replace(call(), key=Secret("AKIDEXAMPLE:canary-secret:canary-session"))
    answer = response(403, {"Code": "x", "Message": "canary-secret AKIDEXAMPLE", "RequestId": "canary-session"})
    error = codec.parse_error(made, answer)
    assert "canary" not in repr(vars(error))


def test_options_travel_beside_the_request() -> None:
    """Each in a header that begins with ``s3-``; addressing is by path but at Amazon."""
    made = codec.configured(options={"region": "eu-west-1", "checksums": "WHEN_REQUIRED", "ca_bundle": "/ca.pem"})
    headers = dict(made.build_request(call(of=made), None).headers)
    assert headers[b"s3-region"] == b"eu-west-1"
    assert headers[b"s3-checksums"] == b"when_required"
    assert headers[b"s3-ca-bundle"] == b"/ca.pem"
    assert headers[b"s3-addressing"] == b"path"
    amazon = made.build_request(call(of=made, endpoint="https://s3.eu-west-1.amazonaws.com"), None)
    assert dict(amazon.headers)[b"s3-addressing"] == b"auto"
    forced = codec.configured(options={"addressing": "virtual"})
    assert dict(forced.build_request(call(of=forced), None).headers)[b"s3-addressing"] == b"virtual"


def test_a_profile_brings_its_own_region_and_key() -> None:
    """With it no key is needed, and no region is sent unless one is given."""
    made = codec.configured(options={"profile": "work"})
    headers = dict(made.build_request(call(of=made), None).headers)
    assert (headers[b"s3-profile"], b"s3-region" in headers, made.key_required) == (b"work", False, False)
    assert codec.configured(options={"signature": "unsigned"}).key_required is False
    assert codec.key_required is True


@pytest.mark.parametrize("option", ["addressing", "signature", "checksums"])
def test_an_option_with_a_value_it_cannot_have(option: str) -> None:
    """It is refused when the client is made."""
    with pytest.raises(ConfigError, match=f"'{option}' is one of"):
        codec.configured(options={option: "sometimes"})


@pytest.mark.parametrize(
    ("options", "url", "expected"),
    [
        ({}, "https://s3.amazonaws.com", "https://s3.amazonaws.com"),
        ({"region": "eu-west-1"}, "https://s3.amazonaws.com", "https://s3.eu-west-1.amazonaws.com"),
        ({"region": "eu-west-1"}, "http://minio:9000", "http://minio:9000"),
        ({}, "http://h/s3", "http://h/s3"),
    ],
)
def test_addresses(options: dict[str, str], url: str, expected: str) -> None:
    """Amazon's own becomes that of the region; any other stays."""
    assert codec.configured(options=options).normalize_url(url) == expected


def test_an_object_with_what_its_headers_say() -> None:
    """Its bytes are the body, whatever their type; fields have boto's names."""
    headers = {
        "content-type": "application/json; charset=utf-8",
        "content-length": "2",
        "etag": '"e"',
        "x-amz-meta-m": "1",
        "x-amz-request-id": "R1",
        "x-amz-checksum-crc32": "c",
    }
    answer = codec.parse_response(call(), response(200, b"{}", headers))
    assert (answer.body, answer.media_type, answer.provider_request_id) == (b"{}", "application/json", "R1")  # type: ignore[attr-defined]
    assert answer.raw == {
        "Metadata": {"m": "1"},
        "ContentType": "application/json; charset=utf-8",
        "ContentLength": 2,
        "ETag": '"e"',
        "ChecksumCRC32": "c",
    }


@pytest.mark.parametrize(("operation", "kind"), [("put", ResponseValidationError), ("multipart.create", DecodeError)])
def test_an_answer_that_cannot_be_right(operation: str, kind: type[Exception]) -> None:
    """A missing ETag, or something else than JSON."""
    body: Any = {} if operation == "put" else b"<html>"
    with pytest.raises(kind):
        codec.parse_response(call(operation), response(200, body))


def test_what_s3_has_not() -> None:
    """A chat or an embedding is refused, with what to use instead."""
    with pytest.raises(InvalidRequestError, match=r"client\.s3_kit"):
        codec.build_request(call_of(codec, EmbedRequest(("x",)), "embed"), None)
    with pytest.raises(InvalidRequestError, match=r"client\.s3_kit"):
        codec.build_request(call("nothing"), None)


def test_a_key_in_parts_does_not_show_itself() -> None:
    """It is a Secret like any other, and takes colons."""
    key = S3Key("test:tester", " canary ", "")
    assert key.reveal() == ":test%3Atester:canary"
    assert "canary" not in repr(key) + str(key) + repr(Keys(key))
    with pytest.raises(ConfigError):
        S3Key("", "x")
