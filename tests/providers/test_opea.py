"""The OPEA codec: requests, and answers whole and in pieces."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import errors
from ipfs_accel_async.answers import NO_USAGE, Delta, Reply
from ipfs_accel_async.fold import fold
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.providers.opea import OPEA, codec
from ipfs_accel_async.types import (
    ChatRequest,
    EmbedRequest,
    Image,
    Message,
    NativePart,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
)  # fmt: skip
from tests.providers.recorded import call_of, fixture, recorded_response, response

if TYPE_CHECKING:
    from collections.abc import Iterable

HELLO = Message("user", "Hello")
CHAT = ChatRequest((HELLO,))
STREAM = call_of(codec, replace(CHAT, stream=True))


def serving(service: str) -> OPEA:
    """The codec for a service."""
    return codec.configured(options={"service": service})


def body_of(request: ChatRequest, service: str = "chatqna") -> dict[str, Any]:
    """The body that is sent to a service."""
    own = serving(service)
    sent: dict[str, Any] = json.loads(own.build_request(call_of(own, request), None).body)
    return sent


def read(chunks: Iterable[bytes]) -> list[Delta]:
    """The deltas of a body that comes in these chunks."""
    decoder = codec.decoder()
    return [
        delta
        for chunk in chunks
        for frame in decoder.feed(chunk)
        if frame.data
        for delta in codec.parse_event(STREAM, frame)
    ]


def literals(*texts: str) -> bytes:
    """A stream of these pieces, as the service writes it, without its end mark."""
    return b"".join(b"data: " + repr(text.encode()).encode() + b"\n\n" for text in texts)


DONE = b"data: [DONE]\n\n"


def chunk(choice: dict[str, Any]) -> bytes:
    """A piece as a model server writes it."""
    return b"data: " + json.dumps({"id": "c", "model": "llama", "choices": [choice]}).encode() + b"\n\n"


def test_a_lone_question_is_sent_as_text() -> None:
    """The service would search for it with its role before it; it streams unless told not to."""
    assert body_of(CHAT) == {"model": "m", "messages": "Hello", "stream": False}
    assert body_of(replace(CHAT, stream=True))["stream"] is True
    request = codec.build_request(call_of(codec, CHAT), Secret("k"))
    assert request.url == "http://localhost:8888/v1/chatqna"
    assert dict(request.headers)[b"authorization"] == b"Bearer k"
    assert b"authorization" not in dict(codec.build_request(call_of(codec, CHAT), None).headers)


def test_a_conversation_is_sent_as_a_list() -> None:
    """With the fields under the service's names; developer is no role of it."""
    talk = (Message("developer", "Be brief."), HELLO, Message("assistant", "Hi."), Message("user", (Text("And?"),)))
    assert body_of(ChatRequest(talk, max_tokens=9, temperature=0.5, params={"top_k": 3, "k": 4})) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi."},
            {"role": "user", "content": [{"type": "text", "text": "And?"}]},
        ],
        "stream": False,
        "max_tokens": 9,
        "temperature": 0.5,
        "top_k": 3,
        "k": 4,
    }


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (replace(CHAT, tools=(Tool("t"),)), "tools"),
        (replace(CHAT, tool_choice="none"), "tool_choice"),
        (replace(CHAT, response_format=ResponseFormat()), "response_format"),
        (replace(CHAT, stop=("a",)), "stop"),
        (replace(CHAT, seed=0), "seed"),
        (ChatRequest((HELLO, Message("tool", "x", tool_call_id="c"))), "tools"),
        (ChatRequest((HELLO, Message("assistant", "", (ToolCall("c", "f", "{}"),)))), "tools"),
        (ChatRequest((Message("user", (Image("https://example.org/a.png"),)),)), "images"),
    ],
)
def test_what_the_services_would_drop_is_refused(request_: ChatRequest, words: str) -> None:
    """By the name of the parameter, before anything is sent."""
    with pytest.raises(errors.InvalidRequestError, match=f"opea.* {words}"):
        body_of(request_)


def test_services_differ_in_what_they_take() -> None:
    """A summary has a type, a translation its text and languages, a question on an image its image."""
    assert body_of(CHAT, "docsum")["type"] == "text"
    assert body_of(replace(CHAT, params={"type": "audio"}), "docsum")["type"] == "audio"
    tongues = {"language_from": "Go", "language_to": "C"}
    asked = ChatRequest((Message("user", "x := 1"),), stream=True, params=tongues)
    assert body_of(asked, "codetrans") == {"source_code": "x := 1", **tongues}
    assert body_of(asked, "translation") == {"source_language": "x := 1", **tongues}
    image = NativePart({"type": "image_url", "image_url": {"url": "a"}})
    seen = body_of(ChatRequest((Message("user", (Image("a"), image)),)), "visualqna")["messages"][0]["content"]
    assert seen == [image.value, image.value]
    with pytest.raises(errors.InvalidRequestError, match="stream only"):
        body_of(replace(asked, stream=False), "codetrans")
    with pytest.raises(errors.InvalidRequestError, match="needs language_to"):
        body_of(replace(asked, params={"language_from": "Go"}), "codetrans")


