"""TGI's own generation, its tokenizer and batches: what is sent, what is read, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import Delta, Reply, Usage
from ipfs_accel_async.fold import fold
from ipfs_accel_async.payloads import CompleteRequest, TokenizeRequest
from ipfs_accel_async.providers.hf_tgi import codec
from ipfs_accel_async.results import Completions, TokenCount, Tokens
from ipfs_accel_async.types import ChatRequest, EmbedRequest, Image, Message, NativeRequest, Text, Tool
from ipfs_accel_async.wire.frames import Frame
from tests.providers.described import copies, faults
from tests.providers.recorded import call_of, deltas_of, recorded_response, response

HELLO = ChatRequest((Message("user", "Hello"),))
GRAMMAR = {"type": "regex", "value": "[0-9]+"}
ROUTER = "https://router.huggingface.co"


def sent(payload: Any, operation: str = "complete", endpoint: str = "") -> tuple[str, Any]:
    """Path and body of a request."""
    request = codec.build_request(call_of(codec, payload, operation, endpoint=endpoint), None)
    assert request.method == "POST"
    return request.url.removeprefix("http://localhost:8080"), json.loads(request.body)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("payload", "parameters"),
    [
        (CompleteRequest(("Hi",)), {"details": True}),
        (
            CompleteRequest(("Hi",), max_tokens=5, temperature=0.5, stop=("a", "b"), seed=7),
            {"details": True, "max_new_tokens": 5, "temperature": 0.5, "stop": ["a", "b"], "seed": 7},
        ),
        (
            CompleteRequest(("Hi",), params={"grammar": GRAMMAR, "best_of": 2, "truncate": 100, "do_sample": True}),
            {"details": True, "grammar": GRAMMAR, "best_of": 2, "truncate": 100, "do_sample": True},
        ),
        (CompleteRequest(("Hi",), params={"details": False}), {"details": False}),
        (CompleteRequest(("Hi",), temperature=0), {"details": True}),
    ],
)
def test_a_text_goes_to_the_servers_own_route(payload: CompleteRequest, parameters: Any, *, stream: bool) -> None:
    """Streamed to a route of its own; details are asked for, as the counts are in them; greedy is the default."""
    path, body = sent(replace(payload, stream=stream))
    assert path == ("/generate_stream" if stream else "/generate")
    assert body == {"inputs": "Hi", "parameters": parameters}
    if copies("tgi"):
        assert faults("tgi", "GenerateRequest", body) == []


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (CompleteRequest(("Hi",), suffix="end"), "suffix"),
        (CompleteRequest(("Hi",), temperature=0, params={"top_p": 0.9}), "temperature of 0"),
    ],
)
def test_what_the_server_has_no_word_for_is_refused(payload: CompleteRequest, says: str) -> None:
    """Rather than left out: the text would be another one."""
    with pytest.raises(errors.InvalidRequestError, match=says):
        sent(payload)
    if payload.suffix:
        with pytest.raises(errors.InvalidRequestError, match=says):
            sent(payload, "complete_batch")


def test_prompts_go_out_together() -> None:
    """Over the OpenAI-like route, which takes several; the reason is in our words for each."""
    payload = CompleteRequest(("Once upon", "In the end"), max_tokens=5, params={"repetition_penalty": 1.1})
    path, body = sent(payload, "complete_batch")
    assert path == "/v1/completions"
    assert body == {"model": "m", "prompt": ["Once upon", "In the end"], "max_tokens": 5, "repetition_penalty": 1.1}
    answer = codec.parse_response(
        call_of(codec, payload, "complete_batch"), recorded_response("hf_tgi", "complete_batch")
    )
    assert isinstance(answer, Completions)
    assert [(reply.text, reply.finish_reason) for reply in answer.replies] == [
        (" a time", "length"),
        (", all is well.", "stop"),
    ]
    assert answer.usage == Usage(8, 8, 16)


def test_the_tokenizer_takes_a_text_or_a_chat() -> None:
    """A chat goes through the model's template first; tools are part of it."""
    assert sent(TokenizeRequest("a b", {"x_new": 1}), "tokenize") == (
        "/tokenize",
        {"inputs": "a b", "x_new": 1},
    )
    path, body = sent(replace(HELLO, tools=(Tool("weather"),)), "count_tokens")
    assert path == "/chat_tokenize"
    assert body["messages"] == [{"role": "user", "content": "Hello"}]
    assert body["tools"][0]["function"]["name"] == "weather"
    count = codec.parse_response(call_of(codec, HELLO, "count_tokens"), recorded_response("hf_tgi", "count_tokens"))
    assert isinstance(count, TokenCount)
    assert (count.tokens, count.estimated) == (9, False)
    tokens = codec.parse_response(
        call_of(codec, TokenizeRequest("Hello world"), "tokenize"), recorded_response("hf_tgi", "tokenize")
    )
    assert isinstance(tokens, Tokens)
    assert (tokens.ids, tokens.texts) == ((1, 22557, 1526), ("<s>", "Hello", " world"))


