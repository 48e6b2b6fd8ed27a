"""Gemini: images, speech and transcription, out and in."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from ipfs_accel_async.errors import ContentFilteredError, InvalidRequestError, ResponseValidationError
from ipfs_accel_async.payloads import ImageRequest, SpeechRequest, TranscribeRequest
from ipfs_accel_async.providers._gemini_audio import wav
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.results import Picture, Pictures, Span, Speech, Transcript
from ipfs_accel_async.wire.multipart import Upload
from tests.providers.codecs import recorded_call
from tests.providers.recorded import call_of, fixture, recorded_response, response

PNG = Upload("a.png", b"\x89PNG", "image/png")
AUDIO = Upload("a.mp3", b"ID3", "audio/mpeg")
DRAW = ImageRequest("A red cube")


def body_of(payload: Any, operation: str, *, model: str = "m") -> dict[str, Any]:
    """The body that the codec builds."""
    body = codec.build_body(call_of(codec, payload, operation, model=model))
    assert body is not None
    return body


def answer_of(body: Any, payload: Any, operation: str, *, model: str = "m") -> Any:
    """What the codec makes of an answer."""
    return codec.parse_response(call_of(codec, payload, operation, model=model), response(200, body))


def candidate(*parts: Any, reason: str = "STOP", **more: Any) -> dict[str, Any]:
    """An answer of one candidate."""
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "finishReason": reason, **more}]}


def test_a_picture_is_content_of_another_modality() -> None:
    """Prompt and images are parts, and what the caller sets joins the configuration."""
    params = {"temperature": 0.5, "safetySettings": [], "response_modalities": ["TEXT", "IMAGE"]}
    assert body_of(ImageRequest("Blue.", (PNG,), size="16:9", params=params), "image") == {
        "contents": [
            {
                "parts": [{"text": "Blue."}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}],
                "role": "user",
            }
        ],
        "generationConfig": {
            "responseModalities": ["TEXT", "IMAGE"],
            "imageConfig": {"aspectRatio": "16:9"},
            "temperature": 0.5,
        },
        "safetySettings": [],
    }


@pytest.mark.parametrize(
    ("size", "config"),
    [
        ("", None),
        ("2K", {"imageSize": "2K"}),
        ("1024x1024", {"aspectRatio": "1:1"}),
        ("4096x4096", {"aspectRatio": "1:1", "imageSize": "4K"}),
    ],
)
def test_sizes_are_the_services_words(size: str, config: Any) -> None:
    """Ratios, classes, and the squares that are exactly one."""
    assert body_of(ImageRequest("x", size=size), "image")["generationConfig"].get("imageConfig") == config


def test_imagen_has_a_method_and_a_body_of_its_own() -> None:
    """Several images at once, by :predict."""
    payload = ImageRequest("x", n=3, size="2048x2048", params={"personGeneration": "dont_allow"})
    call = call_of(codec, payload, "image", model="imagen-4.0")
    assert codec.build_request(call, None).url.endswith("/v1/models/imagen-4.0:predict")
    parameters = {"sampleCount": 3, "aspectRatio": "1:1", "sampleImageSize": "2K", "personGeneration": "dont_allow"}
    assert codec.build_body(call) == {"instances": [{"prompt": "x"}], "parameters": parameters}
    data = base64.b64encode(b"one").decode()
    body = {"predictions": [{"mimeType": "image/jpeg", "bytesBase64Encoded": data, "prompt": "An x."}, {}]}
    pictures = answer_of(body, payload, "image", model="imagen-4.0").pictures
    assert pictures == (Picture(b"one", "", "image/jpeg", "An x."),)


@pytest.mark.parametrize(
    ("payload", "operation", "model", "words"),
    [
        (ImageRequest("x", (PNG,), mask=PNG), "image", "m", "mask"),
        (ImageRequest("x", size="800x600"), "image", "m", "800x600"),
        (ImageRequest("x", n=2), "image", "m", "one image"),
        (ImageRequest("x", (PNG,)), "image", "imagen-4", "imagen"),
        (SpeechRequest("x", format="mp3"), "speech", "m", "mp3"),
        (SpeechRequest("x", stream="bytes"), "speech", "m", "streams no bytes"),
        (TranscribeRequest(AUDIO, prompt="names"), "transcribe", "m", "customVocabulary"),
    ],
)
def test_what_the_service_has_no_word_for_is_refused(payload: Any, operation: str, model: str, words: str) -> None:
    """The error comes before anything is sent and says what to do."""
    with pytest.raises(InvalidRequestError, match=words) as caught:
        body_of(payload, operation, model=model)
    assert caught.value.target is not None


def test_drawn_images_are_read_and_drafts_are_not() -> None:
    """Bytes and media type of each; what a model thinks of on its way is none."""
    answer = codec.parse_response(recorded_call("gemini", "image"), recorded_response("gemini", "image"))
    assert isinstance(answer, Pictures)
    assert answer.pictures[0].data.startswith(b"\x89PNG")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (4, 1290)
    draft = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thought": True}
    final = {"inlineData": {"mimeType": "image/webp", "data": "AQID"}}
    assert answer_of(candidate(draft, final), DRAW, "image").pictures == (Picture(b"\1\2\3", media_type="image/webp"),)


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (candidate(reason="IMAGE_SAFETY", finishMessage="Unsafe."), ContentFilteredError, "the answer: Unsafe"),
        (candidate(reason="PROHIBITED_CONTENT"), ContentFilteredError, "PROHIBITED_CONTENT"),
        (candidate({"text": "I only talk."}), ResponseValidationError, "no image .STOP.: I only talk."),
        (candidate(reason="NO_IMAGE"), ResponseValidationError, "NO_IMAGE"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, ContentFilteredError, "refused the prompt .SAFETY."),
        ({"predictions": [{"raiFilteredReason": "58061214"}]}, ContentFilteredError, "58061214"),
        ({"predictions": [{"bytesBase64Encoded": "%"}]}, ResponseValidationError, "image"),
    ],
)
def test_an_answer_without_an_image_says_why(body: Any, kind: type[Exception], words: str) -> None:
    """Withheld is typed as such, anything else is a wrong answer with the reason in it."""
    with pytest.raises(kind, match=words):
        answer_of(body, DRAW, "image")


def test_speech_names_its_voice() -> None:
    """One modality, and a voice where one is wanted; what the caller sets replaces it."""
    assert body_of(SpeechRequest("Hi", "Kore"), "speech") == {
        "contents": [{"parts": [{"text": "Hi"}], "role": "user"}],
        "generationConfig": {
            "responseModalities": ["AUDIO"],
            "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
        },
    }
    two = {"multiSpeakerVoiceConfig": {"speakerVoiceConfigs": []}}
    config = body_of(SpeechRequest("Hi", "Kore", params={"speech_config": two}), "speech")["generationConfig"]
    assert config["speechConfig"] == two


def test_bare_samples_become_a_wav_file_only_when_asked() -> None:
    """The samples are untouched; the header says their rate."""
    body = fixture("gemini", "speech")["body"]
    samples = base64.b64decode(body["candidates"][0]["content"]["parts"][0]["inlineData"]["data"])
    plain = answer_of(body, SpeechRequest("Hello"), "speech")
    assert (plain.data, plain.media_type) == (samples, "audio/L16;codec=pcm;rate=24000")
    made = codec.parse_response(recorded_call("gemini", "speech"), recorded_response("gemini", "speech"))
    assert isinstance(made, Speech)
    assert (made.data, made.media_type) == (wav(samples, 24_000), "audio/wav")
    assert made.data[44:] == samples
    assert struct.unpack("<4sI4s4sIHHIIHH4sI", made.data[:44]) == (
        b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, 24_000, 48_000, 2, 16, b"data", len(samples),
    )  # fmt: skip


def test_a_file_that_the_service_made_is_left_as_it_is() -> None:
    """Newer models give WAV themselves."""
    part = {"inlineData": {"mimeType": "audio/wav", "data": base64.b64encode(b"RIFF....WAVE").decode()}}
    answer = answer_of(candidate(part), SpeechRequest("x", format="wav"), "speech")
    assert (answer.data, answer.media_type) == (b"RIFF....WAVE", "audio/wav")
    with pytest.raises(ResponseValidationError, match="no audio"):
        answer_of(candidate({"text": "Hm."}), SpeechRequest("x"), "speech")


def test_a_transcription_is_audio_with_its_configuration() -> None:
    """Language and words have the service's names; what the caller sets joins them."""
    params = {"audio_transcription_config": {"customVocabulary": ["kelp"]}, "temperature": 0}
    payload = TranscribeRequest(AUDIO, "nb-NO", words=True, params=params)
    assert body_of(payload, "transcribe") == {
        "contents": [{"parts": [{"inlineData": {"mimeType": "audio/mpeg", "data": "SUQz"}}], "role": "user"}],
        "generationConfig": {
            "audioTranscriptionConfig": {
                "languageCodes": ["nb-NO"],
                "wordTimestamp": True,
                "customVocabulary": ["kelp"],
            },
            "temperature": 0,
        },
    }
    assert "generationConfig" not in body_of(TranscribeRequest(AUDIO), "transcribe")


def test_words_and_segments_have_their_times() -> None:
    """In seconds; an offset that is left out is nothing."""
    answer = codec.parse_response(recorded_call("gemini", "transcribe"), recorded_response("gemini", "transcribe"))
    assert isinstance(answer, Transcript)
    assert (answer.text, answer.language) == ("Good morning.", "en-US")
    assert answer.words == (Span("Good", 0.0, 0.6), Span("morning.", 0.6, 1.4))
    assert answer.segments == (Span("Good morning.", 0.12, 1.4),)
    only = {"audioTranscription": {"text": "Hi.", "speakerLabel": "spk_1"}}
    assert answer_of(candidate(only), TranscribeRequest(AUDIO), "transcribe").text == "Hi."
