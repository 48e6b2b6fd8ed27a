"""Ollama: what goes out, what comes in, and what is refused before it goes out."""

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
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    RateLimitError,
    ResponseValidationError,
    ServerError,
)
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.ollama import codec
from ipfs_accel_async.types import (
    ChatRequest,
    EmbedRequest,
    Image,
    Message,
    NativePart,
    NativeRequest,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
)
from tests.providers.recorded import call_of, deltas_of, fixture, headers_of, recorded_stream, response

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Delta

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
HELLO = Message("user", "hello")
CHAT = call_of(codec, ChatRequest((HELLO,)))


def body_of(*messages: Message, **fields: Any) -> dict[str, Any]:
    """The body that the codec builds."""
    body = codec.build_body(call_of(codec, ChatRequest(messages or (HELLO,), **fields)))
    assert body is not None
    return body


def lines(*values: Any) -> list[Delta]:
    """The deltas of these lines."""
    raw = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    return deltas_of(codec, call_of(codec, ChatRequest((HELLO,), stream=True)), [raw])


def line(content: str = "", *, done: bool = False, **fields: Any) -> dict[str, Any]:
    """One line of a stream."""
    message = {"role": "assistant", "content": content, **fields.pop("message", {})}
    return {"model": "m", "message": message, "done": done, **fields}


def test_a_plain_call_says_whether_it_streams() -> None:
    """The service streams unless told not to, so `stream` is always there."""
    plain = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "tools": []}
    assert body_of() == {**plain, "stream": False}
    assert body_of(stream=True) == {**plain, "stream": True}


def test_the_callers_own_fields_go_under_options() -> None:
    """max_tokens and its kin have the services's names there."""
    body = body_of(max_tokens=9, temperature=0.0, stop=("END",), seed=4)
    assert body["options"] == {"num_predict": 9, "temperature": 0.0, "stop": ["END"], "seed": 4}


def test_params_go_where_the_service_reads_them() -> None:
    """Names of options go under `options`, any other name to the top level, and all override."""
    params = {"num_ctx": 8192, "keep_alive": "5m", "think": "low", "options": {"temperature": 1, "novel": 2}, "x": 3}
    body = body_of(temperature=0.5, params=params)
    assert body["options"] == {"temperature": 1, "novel": 2, "num_ctx": 8192}
    assert (body["keep_alive"], body["think"], body["x"]) == ("5m", "low", 3)
    assert "num_ctx" not in body


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [(ResponseFormat(), "json"), (ResponseFormat(SCHEMA), SCHEMA), (SCHEMA, SCHEMA)],
)
def test_the_format_is_json_or_a_schema(wanted: Any, sent: Any) -> None:
    """Any JSON is the word json, a schema is itself."""
    assert body_of(response_format=wanted)["format"] == sent


def test_images_and_thinking_are_fields_of_the_message() -> None:
    """Parts are taken apart, a native part's fields join the message."""
    parts = (Text("what "), Text("is it?"), Image(data=b"abc"), Image("data:image/gif;base64,ZGVm"))
    user = Message("user", parts)
    assistant = Message("assistant", (Thinking("hm"), Text("a cat"), NativePart({"extra": 1})))
    assert body_of(user, assistant)["messages"] == [
        {"role": "user", "content": "what is it?", "images": ["YWJj", "ZGVm"]},
        {"role": "assistant", "content": "a cat", "thinking": "hm", "extra": 1},
    ]


def test_tool_calls_are_objects_and_results_name_their_tool() -> None:
    """The name comes from the message or from the newest call of that id."""
    messages = (
        Message("assistant", "", (ToolCall("call_0", "old", "{}"),)),
        Message("assistant", "", (ToolCall("call_0", "f", '{"a": 1}'), ToolCall("", "g", ""))),
        Message("tool", "one", tool_call_id="call_0"),
        Message("tool", "two", name="g"),
    )
    sent = body_of(HELLO, *messages)["messages"]
    assert sent[2]["tool_calls"] == [
        {"id": "call_0", "function": {"name": "f", "arguments": {"a": 1}}},
        {"function": {"name": "g", "arguments": {}}},
    ]
    assert sent[3] == {"role": "tool", "content": "one", "tool_name": "f", "tool_call_id": "call_0"}
    assert sent[4] == {"role": "tool", "content": "two", "tool_name": "g"}


def test_tools_take_the_services_shape() -> None:
    """A Tool is translated, a mapping goes as it is, and choosing none offers none."""
    function = {"name": "f", "description": "does it", "parameters": SCHEMA}
    tools = (Tool("f", "does it", SCHEMA), {"type": "function", "function": {"name": "g"}})
    assert body_of(tools=tools, tool_choice="auto")["tools"] == [{"type": "function", "function": function}, tools[1]]
    assert body_of(tools=tools, tool_choice="none")["tools"] == []


