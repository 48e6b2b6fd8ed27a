"""Ollama: completions out and in, and progress."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.answers import Event, Reply
from ipfs_accel_async.errors import APIError, InvalidRequestError, NotFoundError, ResponseValidationError, ServerError
from ipfs_accel_async.fold import fold
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers.ollama import codec
from ipfs_accel_async.types import Image, NativeRequest, ResponseFormat
from ipfs_accel_async.wire.frames import Frame
from tests.providers.codecs import recorded_call
from tests.providers.recorded import call_of, deltas_of, headers_of, recorded_response, recorded_stream, response

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def body_of(prompt: str = "Once", **fields: Any) -> dict[str, Any]:
    """The body that the codec builds."""
    body = codec.build_body(call_of(codec, CompleteRequest((prompt,), **fields), "complete"))
    assert body is not None
    return body


def test_a_plain_prompt_says_whether_it_streams() -> None:
    """The service streams unless told not to."""
    assert body_of() == {"model": "m", "prompt": "Once", "stream": False}
    assert body_of(stream=True)["stream"] is True
    request = codec.build_request(call_of(codec, CompleteRequest(("Once",)), "complete"), None)
    assert request.url.endswith("/api/generate")


def test_everything_has_its_place() -> None:
    """Sampling under options, the rest at the top level."""
    params = {
        "raw": True,
        "system": "s",
        "template": "{{ .Prompt }}",
        "context": [1, 2],
        "keep_alive": -1,
        "think": "high",
        "num_ctx": 64,
        "format": ResponseFormat(SCHEMA),
    }
    assert body_of(suffix="end", max_tokens=9, temperature=0.0, stop=("X",), seed=4, params=params) == {
        "model": "m",
        "prompt": "Once",
        "stream": False,
        "suffix": "end",
        "raw": True,
        "system": "s",
        "template": "{{ .Prompt }}",
        "context": [1, 2],
        "keep_alive": -1,
        "think": "high",
        "format": SCHEMA,
        "options": {"num_predict": 9, "temperature": 0.0, "stop": ["X"], "seed": 4, "num_ctx": 64},
    }


def test_images_are_base64_whatever_they_came_as() -> None:
    """Bytes, an Image, or the text itself."""
    images = [b"abc", Image(data=b"def"), Image("data:image/gif;base64,Z2hp"), "amts"]
    assert body_of(params={"images": images})["images"] == ["YWJj", "ZGVm", "Z2hp", "amts"]


@pytest.mark.parametrize("image", [Image("https://x.test/a.png"), 7, None])
def test_an_image_that_cannot_be_sent_is_refused(image: Any) -> None:
    """Nothing here fetches one by address."""
    with pytest.raises(InvalidRequestError, match=r"bytes"):
        body_of(params={"images": [image]})


def test_an_answer_is_a_reply() -> None:
    """Text, thinking, reason and counts; the context that goes on is in the raw answer."""
    reply = codec.parse_response(recorded_call("ollama", "complete"), recorded_response("ollama", "complete"))
    assert isinstance(reply, Reply)
    assert reply.text.startswith("Once upon a tide")
    assert (reply.reasoning, reply.finish_reason) == ("A tide pool, then.", "stop")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (5, 21)
    assert reply.raw["context"] == [128006, 882, 128007]


@given(cuts=st.lists(st.integers(0, 1200), max_size=12))
def test_every_split_gives_the_same_reply(cuts: list[int]) -> None:
    """However the network cuts the lines."""
    raw = recorded_stream("ollama", "complete")
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    chunks = [raw[start:end] for start, end in itertools.pairwise(edges)]
    call = recorded_call("ollama", "complete", stream=True)
    whole = codec.parse_response(recorded_call("ollama", "complete"), recorded_response("ollama", "complete"))
    assert fold(deltas_of(codec, call, chunks), codec.empty_reply(call, headers_of({}))) == whole


@pytest.mark.parametrize(
    "line",
    [
        {"model": "m", "done": False},
        {"model": "m", "response": 7},
        {"model": "m", "response": "a", "thinking": 7},
        {"model": None, "response": "a"},
        {"model": "m", "response": "", "done": True, "done_reason": 7},
        ["response"],
        None,
    ],
)
def test_a_line_of_another_shape_is_refused(line: Any) -> None:
    """Typed, whole and streamed."""
    call = recorded_call("ollama", "complete", stream=True)
    raw = response(200, line).body
    with pytest.raises(ResponseValidationError):
        list(codec.parse_event(call, Frame("", raw)))
    with pytest.raises(ResponseValidationError):
        codec.parse_response(recorded_call("ollama", "complete"), response(200, line))


def progress(line: Any, operation: str = "pull") -> list[Event]:
    """The events in a line of progress."""
    call = call_of(codec, NativeRequest(json={"model": "m"}, stream="events"), operation)
    return list(codec.parse_native_event(call, Frame("", response(200, line).body)))


@pytest.mark.parametrize("operation", ["pull", "push", "create"])
def test_progress_ends_with_success_alone(operation: str) -> None:
    """A layer that is complete is not the end."""
    layer = {"status": "pulling abc", "digest": "sha256:abc", "total": 7, "completed": 7}
    assert progress(layer, operation) == [Event("", layer)]
    assert progress({"status": "success"}, operation) == [Event("", {"status": "success"}, end=True)]


@pytest.mark.parametrize(
    ("text", "kind", "retried"),
    [
        ("pull model manifest: file does not exist", NotFoundError, False),
        ("max retries exceeded: EOF", ServerError, True),
    ],
)
def test_an_error_in_progress_is_typed(text: str, kind: type[APIError], retried: bool) -> None:
    """It comes under status 200, in a line of its own."""
    with pytest.raises(kind, match=text) as caught:
        progress({"error": text})
    assert caught.value.retryable is retried
