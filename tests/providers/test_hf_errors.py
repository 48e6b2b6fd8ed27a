"""Errors of TGI and TEI: by their type, in a stream by their words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.call import Trace
from ipfs_accel_async.providers import hf_tei, hf_tgi
from ipfs_accel_async.types import ChatRequest, EmbedRequest, NativeRequest
from tests.providers.openai_calls import HELLO
from tests.providers.recorded import call_of, deltas_of, response

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call

CHAT = call_of(hf_tgi.codec, ChatRequest((HELLO,)))
STREAM = call_of(hf_tgi.codec, ChatRequest((HELLO,), stream=True))
EMBED = call_of(hf_tei.codec, EmbedRequest(("a", "b")), "embed")

TOO_LONG = "Input validation error: `inputs` must have less than 512 tokens. Given: 600"
TOO_MANY = (
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. "
    "Given: 9 `inputs` tokens and 4000 `max_new_tokens`"
)
KINDS: list[tuple[int, str, str, type[errors.APIError], bool, str]] = [
    (422, "validation", "Input validation error: `top_p` must be > 0.0 and < 1.0", errors.BadRequestError, False, "ok"),
    (422, "validation", TOO_LONG, errors.ContextTooLongError, False, "ok"),
    (422, "validation", TOO_MANY, errors.ContextTooLongError, False, "ok"),
    (422, "template_error", "Template error: no", errors.BadRequestError, False, "ok"),
    (422, "tool_error", "Tool error: no", errors.BadRequestError, False, "ok"),
    (424, "generation", "Request failed during generation: no", errors.ServerError, True, "failed"),
    (429, "overloaded", "Model is overloaded", errors.OverloadedError, True, "throttled"),
    (500, "incomplete_generation", "Incomplete generation", errors.ServerError, True, "failed"),
    (503, "healthcheck", "unhealthy", errors.OverloadedError, True, "failed"),
]
TEI_KINDS: list[tuple[int, str, str, type[errors.APIError], bool, str]] = [
    (400, "Empty", "`inputs` cannot be empty", errors.BadRequestError, False, "ok"),
    (422, "Validation", "batch size 33 > maximum allowed batch size 32", errors.BadRequestError, False, "ok"),
    (422, "Validation", TOO_LONG, errors.ContextTooLongError, False, "ok"),
    (422, "Tokenizer", "tokenizer error no", errors.BadRequestError, False, "ok"),
    (424, "Backend", "Backend error: Model is not an embedding model", errors.ServerError, True, "failed"),
    (429, "Overloaded", "Model is overloaded", errors.OverloadedError, True, "throttled"),
    (503, "Unhealthy", "unhealthy", errors.OverloadedError, True, "failed"),
]


def judged(error: errors.APIError) -> tuple[type[errors.APIError], bool, str]:
    """Class, whether it is sent again, and what it is for the breaker."""
    return type(error), error.retryable, error.outcome


@pytest.mark.parametrize(("status", "kind", "message", "wanted", "retryable", "outcome"), KINDS)
def test_a_type_of_tgi(
    status: int, kind: str, message: str, wanted: type[errors.APIError], retryable: bool, outcome: str
) -> None:
    """Whole, as a status; in a stream, where the status is 200, it is judged the same."""
    body = {"error": message, "error_type": kind}
    whole = hf_tgi.codec.parse_error(CHAT, response(status, body))
    assert judged(whole) == (wanted, retryable, outcome)
    assert (whole.message, whole.status) == (message, status)
    assert whole.code == ("context_length_exceeded" if wanted is errors.ContextTooLongError else kind)
    with pytest.raises(errors.APIError) as caught:
        deltas_of(hf_tgi.codec, STREAM, [b"data:" + json.dumps(body).encode() + b"\n\ndata:[DONE]\n\n"])
    assert (judged(caught.value), caught.value.status) == (judged(whole), status)


@pytest.mark.parametrize(("status", "kind", "message", "wanted", "retryable", "outcome"), KINDS[:-1])
def test_an_error_of_the_chat_stream_is_known_by_its_words(
    status: int, kind: str, message: str, wanted: type[errors.APIError], retryable: bool, outcome: str
) -> None:
    """There each claims to be a 422; ``[DONE]`` follows and is no end."""
    told = {"error": {"message": message, "http_status_code": 422}}
    with pytest.raises(errors.APIError) as caught:
        deltas_of(hf_tgi.codec, STREAM, [b"data: " + json.dumps(told).encode() + b"\n\ndata: [DONE]\n\n"])
    assert judged(caught.value) == (wanted, retryable, outcome)
    assert (caught.value.status, caught.value.message) == (status, message)


@pytest.mark.parametrize(("status", "kind", "message", "wanted", "retryable", "outcome"), TEI_KINDS)
def test_a_type_of_tei(
    status: int, kind: str, message: str, wanted: type[errors.APIError], retryable: bool, outcome: str
) -> None:
    """Capitalised; on the OpenAI-like route the same under other names; in a 200 the same."""
    bodies = [{"error": message, "error_type": kind}, {"message": message, "code": status, "type": kind}]
    for body in bodies:
        error = hf_tei.codec.parse_error(EMBED, response(status, body))
        assert judged(error) == (wanted, retryable, outcome)
        assert (error.message, error.status) == (message, status)
        assert error.code == ("context_length_exceeded" if wanted is errors.ContextTooLongError else kind)
    with pytest.raises(wanted) as caught:
        hf_tei.codec.parse_response(EMBED, response(200, bodies[0]))
    assert judged(caught.value) == (wanted, retryable, outcome)


@pytest.mark.parametrize("call", [CHAT, EMBED], ids=["hf_tgi", "hf_tei"])
def test_a_failed_backend_is_tried_once_more(call: Call) -> None:
    """Then it is the request that it fails at."""
    codec = {"hf_tgi": hf_tgi.codec, "hf_tei": hf_tei.codec}[call.target.provider]
    for attempts, again in ((1, True), (2, False)):
        trace = Trace()
        trace.attempts = attempts
        told = response(424, {"error": "no", "error_type": "generation"})
        assert codec.parse_error(replace(call, trace=trace), told).retryable is again


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (401, b"", errors.AuthenticationError, "HTTP 401 without a message"),
        (413, b"Failed to buffer the request body: length limit exceeded", errors.BadRequestError, "length limit"),
        (422, b"Failed to deserialize the JSON body into the target type", errors.BadRequestError, "deserialize"),
        (404, b"", errors.NotFoundError, "HTTP 404"),
        (400, {"error": {"message": "Bad model.", "type": "t", "code": "c"}}, errors.BadRequestError, "Bad model"),
        (402, {"error": "You have used up your credits."}, errors.QuotaExhaustedError, "credits"),
        (410, {"error": "This host is no longer supported."}, errors.NotFoundError, "no longer"),
        (503, {"error": "Model m is loading", "estimated_time": 20.0}, errors.OverloadedError, "loading"),
    ],
)
def test_what_is_told_without_a_type(status: int, body: Any, kind: type[errors.APIError], says: str) -> None:
    """A refused key has no body, a bad shape is told in text, and the router has words of its own."""
    for codec, call in ((hf_tgi.codec, CHAT), (hf_tei.codec, EMBED)):
        error = codec.parse_error(call, response(status, body))
        assert type(error) is kind
        assert says in error.message


def test_an_error_in_the_routers_stream_is_openais() -> None:
    """With a code of its own."""
    told = {"error": {"message": "m", "type": "server_error", "code": 503}}
    with pytest.raises(errors.APIError) as caught:
        deltas_of(hf_tgi.codec, STREAM, [b"data: " + json.dumps(told).encode() + b"\n\n"])
    assert caught.value.status == 503


def test_a_chat_with_tei_says_what_it_has() -> None:
    """Nothing is sent."""
    for payload, operation in ((ChatRequest((HELLO,)), "chat"), (NativeRequest(), "rank")):
        with pytest.raises(errors.InvalidRequestError, match=rf"'{operation}' \(it has: embed, rerank"):
            hf_tei.codec.build_request(call_of(hf_tei.codec, payload, operation), None)
