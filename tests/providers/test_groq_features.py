"""Groq: reasoning options, images, and counts of every kind, on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ipfs_accel_async.answers import Usage
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.fold import fold
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers.groq import codec
from ipfs_accel_async.results import Speech, Transcript
from ipfs_accel_async.types import ChatRequest, Image, Message, NativePart, Text
from tests.providers.codecs import PAYLOADS
from tests.providers.recorded import call_of, deltas_of, headers_of, recorded_response, response

HELLO = Message("user", "hello")


def body_of(*messages: Message, **fields: Any) -> dict[str, Any]:
    """The body that is sent."""
    request = codec.build_request(call_of(codec, ChatRequest(messages or (HELLO,), **fields)), None)
    sent: dict[str, Any] = json.loads(request.body)
    return sent


@pytest.mark.parametrize(
    "params",
    [
        {"reasoning_format": "parsed", "reasoning_effort": "high"},
        {"reasoning_format": "hidden"},
        {"include_reasoning": False, "reasoning_effort": "none"},
        {"service_tier": "flex", "search_settings": {"include_domains": ["example.com"]}},
    ],
)
def test_the_services_own_options_go_untouched(params: dict[str, Any]) -> None:
    """Reasoning, tiers, search: each under its own name beside the rest."""
    assert body_of(params=params) == {"model": "m", "messages": [{"role": "user", "content": "hello"}], **params}


def test_images_go_by_address_or_as_data() -> None:
    """Beside text, with their detail; a part of the service's own goes as it is."""
    document = {"type": "document", "document": {"data": {"a": 1}}}
    parts = (Text("What?"), Image("https://x.test/a.png", detail="low"), Image(data=b"abc"), NativePart(document))
    content = body_of(Message("user", parts))["messages"][0]["content"]
    assert content == [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}},
        document,
    ]


COUNTS = {
    "queue_time": 0.02,
    "prompt_tokens": 57,
    "prompt_time": 0.01,
    "completion_tokens": 120,
    "completion_time": 0.2,
    "total_tokens": 177,
    "total_time": 0.21,
    "prompt_tokens_details": {"cached_tokens": 32},
    "completion_tokens_details": {"reasoning_tokens": 44},
}


def test_the_usage_is_complete_whole_and_streamed() -> None:
    """Cached and reasoning tokens are told apart, so a price can be told; the seconds stay in raw."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    body = {"id": "c", "model": "m", "choices": [choice], "usage": COUNTS, "x_groq": {"id": "req_1"}}
    call = call_of(codec, ChatRequest((HELLO,)))
    reply: Any = codec.parse_response(call, response(200, body))
    chunks = [
        {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}}], "x_groq": {"id": "req_1"}},
        {
            "id": "c",
            "model": "m",
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
            "x_groq": {"id": "req_1", "usage": COUNTS},
        },
    ]
    raw = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    deltas = deltas_of(codec, call, [raw])
    assert reply.usage == fold(deltas, codec.empty_reply(call, headers_of({}))).usage == Usage(57, 120, 177, 32, 0, 44)
    assert reply.raw["usage"]["queue_time"] == 0.02
    assert deltas[1].raw["x_groq"]["usage"]["total_time"] == 0.21


def test_recorded_speech_and_transcripts() -> None:
    """Bytes with their media type; words and segments with their times, and the service's own id of the call."""
    speech = codec.parse_response(call_of(codec, PAYLOADS["speech"], "speech"), recorded_response("groq", "speech"))
    assert isinstance(speech, Speech)
    assert (speech.media_type, speech.data[:4]) == ("audio/wav", b"RIFF")
    heard = codec.parse_response(
        call_of(codec, PAYLOADS["transcribe"], "transcribe"), recorded_response("groq", "transcribe")
    )
    assert isinstance(heard, Transcript)
    assert (heard.text, heard.duration) == ("Hello there.", 1.5)
    assert heard.words[0].text == "Hello"
    bare = response(200, {"text": "Hi", "x_groq": {"id": "req_9"}})
    assert codec.parse_response(call_of(codec, PAYLOADS["translate"], "translate"), bare).provider_request_id == "req_9"


def test_a_transcript_in_plain_text_has_no_id_of_its_own() -> None:
    """The format text is text and nothing else."""
    plain = response(200, b"Hello there.\n", {"content-type": "text/plain; charset=utf-8"})
    heard: Any = codec.parse_response(call_of(codec, PAYLOADS["transcribe"], "transcribe"), plain)
    assert (heard.text, heard.provider_request_id) == ("Hello there.", None)


def test_a_completion_is_the_one_turn_of_a_conversation() -> None:
    """With its settings, also streamed; a suffix has no place, and is refused."""
    asked = CompleteRequest(("The tide is",), max_tokens=9, seed=7, stream=True)
    assert codec.build_body(call_of(codec, asked, "complete")) == {
        "model": "m",
        "messages": [{"role": "user", "content": "The tide is"}],
        "max_completion_tokens": 9,
        "seed": 7,
        "stream": True,
    }
    with pytest.raises(InvalidRequestError, match="suffix"):
        codec.build_body(call_of(codec, CompleteRequest(("a",), suffix="b"), "complete"))
