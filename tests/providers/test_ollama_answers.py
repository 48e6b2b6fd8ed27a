"""Ollama: what comes in, whole, streamed or as an error; vectors and models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ipfs_accel_async.errors import (
    AuthenticationError,
    BadRequestError,
    ContextTooLongError,
    DecodeError,
    NotFoundError,
    OverloadedError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
)
from ipfs_accel_async.fold import fold
from ipfs_accel_async.providers.ollama import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, NativeRequest, ToolCall
from tests.providers.recorded import call_of, deltas_of, headers_of, recorded_response, recorded_stream, response

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Delta

CHAT = call_of(codec, ChatRequest((Message("user", "hello"),)))
EMPTY = codec.empty_reply(CHAT, headers_of({}))


def lines(*values: Any) -> list[Delta]:
    """The deltas of these lines."""
    raw = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    return deltas_of(codec, CHAT, [raw])


def line(content: str = "", *, done: bool = False, **fields: Any) -> dict[str, Any]:
    """One line of a stream."""
    message = {"role": "assistant", "content": content, **fields.pop("message", {})}
    return {"model": "m", "message": message, "done": done, **fields}


def test_a_recorded_answer_is_read_whole() -> None:
    """Text, thinking, usage and the reason all arrive."""
    reply = codec.parse_response(CHAT, recorded_response("ollama", "chat"))
    assert reply.text.startswith("The keeper lights the lamp")
    assert reply.reasoning == "Lanterns are lit at dusk."
    assert (reply.finish_reason, reply.model) == ("stop", "m")
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens) == (26, 31, 57)
    assert reply.raw["eval_duration"] == 640123456


def test_tool_calls_come_with_ids_and_json_text() -> None:
    """The service's id is kept, a missing one is made of the index, and the reason says tool_calls."""
    reply = codec.parse_response(CHAT, recorded_response("ollama", "tools"))
    assert reply.tool_calls == (
        ToolCall("call_7k2mq0xa", "forecast", '{"city":"Trondheim","days":3,"units":["celsius","knots"]}'),
        ToolCall("call_1", "clock", "{}"),
    )
    assert reply.finish_reason == "tool_calls"


def test_calls_on_separate_lines_stay_apart() -> None:
    """Folded, the stream has the calls of the unary answer, and its final stop does not hide them."""
    reply = fold(deltas_of(codec, CHAT, [recorded_stream("ollama", "tools")]), EMPTY)
    assert [tool_call.name for tool_call in reply.tool_calls] == ["forecast", "clock"]
    assert reply.finish_reason == "tool_calls"


def test_a_reply_that_was_cut_by_length_says_so_even_after_calls() -> None:
    """Only a stop gives way to tool_calls."""
    calls = [{"function": {"name": "f", "arguments": {}}}]
    deltas = lines(line(message={"tool_calls": calls}), line(done=True, done_reason="length"))
    assert fold(deltas, EMPTY).finish_reason == "length"


def test_a_model_that_is_only_loaded_answers_with_the_services_word() -> None:
    """A reason that we have no word for is kept."""
    (delta,) = lines(line(done=True, done_reason="load"))
    assert (delta.finish_reason, delta.end) == ("load", True)


def test_an_error_line_is_a_server_error() -> None:
    """The status of the stream is 200, so the line makes the error."""
    with pytest.raises(ServerError, match="runner stopped") as caught:
        lines(line("so far"), {"error": "model runner stopped"})
    assert (caught.value.status, caught.value.retryable, caught.value.outcome) == (500, True, "failed")


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (400, "registry.test/m does not support tools", BadRequestError),
        (400, "the input length exceeds the context length", ContextTooLongError),
        (401, "unauthorized", AuthenticationError),
        (404, "model 'nope' not found", NotFoundError),
        (429, "too many concurrent requests", RateLimitError),
        (500, "out of memory", ServerError),
        (502, "upstream", ServerError),
        (503, "server busy, please try again", OverloadedError),
    ],
)
def test_errors_are_typed_by_status(status: int, text: str, error: type[Exception]) -> None:
    """The service has no codes: the status chooses the class."""
    raised = codec.parse_error(CHAT, response(status, {"error": text}))
    assert type(raised) is error
    assert (raised.status, raised.message) == (status, text)


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"", b'{"error": {"message": "no", "type": "x"}}'])
def test_a_proxys_error_is_typed_too(body: bytes) -> None:
    """Whatever the body is, the status makes a typed one-line error."""
    raised = codec.parse_error(CHAT, response(502, body))
    assert type(raised) is ServerError
    assert raised.message
    assert "\n" not in str(raised)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"model": "m", "done": True}, "message"),
        ({"model": "m", "done": True, "message": {"content": 5}}, "message.content"),
        (
            {"model": "m", "done": True, "message": {"content": "", "tool_calls": [{"function": {}}]}},
            r"message.tool_calls\[0\].function.name",
        ),
        ([], "wrong type"),
    ],
)
def test_a_broken_answer_names_the_field(body: Any, path: str) -> None:
    """A missing or wrong field is a typed error with its path, unary and streamed alike."""
    with pytest.raises(ResponseValidationError, match=path):
        codec.parse_response(CHAT, response(200, body))
    with pytest.raises(ResponseValidationError, match=path):
        lines(body)


def test_a_line_that_is_no_json_is_a_decode_error() -> None:
    """Malformed JSON can be tried again."""
    with pytest.raises(DecodeError):
        deltas_of(codec, CHAT, [b'{"model": "m", "mess\n'])


def test_an_error_body_under_200_is_an_error() -> None:
    """The body rules, not the status."""
    with pytest.raises(ServerError):
        codec.parse_response(CHAT, response(200, {"error": "it broke"}))


def test_embeddings_are_one_float32_array() -> None:
    """One row a text, whether one or many."""
    call = call_of(codec, EmbedRequest(("alpha", "beta"), {"num_ctx": 512, "truncate": False}), "embed")
    assert codec.build_body(call) == {
        "model": "m",
        "input": ["alpha", "beta"],
        "options": {"num_ctx": 512},
        "truncate": False,
    }
    answer = codec.parse_response(call, recorded_response("ollama", "embed"))
    assert answer.vectors.dtype == np.float32
    np.testing.assert_array_equal(answer.vectors, np.array([[0.6, -0.8, 0, 0], [0.5, 0.5, -0.5, 0.5]], np.float32))
    assert answer.usage.input_tokens == answer.usage.total_tokens == 4


@pytest.mark.parametrize("vectors", [[[1.0]], [[1.0], [1.0, 2.0]], [[1.0], None], [1.0, 2.0], "x", None])
def test_vectors_that_do_not_fit_the_texts_are_refused(vectors: Any) -> None:
    """A wrong count, ragged rows and what is no vector at all are typed errors."""
    call = call_of(codec, EmbedRequest(("alpha", "beta")), "embed")
    with pytest.raises(ResponseValidationError):
        codec.parse_response(call, response(200, {"model": "m", "embeddings": vectors}))


def test_models_are_listed() -> None:
    """Each model has its id and all the service says of it."""
    call = call_of(codec, NativeRequest(), "models", model="")
    request = codec.build_request(call, None)
    assert (request.method, request.url, request.body) == ("GET", "http://127.0.0.1:11434/api/tags", b"")
    models = codec.parse_response(call, recorded_response("ollama", "models")).models
    assert [model.id for model in models] == ["llama3.2:1b", "nomic-embed-text:latest"]
    assert models[0].raw["details"]["family"] == "llama"
