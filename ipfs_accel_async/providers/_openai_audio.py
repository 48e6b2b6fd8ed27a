"""Speech on the OpenAI wire, in and out (OpenAI API reference, audio)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import NO_USAGE, Usage
from ipfs_accel_async.providers._json import loads
from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.providers._operation import Content
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.results import Span, Speech, Transcript
from ipfs_accel_async.wire import multipart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.payloads import SpeechRequest, TranscribeRequest
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Response


def speech_body(call: CallFacts, request: SpeechRequest, *, voice_required: bool = True) -> dict[str, Any]:
    """The body that asks for speech; `params` override all.

    Args:
        call: The call that it is for.
        request: What to say.
        voice_required: Whether the service has no voice of its own choice.

    Raises:
        InvalidRequestError: No voice, where the service wants one.
    """
    body: dict[str, Any] = {"model": call.target.model, "input": request.text}
    if request.voice:
        body["voice"] = request.voice
    if request.format:
        body["response_format"] = request.format
    body.update(request.params)
    if voice_required and not body.get("voice"):
        raise refused(call, f"{call.target.provider} speaks with a voice that is named: pass voice=, as 'alloy'")
    return body


def speech_of(response: Response, meta: dict[str, Any]) -> Speech:
    """Encoded audio.

    Raises:
        ValueError: The body is empty.
    """
    if not response.body:
        raise ValueError("the body is empty: no audio came")
    kind = (response.headers.get("content-type") or "").partition(";")[0].strip()
    return Speech(**meta, data=response.body, media_type=kind or "application/octet-stream")


def transcribe_content(call: CallFacts, request: TranscribeRequest) -> Content:
    """The form that brings audio to be written down; `params` are further fields, and override all.

    Times of words and segments are given in the verbose format only, so `words` asks for that.
    """
    values: dict[str, Any] = {"model": call.target.model}
    if request.language:
        values["language"] = request.language
    if request.prompt:
        values["prompt"] = request.prompt
    if request.words:
        values |= {"response_format": "verbose_json", "timestamp_granularities": ["word", "segment"]}
    # a service that reads audio from an address takes no file beside it
    file = {} if "url" in request.params and not request.audio.data else {"file": request.audio}
    return Content(*multipart.encode(form_of({**values, **request.params, **file})))


def transcript_of(call: CallFacts, response: Response, meta: dict[str, Any]) -> Transcript:
    """A transcript in any of the formats: JSON, verbose JSON, or text (subtitles are text too).

    Raises:
        DecodeError: The body is not the JSON that its media type says.
        KeyError, TypeError, ValueError: A field is missing or of the wrong type.
    """
    kind = response.headers.get("content-type") or ("json" if response.body.startswith(b"{") else "")
    if "json" not in kind:
        return Transcript(**meta, text=response.body.decode("utf-8", "replace").rstrip("\r\n"))
    return transcript_in(loads(call, response.body), meta)


def transcript_in(data: Any, meta: dict[str, Any]) -> Transcript:
    """A transcript from parsed JSON.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type.
    """
    if isinstance(data, str):
        return Transcript(**meta, text=data, raw=data)
    if not isinstance(data, dict):
        raise TypeError("the body is no object")
    if not isinstance(data.get("text"), str):
        raise KeyError("text")
    counted = data.get("usage") or {}
    duration = data.get("duration", counted.get("seconds"))
    return Transcript(
        **meta,
        text=data["text"],
        language=_language(data),
        duration=None if duration is None else float(duration),
        words=_spans(data, "words", "word"),
        segments=_spans(data, "segments", "text"),
        usage=audio_usage(counted),
        model=data.get("model") or "",
        raw=data,
    )


def audio_usage(counts: Mapping[str, Any]) -> Usage:
    """Token counts; services that bill by the second give none."""
    if "input_tokens" not in counts:
        return NO_USAGE
    read, written = int(counts["input_tokens"] or 0), int(counts.get("output_tokens") or 0)
    return Usage(read, written, int(counts.get("total_tokens") or 0) or read + written)


def _language(data: Mapping[str, Any]) -> str:
    told = data.get("language")
    found = data.get("languages")
    if not told and isinstance(found, list) and found and isinstance(found[0], dict):
        told = found[0].get("code")
    return told if isinstance(told, str) else ""


def _spans(data: Mapping[str, Any], name: str, text: str) -> tuple[Span, ...]:
    return tuple(
        Span(_there(item, name, place, text), float(_there(item, name, place, "start")), float(item["end"]))
        for place, item in enumerate(data.get(name) or ())
    )


def _there(item: Any, name: str, place: int, field: str) -> Any:
    if not isinstance(item, dict) or item.get(field) is None or item.get("end") is None:
        raise KeyError(f"{name}[{place}].{field}")
    return item[field]