def reply_of(body: Any, headers: dict[str, str] | None = None) -> Any:
    """The reply in a whole answer."""
    return codec.parse_response(call_of(codec, CompleteRequest(("Hi",)), "complete"), response(200, body, headers))


def test_the_prompts_tokens_are_in_a_header() -> None:
    """Where a proxy took it away they are counted in the details, if these list them; else they are not known."""
    details = {"finish_reason": "length", "generated_tokens": 3, "prefill": [{"id": 1}, {"id": 2}], "tokens": []}
    body = {"generated_text": "a", "details": details}
    assert reply_of(body, {"x-prompt-tokens": "9"}).usage == Usage(9, 3, 12)
    assert reply_of(body).usage == Usage(2, 3, 5)
    assert reply_of({"generated_text": "a", "details": {**details, "prefill": []}}).usage == Usage(0, 3, 3)
    assert reply_of({"generated_text": "a"}).usage == Usage()
    assert reply_of({"generated_text": "a"}, {"x-prompt-tokens": "many"}).finish_reason == ""


@pytest.mark.parametrize(
    "body",
    [
        {"generated_text": None},
        {"generated_text": 5},
        [{"generated_text": "a"}],
        {"generated_text": "a", "details": [1]},
        {"generated_text": "a", "details": {"generated_tokens": "x"}},
    ],
)
def test_a_text_of_another_shape_is_refused(body: Any) -> None:
    """Typed, and in one line."""
    with pytest.raises(errors.ResponseValidationError):
        reply_of(body)


STREAM = call_of(codec, CompleteRequest(("Hi",), stream=True), "complete")


def event(value: Any) -> list[Delta]:
    """The deltas in one event."""
    return list(codec.parse_event(STREAM, Frame("", json.dumps(value).encode())))


def token(text: str, *, special: bool = False, **more: Any) -> dict[str, Any]:
    """One event of a stream."""
    return {"index": 1, "token": {"id": 1, "text": text, "logprob": -1.0, "special": special}, **more}


def test_the_event_with_the_whole_text_is_the_last() -> None:
    """An empty whole text is one too; special tokens are no text; the counts are in the details."""
    assert event(token("a", generated_text=None, details=None)) == [Delta("a")]
    assert event(token("</s>", special=True)) == [Delta("")]
    assert event(token("b", generated_text="")) == [Delta("b", end=True)]
    details = {"finish_reason": "stop_sequence", "generated_tokens": 2, "input_length": 3, "seed": None}
    (last,) = event(token("b", generated_text="ab", details=details))
    assert last == Delta("b", finish_reason="stop", usage=Usage(3, 2, 5), end=True)


@pytest.mark.parametrize("value", [{}, {"token": None}, {"token": {}}, {"token": {"text": 5}}, [], 7, "a"])
def test_an_event_of_another_shape_is_refused(value: Any) -> None:
    """Typed: never an empty token."""
    with pytest.raises(errors.ResponseValidationError):
        event(value)


