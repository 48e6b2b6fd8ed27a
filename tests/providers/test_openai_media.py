"""The OpenAI codec: images, speech and transcripts, and the forms that carry files."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.answers import NO_USAGE, Usage
from ipfs_accel_async.errors import DecodeError, InvalidRequestError, RateLimitError, ResponseValidationError
from ipfs_accel_async.payloads import ImageRequest, SpeechRequest, TranscribeRequest
from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.results import Pictures, Span, Speech, Transcript
from ipfs_accel_async.types import Payload
from tests.forms import fields, sent
from tests.providers.openai_calls import PNG
from tests.providers.openai_media_calls import PICTURE, WAV
from tests.providers.recorded import call_of, response

DRAW, SAY, HEAR = ImageRequest("A cube"), SpeechRequest("Hello", "alloy"), TranscribeRequest(WAV)
FAILED = {"error": {"message": "slower", "type": "rate_limit_error", "param": None, "code": "slow_down"}}


def read(payload: Payload, operation: str, body: Any, kind: str = "application/json") -> Any:
    """Our reading of an answer."""
    return codec.parse_response(call_of(codec, payload, operation), response(200, body, {"content-type": kind}))


def test_images_to_start_from_make_an_edit() -> None:
    """Another path, and a form instead of JSON."""
    made = codec.build_request(call_of(codec, DRAW, "image"), None)
    assert made.url.endswith("/v1/images/generations")
    assert json.loads(made.body) == {"model": "m", "prompt": "A cube"}
    changed = codec.build_request(call_of(codec, ImageRequest("A hat", (PICTURE,)), "image"), None)
    assert changed.url.endswith("/v1/images/edits")
    assert sent(changed)["image"] == [(PNG, "a.png", "image/png")]


def test_pictures_are_bytes_or_addresses() -> None:
    """As the service gives them, with the media type that it says."""
    data = [{"b64_json": b64encode(PNG).decode()}, {"url": "https://h/b.webp", "revised_prompt": "A hat"}]
    counts = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "input_tokens_details": {"cached_tokens": 2}}
    answer = read(DRAW, "image", {"created": 1, "data": data, "output_format": "webp", "usage": counts})
    assert isinstance(answer, Pictures)
    assert [(one.data, one.url) for one in answer.pictures] == [(PNG, ""), (b"", "https://h/b.webp")]
    assert {one.media_type for one in answer.pictures} == {"image/webp"}
    assert answer.pictures[1].revised_prompt == "A hat"
    assert answer.usage == Usage(3, 4, 7, 2)


@pytest.mark.parametrize("data", [None, [], [{}], [7], [{"b64_json": "%"}], [{"b64_json": 7}], [{"b64_json": "a"}]])
def test_pictures_of_another_shape_are_refused(data: Any) -> None:
    """No image is an error with its place, never an empty picture."""
    with pytest.raises(ResponseValidationError, match="data"):
        read(DRAW, "image", {"created": 1, "data": data})


def test_speech_needs_a_voice() -> None:
    """The service has none of its own choice; a voice of one's own comes as the service names it."""
    with pytest.raises(InvalidRequestError, match="voice="):
        codec.build_request(call_of(codec, SpeechRequest("Hello"), "speech"), None)
    own = SpeechRequest("Hello", params={"voice": {"id": "voice_1"}})
    body = json.loads(codec.build_request(call_of(codec, own, "speech"), None).body)
    assert body == {"model": "m", "input": "Hello", "voice": {"id": "voice_1"}}


def test_speech_is_the_body_as_it_came() -> None:
    """With its media type; JSON with an error in it raises that."""
    answer = read(SAY, "speech", b"\xff\xf3", "audio/mpeg; q=1")
    assert isinstance(answer, Speech)
    assert (answer.data, answer.media_type) == (b"\xff\xf3", "audio/mpeg")
    with pytest.raises(RateLimitError, match="slower"):
        read(SAY, "speech", FAILED)
    with pytest.raises(ResponseValidationError, match="no audio"):
        read(SAY, "speech", b"", "audio/mpeg")


