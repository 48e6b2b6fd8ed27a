"""Answers of Gemini that are audio, or are about it (Gemini API reference: Blob, Transcription)."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._gemini_media import blobs_of, nothing_in
from ipfs_accel_async.providers._gemini_parse import first_candidate, parts_of
from ipfs_accel_async.results import Span
from ipfs_accel_async.wire.ratelimits import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ipfs_accel_async.providers._codec import CallFacts

_RATE = re.compile(r"rate=(\d+)")
_DEFAULT_RATE = 24_000


def audio_of(call: CallFacts, data: Mapping[str, Any], wanted: str) -> tuple[bytes, str]:
    """The audio of an answer and its media type.

    Args:
        call: The call that it answers.
        data: The answer.
        wanted: ``wav`` puts bare samples into a WAV file; empty leaves what came.

    Raises:
        ContentFilteredError: It was withheld.
        ResponseValidationError: There is none, for another reason.
    """
    blobs = list(blobs_of(data))
    if not blobs:
        raise nothing_in(call, data, "audio")
    kind, samples = blobs[0][0], b"".join(blob for _, blob in blobs)
    if wanted == "wav" and kind.lower().startswith(("audio/l16", "audio/pcm")):
        rate = _RATE.search(kind)
        return wav(samples, int(rate[1]) if rate else _DEFAULT_RATE), "audio/wav"
    return samples, kind


def wav(samples: bytes, rate: int) -> bytes:
    """A WAV file of 16-bit mono samples, as bare as the service gives them: only the header is new (RIFF, PCM)."""
    form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def transcript_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Text, language, words and segments of an answer; a part tells its words in ``audioTranscription``.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type.
    """
    if not data["candidates"]:
        raise ValueError("candidates is empty")
    texts: list[str] = []
    words: list[Span] = []
    segments: list[Span] = []
    language = ""
    for part in parts_of(first_candidate(data)):
        told = part.get("audioTranscription") or {}
        text = part.get("text") or told.get("text") or ""
        if not part.get("thought"):
            texts.append(text)
        language = language or str(told.get("languageCode") or "")
        words += _spans(told.get("words") or (), "word")
        if "startOffset" in told or "endOffset" in told:
            segments += _spans([{**told, "text": text}], "text")
    return {"text": "".join(texts), "language": language, "words": tuple(words), "segments": tuple(segments)}


def _spans(items: Any, name: str) -> Iterator[Span]:
    """Words or segments; an offset of nothing is left out on this wire."""
    for item in items:
        yield Span(item.get(name) or "", _seconds(item.get("startOffset")), _seconds(item.get("endOffset")))


def _seconds(offset: Any) -> float:
    return float(parse_duration(str(offset)) or 0.0) if offset else 0.0