@pytest.mark.parametrize(
    ("kind", "raised", "status"),
    [
        ("overloaded", errors.OverloadedError, 429),
        ("generation", errors.ServerError, 424),
        ("validation", errors.BadRequestError, 422),
        ("incomplete_generation", errors.ServerError, 500),
    ],
)
def test_an_error_under_status_200_is_raised(kind: str, raised: type[errors.APIError], status: int) -> None:
    """With the status that a whole answer would have had."""
    with pytest.raises(raised) as caught:
        event({"error": "It failed.", "error_type": kind})
    assert (caught.value.message, caught.value.status) == ("It failed.", status)


def test_a_stream_that_fails_on_its_way_raises_there() -> None:
    """What came before stands."""
    raw = b"".join(
        b"data:" + json.dumps(value).encode() + b"\n\n"
        for value in (token("a"), token("b"), {"error": "Request failed", "error_type": "generation"})
    )
    with pytest.raises(errors.ServerError):
        deltas_of(codec, STREAM, [raw])
    deltas = deltas_of(codec, STREAM, [raw[: raw.index(b'data:{"error"')]])
    assert fold(deltas, Reply(target=STREAM.target)).text == "ab"


@pytest.mark.parametrize(
    ("payload", "operation"),
    [
        (CompleteRequest(("Hi",)), "complete"),
        (CompleteRequest(("Hi",)), "complete_batch"),
        (TokenizeRequest("Hi"), "tokenize"),
        (HELLO, "count_tokens"),
        (NativeRequest(), "info"),
        (NativeRequest(json={}), "generate"),
    ],
)
def test_the_router_has_chat_and_models_only(payload: Any, operation: str) -> None:
    """The rest is a server's; it is refused here, before a key leaves for nothing."""
    with pytest.raises(errors.InvalidRequestError, match="only chat and models"):
        codec.build_request(call_of(codec, payload, operation, endpoint=ROUTER), None)


def test_the_router_is_told_who_is_to_answer() -> None:
    """In the model's name, behind a colon; a part of it that the registry's own split leaves alone."""
    call = call_of(codec, HELLO, model="openai/gpt-oss-120b:cerebras", endpoint=codec.normalize_url(f"{ROUTER}/v1"))
    request = codec.build_request(call, None)
    assert request.url == f"{ROUTER}/v1/chat/completions"
    assert json.loads(request.body)["model"] == "openai/gpt-oss-120b:cerebras"
    models = codec.build_request(call_of(codec, NativeRequest(), "models", endpoint=ROUTER), None)
    assert (models.method, models.url) == ("GET", f"{ROUTER}/v1/models")


def test_there_is_nothing_that_the_server_has_not() -> None:
    """It embeds nothing, speaks nothing and draws nothing, although the OpenAI wire has words for it."""
    assert set(codec.operations) == {"chat", "complete", "complete_batch", "tokenize", "count_tokens", "models"}
    with pytest.raises(errors.InvalidRequestError, match="no operation 'embed'"):
        codec.build_request(call_of(codec, EmbedRequest(("a",)), "embed"), None)
    with pytest.raises(errors.InvalidRequestError, match=r"no operation 'images\.generate'"):
        codec.build_request(call_of(codec, NativeRequest(json={}), "images.generate"), None)


def test_images_go_over_the_chat_route() -> None:
    """By address or as bytes, as parts of a message."""
    message = Message("user", (Text("What is it?"), Image(data=b"\x89PNG"), Image("http://h/a.png")))
    path, body = sent(ChatRequest((message,)), "chat")
    assert path == "/v1/chat/completions"
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        {"type": "image_url", "image_url": {"url": "http://h/a.png"}},
    ]
    if copies("tgi"):
        assert faults("tgi", "Message", body["messages"][0]) == []