def test_words_are_asked_for_with_their_times() -> None:
    """Only the verbose format has times."""
    form = sent(codec.build_request(call_of(codec, TranscribeRequest(WAV, words=True), "transcribe"), None))
    assert fields(form) == {
        "model": "m",
        "response_format": "verbose_json",
        "timestamp_granularities[]": ["word", "segment"],
    }
    assert form["file"] == [(WAV.data, "hello.wav", "audio/wav")]


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ({"text": "Hello."}, "application/json", "Hello."),
        (b'{"text":"Hello."}', "", "Hello."),
        (b'"Hello."', "application/json", "Hello."),
        (b"Hello.\n", "text/plain; charset=utf-8", "Hello."),
        ("1\n00:00:00,000 --> 00:00:01,000\nNaïve\n".encode(), "text/plain", "1\n00:00:00,000 --> 00:00:01,000\nNaïve"),
        (b"", "text/plain", ""),
        ({"text": ""}, "application/json", ""),
    ],
)
def test_a_transcript_is_read_in_every_format(body: Any, kind: str, text: str) -> None:
    """JSON by its media type, or by its look where there is none; all else is text."""
    answer = read(HEAR, "transcribe", body, kind)
    assert isinstance(answer, Transcript)
    assert answer.text == text


def test_a_transcript_has_times_and_counts() -> None:
    """Words, segments with speakers, duration from the bill where it is nowhere else, and tokens where they count."""
    segment = {"id": "s", "type": "transcript.text.segment", "start": 0, "end": 1.5, "text": "Hi.", "speaker": "A"}
    body = {"text": "Hi.", "segments": [segment], "words": [{"word": "Hi", "start": 0.25, "end": 1}]}
    answer = read(HEAR, "transcribe", {**body, "usage": {"type": "duration", "seconds": 2}})
    assert (answer.words, answer.segments) == ((Span("Hi", 0.25, 1.0),), (Span("Hi.", 0.0, 1.5),))
    assert (answer.duration, answer.usage) == (2.0, NO_USAGE)
    counted = {"type": "tokens", "input_tokens": 14, "output_tokens": 3, "total_tokens": 17}
    answer = read(HEAR, "transcribe", {**body, "usage": counted, "languages": [{"code": "en"}]})
    assert (answer.usage, answer.duration, answer.language) == (Usage(14, 3, 17), None, "en")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": None},
        [],
        7,
        {"text": "a", "words": [{}]},
        {"text": "a", "words": [{"word": "a", "start": 0}]},
        {"text": "a", "segments": [{"text": "a", "start": "soon", "end": 1}]},
        {"text": "a", "usage": "none"},
    ],
)
def test_a_transcript_of_another_shape_is_refused(body: Any) -> None:
    """A typed error with the path, not an empty transcript."""
    with pytest.raises(ResponseValidationError):
        read(HEAR, "transcribe", body)


def test_a_transcript_that_is_no_json_or_an_error_says_so() -> None:
    """A 200 may lie about both."""
    with pytest.raises(DecodeError):
        read(HEAR, "transcribe", b"{")
    with pytest.raises(RateLimitError, match="slower"):
        read(HEAR, "translate", FAILED)


def test_a_form_writes_every_kind_of_value() -> None:
    """Brackets for lists and mappings, words for truth, nothing for None."""
    values = {"a": "x", "b": True, "c": 1.5, "d": None, "e": ["p", "q"], "f": {"g": [1], "h": False}, "i": WAV}
    assert form_of(values) == (
        ("a", "x"),
        ("b", "true"),
        ("c", "1.5"),
        ("e[]", "p"),
        ("e[]", "q"),
        ("f[g][]", "1"),
        ("f[h]", "false"),
        ("i", WAV),
    )


@given(st.dictionaries(st.text(min_size=1), st.none() | st.text() | st.integers() | st.lists(st.text(), max_size=3)))
def test_a_form_loses_nothing_but_none(values: dict[str, Any]) -> None:
    """Every text of every value is there, under its name."""
    expected = [
        (name if not isinstance(value, list) else f"{name}[]", str(item))
        for name, value in values.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]
    assert list(form_of(values)) == expected


@pytest.mark.parametrize("value", [b"bytes", object(), [{1, 2}]])
def test_a_form_refuses_what_it_has_no_word_for(value: object) -> None:
    """Before anything is sent, by name."""
    with pytest.raises(InvalidRequestError, match="extra"):
        form_of({"extra": value})
