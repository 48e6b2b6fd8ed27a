"""The OVMS codec: where it differs from the OpenAI wire."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Embeddings, Reply, Usage
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.ovms import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, NativeRequest
from tests.providers.openai_calls import CASES, HELLO, IDS, ChatCase
from tests.providers.recorded import call_of, recorded_response, recorded_stream, response

CHAT = ChatRequest((HELLO,))
STREAM = call_of(codec, replace(CHAT, stream=True))
KEY_REFUSED = "Unauthorized request due to invalid or missing api-key"
TOO_LONG = "Number of prompt tokens: 9000 exceeds model max length: 8192"


def read(raw: bytes, at: int) -> list[Any]:
    """The deltas of a whole body that comes in two chunks."""
    decoder = codec.decoder()
    frames = [*decoder.feed(raw[:at]), *decoder.feed(raw[at:]), *decoder.close()]
    return [delta for frame in frames for delta in codec.parse_event(STREAM, frame)]


def test_it_is_on_this_machine_and_needs_no_key() -> None:
    """Without a key no header is sent for it; with one it is."""
    assert codec.normalize_url("http://localhost:8000") == codec.base_url == "http://localhost:8000/v3"
    assert not codec.key_required
    assert b"authorization" not in dict(codec.build_request(call_of(codec, CHAT), None).headers)
    assert dict(codec.build_request(call_of(codec, CHAT), Secret("k")).headers)[b"authorization"] == b"Bearer k"


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_bodies_are_those_of_the_openai_wire(case: ChatCase) -> None:
    """All fields of a chat request have the same place here."""
    sent = json.loads(codec.build_request(call_of(codec, case.ours), None).body)
    assert sent == {"model": "m", **case.theirs}


def test_the_server_counts_the_texts() -> None:
    """How many it takes is its own setting, so none are refused here."""
    request = codec.build_request(call_of(codec, EmbedRequest(("a",) * 3000), "embed"), None)
    assert len(json.loads(request.body)["input"]) == 3000


@pytest.mark.parametrize("base", ["http://h:1/v3", "http://h:1/v1", "http://h:1/v3/v1", "http://h:1"])
@pytest.mark.parametrize(
    "path", ["/v2", "/v2/models/resnet/infer", "/v1/models/resnet:predict", "/v3/rerank", "/v1/config", "/metrics"]
)
def test_other_apis_are_reached_by_their_whole_path(base: str, path: str) -> None:
    """Prediction and status pages lie at the root of the server, not below the generative API."""
    call = call_of(codec, NativeRequest("POST", path, query={"a": "b"}, json={"x": 1}), "request", endpoint=base)
    request = codec.build_request(call, Secret("k"))
    assert (request.method, request.url, request.body) == ("POST", f"http://h:1{path}?a=b", b'{"x":1}')
    assert dict(request.headers)[b"authorization"] == b"Bearer k"


@pytest.mark.parametrize("path", ["/rerank", "/tokenize", "/v20/x"])
def test_other_paths_are_below_the_base_url(path: str) -> None:
    """The rest of the generative API, as with every provider."""
    call = call_of(codec, NativeRequest("POST", path), "request", endpoint="http://h:1/v3")
    assert codec.build_request(call, None).url == f"http://h:1/v3{path}"


def test_an_answer_has_no_id_and_its_own_name_for_reasoning() -> None:
    """What is missing is empty; the counts have no details."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("ovms", "chat"))
    assert isinstance(reply, Reply)
    assert (reply.id, reply.reasoning, reply.usage) == ("", "A graph has nodes.", Usage(28, 61, 89))


def test_embeddings_are_read_as_base64_and_as_numbers() -> None:
    """Servers that do not know base64 send numbers; the answer does not repeat the model."""
    call = call_of(codec, EmbedRequest(("alpha", "beta")), "embed")
    packed = codec.parse_response(call, recorded_response("ovms", "embed"))
    assert isinstance(packed, Embeddings)
    data = [{"index": place, "embedding": row.tolist()} for place, row in enumerate(packed.vectors)]
    plain = codec.parse_response(call, response(200, {"data": data}))
    assert isinstance(plain, Embeddings)
    np.testing.assert_array_equal(plain.vectors, packed.vectors)
    assert (packed.model, packed.usage) == ("", Usage(6, 0, 6))


@pytest.mark.parametrize(
    ("status", "words", "kind", "retryable"),
    [
        (400, "Invalid JSON structure", errors.BadRequestError, False),
        (400, TOO_LONG, errors.ContextTooLongError, False),
        (404, "Mediapipe graph definition with requested name is not found", errors.NotFoundError, False),
        (404, "Model with requested version is not loaded yet", errors.NotFoundError, True),
        (406, "Unsupported method", errors.BadRequestError, False),
        (412, "Model could not be reshaped with requested shape", errors.BadRequestError, False),
        (500, "Internal inference error", errors.ServerError, True),
        (500, KEY_REFUSED, errors.AuthenticationError, False),
        (503, "Server is not ready", errors.OverloadedError, True),
    ],
)
def test_errors_are_told_by_status_and_words(
    status: int, words: str, kind: type[errors.APIError], retryable: bool
) -> None:
    """A refused key has the status of a fault; a model that still loads is worth another try."""
    error = codec.parse_error(call_of(codec, CHAT), response(status, {"error": words}))
    assert type(error) is kind
    assert (error.status, error.message, error.retryable) == (status, words, retryable)


def test_a_refused_key_blames_no_endpoint() -> None:
    """The breaker counts it as an answer, although it is a 500."""
    error = codec.parse_error(call_of(codec, CHAT), response(500, {"error": KEY_REFUSED}))
    assert errors.outcome_of(error) == "ok"


@given(at=st.integers(0, 2000), end=st.sampled_from([b"", b"\n", b"\n\n", b"\r\n"]))
def test_a_bare_error_inside_a_stream_is_raised_at_any_split(at: int, end: bytes) -> None:
    """No ``data:`` before it and no end mark after it: it is no end, and not lost."""
    whole = recorded_stream("ovms", "chat")
    begun = whole[: whole.index(b"\n\n", 400) + 2]
    with pytest.raises(errors.ServerError) as caught:
        read(begun + b'{"error": "Mediapipe execution failed: {bad}"}' + end, at)
    assert caught.value.message == "Mediapipe execution failed: {bad}"
    assert caught.value.retryable


@pytest.mark.parametrize("raw", [json.dumps({"error": TOO_LONG}), "data: " + json.dumps({"error": TOO_LONG}) + "\n\n"])
def test_words_are_understood_in_a_stream_too(raw: str) -> None:
    """A prompt too long stays one, bare or as an event."""
    with pytest.raises(errors.ContextTooLongError):
        read(raw.encode(), 5)


def test_an_error_in_another_shape_is_read_as_on_the_openai_wire() -> None:
    """A gateway in front may speak OpenAI's dialect."""
    body = {"error": {"message": "m", "type": "t", "code": "context_length_exceeded"}}
    assert type(codec.parse_error(call_of(codec, CHAT), response(400, body))) is errors.ContextTooLongError