def test_a_developer_message_is_a_system_message() -> None:
    """The service knows no developer."""
    assert body_of(Message("developer", "be brief"), HELLO)["messages"][0] == {"role": "system", "content": "be brief"}


@pytest.mark.parametrize(
    ("messages", "fields", "words"),
    [
        ((Message("user", (Image("https://x.test/a.png"),)),), {}, "bytes"),
        ((HELLO,), {"tools": (Tool("f"),), "tool_choice": "required"}, "tool_choice"),
        ((HELLO,), {"tools": (Tool("f"),), "tool_choice": "f"}, "tool_choice"),
        ((HELLO,), {"tools": (Tool("f"),), "tool_choice": {"type": "any"}}, "tool_choice"),
        ((HELLO,), {"tools": (Tool("f", strict=True),)}, "strict"),
        ((Message("user", "x", name="ann"),), {}, "name"),
        ((HELLO, Message("assistant", "", (ToolCall("t9", "f", "no"),))), {}, "t9"),
    ],
)
def test_what_the_service_has_no_word_for_is_refused(messages: Any, fields: Any, words: str) -> None:
    """The error comes before anything is sent and names the parameter."""
    with pytest.raises(InvalidRequestError, match=words) as caught:
        body_of(*messages, **fields)
    assert caught.value.provider == "ollama"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("example.test", "http://example.test:11434"),
        ("example.test:8080", "http://example.test:8080"),
        ("example.test/ollama", "http://example.test:11434/ollama"),
        (":8080", "http://127.0.0.1:8080"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("https://ollama.com", "https://ollama.com"),
        ("http://10.0.0.7:11434/api", "http://10.0.0.7:11434/api"),
    ],
)
def test_the_hosts_variable_may_be_short(value: str, url: str) -> None:
    """OLLAMA_HOST is read as the service's own client reads it."""
    assert codec.parse_url_env(value) == url


@pytest.mark.parametrize("url", ["http://h:11434", "http://h:11434/api", "http://h:11434/v1"])
def test_the_base_url_may_end_in_a_route(url: str) -> None:
    """All ways to write the address mean the same."""
    assert codec.normalize_url(url) == "http://h:11434"


def test_a_key_is_a_bearer_and_none_is_needed() -> None:
    """The cloud takes a key, one's own machine none."""
    assert not codec.key_required
    assert (b"authorization", b"Bearer cloud-key") in codec.build_request(CHAT, Secret("cloud-key")).headers
    assert not [name for name, _ in codec.build_request(CHAT, None).headers if name == b"authorization"]


def test_a_recorded_answer_is_read_whole() -> None:
    """Text, thinking, usage and the reason all arrive."""
    reply = codec.parse_response(CHAT, response(200, fixture("ollama", "chat")["body"]))
    assert reply.text.startswith("The keeper lights the lamp")
    assert reply.reasoning == "Lanterns are lit at dusk."
    assert (reply.finish_reason, reply.model) == ("stop", "m")
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens) == (26, 31, 57)
    assert reply.raw["eval_duration"] == 640123456


def test_tool_calls_come_with_ids_and_json_text() -> None:
    """The service's id is kept, a missing one is made of the index, and the reason says tool_calls."""
    reply = codec.parse_response(CHAT, response(200, fixture("ollama", "tools")["body"]))
    assert reply.tool_calls == (
        ToolCall("call_7k2mq0xa", "forecast", '{"city":"Trondheim","days":3,"units":["celsius","knots"]}'),
        ToolCall("call_1", "clock", "{}"),
    )
    assert reply.finish_reason == "tool_calls"


def test_calls_on_separate_lines_stay_apart() -> None:
    """Folded, the stream has the calls of the unary answer, and its final stop does not hide them."""
    call = call_of(codec, ChatRequest((HELLO,), stream=True))
    reply = fold(deltas_of(codec, call, [recorded_stream("ollama", "tools")]), codec.empty_reply(call, headers_of({})))
    assert [tool_call.name for tool_call in reply.tool_calls] == ["forecast", "clock"]
    assert reply.finish_reason == "tool_calls"


def test_a_reply_that_was_cut_by_length_says_so_even_after_calls() -> None:
    """Only a stop gives way to tool_calls."""
    calls = [{"function": {"name": "f", "arguments": {}}}]
    deltas = lines(line(message={"tool_calls": calls}), line(done=True, done_reason="length"))
    assert fold(deltas, codec.empty_reply(CHAT, headers_of({}))).finish_reason == "length"


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
    answer = codec.parse_response(call, response(200, fixture("ollama", "embed")["body"]))
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
    models = codec.parse_response(call, response(200, fixture("ollama", "models")["body"])).models
    assert [model.id for model in models] == ["llama3.2:1b", "nomic-embed-text:latest"]
    assert models[0].raw["details"]["family"] == "llama"
