"""The vLLM codec: where it differs from the OpenAI wire."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Delta, ModelList, Reply, Usage
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.vllm import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, NativeRequest, Text, Thinking
from ipfs_accel_async.wire.frames import Frame
from tests.providers.openai_calls import CASES, HELLO, IDS, ChatCase
from tests.providers.recorded import call_of, deltas_of, recorded_response, response

CHAT = ChatRequest((HELLO,))


def event(value: Any) -> list[Delta]:
    """The deltas in one event."""
    call = call_of(codec, replace(CHAT, stream=True))
    return list(codec.parse_event(call, Frame("", json.dumps(value).encode())))


def body_of(request: ChatRequest | EmbedRequest, operation: str = "chat") -> dict[str, Any]:
    """The body that is sent for a payload."""
    sent: dict[str, Any] = json.loads(codec.build_request(call_of(codec, request, operation), None).body)
    return sent


def test_it_is_on_this_machine_and_needs_no_key() -> None:
    """Without a key no header is sent for it; with one it is."""
    assert codec.normalize_url("http://localhost:8000") == codec.base_url == "http://localhost:8000/v1"
    assert not codec.key_required
    without = codec.build_request(call_of(codec, CHAT), None)
    assert b"authorization" not in dict(without.headers)
    assert dict(codec.build_request(call_of(codec, CHAT), Secret("k")).headers)[b"authorization"] == b"Bearer k"


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_bodies_are_those_of_the_openai_wire(case: ChatCase) -> None:
    """All fields of a chat request have the same place here."""
    assert body_of(case.ours) == {"model": "m", **case.theirs}


def test_its_own_parameters_pass_through() -> None:
    """Sampling and structured outputs as the server names them."""
    own = {"top_k": 5, "min_p": 0.1, "structured_outputs": {"choice": ["a", "b"]}}
    assert own.items() <= body_of(replace(CHAT, params=own)).items()


def test_reasoning_of_earlier_turns_goes_back() -> None:
    """An assistant message has a place for it."""
    sent = body_of(ChatRequest((HELLO, Message("assistant", (Thinking("hm"), Text("Yes"))))))["messages"][1]
    assert sent == {"role": "assistant", "content": "Yes", "reasoning": "hm"}


def test_any_number_of_texts_is_sent() -> None:
    """The server has no fixed limit."""
    assert len(body_of(EmbedRequest(("a",) * 3000), "embed")["input"]) == 3000


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_under_its_new_and_its_old_name(field: str) -> None:
    """Older servers write ``reasoning_content``; in an answer and in a stream."""
    message = {"role": "assistant", "content": "Yes", field: "hm"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "stop_reason": 151645}
    reply = codec.parse_response(call_of(codec, CHAT), response(200, {"choices": [choice]}))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning) == ("Yes", "hm")
    (delta,) = event({"choices": [{"index": 0, "delta": {field: "hm"}}]})
    assert (delta.text, delta.reasoning) == ("", "hm")


def test_reasoning_under_both_names_is_taken_once() -> None:
    """Servers in between write both."""
    (delta,) = event({"choices": [{"index": 0, "delta": {"reasoning": "hm", "reasoning_content": "hm"}}]})
    assert delta.reasoning == "hm"


def test_usage_may_have_null_details() -> None:
    """The server writes null where nothing is counted."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("vllm", "tools"))
    assert reply.usage == Usage(188, 45, 233)


@pytest.mark.parametrize(
    ("status", "kind_of_error", "param", "kind", "retryable", "code"),
    [
        (400, "BadRequestError", None, errors.BadRequestError, False, "BadRequestError"),
        (400, "BadRequestError", "input_tokens", errors.ContextTooLongError, False, "context_length_exceeded"),
        (404, "NotFoundError", "model", errors.NotFoundError, False, "NotFoundError"),
        (422, "UnprocessableEntityError", None, errors.BadRequestError, False, "UnprocessableEntityError"),
        (500, "InternalServerError", None, errors.ServerError, True, "InternalServerError"),
        (501, "NotImplementedError", None, errors.ServerError, False, "NotImplementedError"),
        (503, "Service Unavailable", None, errors.OverloadedError, True, "Service Unavailable"),
    ],
)
def test_errors_have_a_number_as_code(
    status: int, kind_of_error: str, param: str | None, kind: type[errors.APIError], retryable: bool, code: str
) -> None:
    """The number says no more than the status; the type is the code, and a prompt too long shows in `param`."""
    body = {"error": {"message": "m", "type": kind_of_error, "param": param, "code": status}}
    error = codec.parse_error(call_of(codec, CHAT), response(status, body))
    assert type(error) is kind
    assert (error.retryable, error.message, error.code, error.status) == (retryable, "m", code, status)


def test_a_refused_key_is_told_in_a_bare_string() -> None:
    """The body of a 401 is not like the others."""
    error = codec.parse_error(call_of(codec, CHAT), response(401, {"error": "Unauthorized"}))
    assert type(error) is errors.AuthenticationError
    assert (error.message, error.code) == ("Unauthorized", None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "m", "type": "BadRequestError", "code": 400}, errors.BadRequestError),
        ({"message": "m", "type": "BadRequestError", "param": "input_tokens", "code": 400}, errors.ContextTooLongError),
        ({"message": "m", "type": "InternalServerError", "code": 500}, errors.ServerError),
        ({"message": "m", "type": "ServiceUnavailableError", "code": 503}, errors.OverloadedError),
    ],
)
def test_an_error_in_a_stream_is_raised_and_not_ended(error: Any, kind: type[errors.APIError]) -> None:
    """``[DONE]`` follows the error: it must not pass for an end."""
    raw = b"data: " + json.dumps({"error": error}).encode() + b"\n\ndata: [DONE]\n\n"
    with pytest.raises(kind) as caught:
        deltas_of(codec, call_of(codec, replace(CHAT, stream=True)), [raw])
    assert type(caught.value) is kind


def test_models_keep_what_the_server_says_of_them() -> None:
    """The length of the context is in `raw`."""
    answer = codec.parse_response(call_of(codec, NativeRequest(), "models"), recorded_response("vllm", "models"))
    assert isinstance(answer, ModelList)
    (model,) = answer.models
    assert (model.id, model.owner, model.raw["max_model_len"]) == ("Qwen/Qwen3-8B", "vllm", 40960)