def test_the_service_is_the_path() -> None:
    """Its own address, an OpenAI client's and the root are one."""
    own = serving("codegen")
    ways = ("", "/v1", "/v1/codegen", "/v1/docsum", "/v1/chat/completions", "/v1/audio/speech", "/v1/guardrails")
    for base in (f"http://h:7778{way}" for way in ways):
        call = call_of(own, CHAT, endpoint=own.normalize_url(base))
        assert own.build_request(call, None).url == "http://h:7778/v1/codegen"
    for wrong in ("", "a/b", "../x", "Chat QnA", "chatqna?x=1"):
        with pytest.raises(errors.ConfigError, match="name of a service"):
            serving(wrong)


def test_embeddings_ask_for_no_encoding() -> None:
    """Not all kinds of the microservice know base64."""
    request = codec.build_request(call_of(codec, EmbedRequest(("a", "b"), {"user": "u"}), "embed"), None)
    assert request.url.endswith("/v1/embeddings")
    assert json.loads(request.body) == {"model": "m", "input": ["a", "b"], "user": "u"}


def test_a_whole_answer_is_as_the_service_writes_it() -> None:
    """No counts, the service's name as the model, and no id: a stream would have none."""
    reply = codec.parse_response(call_of(codec, CHAT), recorded_response("opea", "chat"))
    assert isinstance(reply, Reply)
    assert (reply.model, reply.finish_reason, reply.usage, reply.id) == ("chatqna", "stop", NO_USAGE, "")
    assert reply.raw["id"] == fixture("opea", "chat")["body"]["id"]


@given(texts=st.lists(st.text(min_size=1), min_size=1, max_size=6), cuts=st.lists(st.integers(0, 300), max_size=4))
def test_any_text_comes_through_at_any_split(texts: list[str], cuts: list[int]) -> None:
    """What the service writes of any text is that text, however the network cuts it."""
    whole = literals(*texts) + DONE
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    deltas = read(whole[start:end] for start, end in pairwise(edges))
    assert [delta.text for delta in deltas] == [*texts, ""]
    assert (deltas[-1].end, deltas[-1].finish_reason) == (True, "stop")


@pytest.mark.parametrize("before", [b"", b": ping\n\n", literals(""), b'data: b""\n\n', b"data:\n\n"])
def test_an_end_mark_with_nothing_before_it_is_a_fault_of_the_service(before: bytes) -> None:
    """A lost model server ends in status 200 and the end mark: raised, sent again, counted as a failure."""
    with pytest.raises(errors.ServerError, match="chatqna ended its stream without a word") as caught:
        read([before + DONE])
    assert (caught.value.retryable, caught.value.status, errors.outcome_of(caught.value)) == (True, 200, "failed")


@pytest.mark.parametrize("piece", [b"b'a", b"b'\\x4'", b"b'\\xff'", b"Internal Server Error", b"{", b"''"])
def test_a_piece_that_is_neither_literal_nor_json_is_a_decode_error(piece: bytes) -> None:
    """Worth one more try while nothing was handed over."""
    with pytest.raises(errors.DecodeError) as caught:
        read([b"data: " + piece + b"\n\n"])
    assert caught.value.retryable


@pytest.mark.parametrize("form", ["chat", "completion"])
def test_chunks_of_a_model_server_are_read_too(form: str) -> None:
    """Some services hand them on; then reason, model and id are those of the chunks."""
    said = [{"delta": {"content": text}} if form == "chat" else {"text": text} for text in ("Pa", "ris", "")]
    said[-1]["finish_reason"] = "length"
    deltas = read([*map(chunk, said), DONE])
    reply = fold(deltas, codec.empty_reply(STREAM, response(200, b"").headers))
    assert (reply.text, reply.finish_reason, reply.model, reply.id) == ("Paris", "length", "llama", "c")
    assert deltas[-1] == Delta(end=True)


def test_an_error_of_the_model_server_is_raised() -> None:
    """Handed on inside the stream."""
    with pytest.raises(errors.OverloadedError):
        read([b'data: {"error":{"message":"m","type":"t","code":503}}\n\n' + DONE])


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (
            422,
            {"detail": [{"loc": ["body", "messages"], "msg": "Field required"}, {"msg": "bad"}, 7]},
            errors.BadRequestError,
            "body.messages: Field required; bad; 7",
        ),
        (404, {"detail": "Not Found"}, errors.NotFoundError, "Not Found"),
        (401, {"detail": "Invalid token signature."}, errors.AuthenticationError, "Invalid token signature."),
        (500, b"Internal Server Error", errors.ServerError, "Internal Server Error"),
        (503, b"<html>", errors.OverloadedError, "<html>"),
    ],
)
def test_errors_are_typed(status: int, body: Any, kind: type[errors.APIError], message: str) -> None:
    """A sentence, a list of faults, or plain text."""
    error = codec.parse_error(call_of(codec, CHAT), response(status, body))
    assert (type(error), error.message, error.status) == (kind, message, status)
