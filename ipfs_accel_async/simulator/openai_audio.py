"""Audio as OpenAI serves it: speech, transcriptions and translations.

Source: OpenAI API reference, audio. A WAV that a twin spoke is heard as the words that were said; any other audio is
heard as filler that its bytes decide.
"""

import base64
from collections.abc import Callable, Collection
from typing import Any, ClassVar

from .answers import count, digest, filler, pieces
from .forms import Part, parse_form
from .openai_dialect import SSE, event
from .openai_requests import model_of
from .synthetic_media import heard, mp3, pcm, wav
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps, fields

_MAKERS = {"mp3": mp3, "wav": wav, "pcm": pcm}
_MEDIA = {"mp3": "audio/mpeg", "wav": "audio/wav", "pcm": "audio/pcm"}
_TEXT = "text/plain; charset=utf-8"
_PIECE = 2048
_FORMATS = {"json", "text", "srt", "verbose_json", "vtt", "diarized_json"}


class OpenAIAudio(Twin):
    """Mixed into twins that speak and listen."""

    voices: ClassVar[Collection[str]] = (
        "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer",
        "verse",
    )  # fmt: skip
    speech_format: ClassVar[str] = "mp3"

    def audio_routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """Return the routes of this module."""
        base = f"{self.base_path}/audio"
        return {
            ("POST", f"{base}/speech"): self.speech,
            ("POST", f"{base}/transcriptions"): self.transcriptions,
            ("POST", f"{base}/translations"): self.translations,
        }

    def speech(self, ask: Ask) -> Answer:
        """POST audio/speech: bytes, or events with ``stream_format`` sse. Formats other than three are refused."""
        body = fields(ask, "We could not parse the JSON body of your request.")
        model_of(body)
        text, voice = body.get("input"), body.get("voice")
        if not isinstance(text, str) or not 0 < len(text) <= 4096:
            raise RejectError(400, "Invalid 'input': expected a string of 1 to 4096 characters.", param="input")
        if not (isinstance(voice, dict) and voice.get("id")) and voice not in self.voices:
            raise RejectError(400, f"Invalid value: '{voice}' for 'voice'.", param="voice")
        form = body.get("response_format") or self.speech_format
        if form not in _MAKERS:
            raise RejectError(400, f"Invalid value: '{form}': this server encodes mp3, wav and pcm.")
        speed = body.get("speed") or 1.0
        if not isinstance(speed, (int, float)) or not 0.25 <= speed <= 4:
            raise RejectError(400, "Invalid 'speed': must be a number from 0.25 to 4.", param="speed")
        audio = _MAKERS[form](text, speed)
        if body.get("stream_format") != "sse":
            return Whole(audio, media=_MEDIA[form], tokens=count(text))
        chunks = [base64.b64encode(audio[at : at + _PIECE]).decode() for at in range(0, len(audio), _PIECE)]
        spent, made = count(text), len(audio) // 400
        usage = {"input_tokens": spent, "output_tokens": made, "total_tokens": spent + made}
        frames = [event({"type": "speech.audio.delta", "audio": chunk}) for chunk in chunks]
        return Frames([*frames, event({"type": "speech.audio.done", "usage": usage})], SSE, tokens=spent)

    def transcriptions(self, ask: Ask) -> Answer:
        """POST audio/transcriptions."""
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        text, seconds = self._listen(form)
        if _value(form, "stream") == "true" and not _value(form, "model").startswith("whisper"):
            return _streamed(text, seconds)
        return _written(form, text, seconds, "transcribe")

    def translations(self, ask: Ask) -> Answer:
        """POST audio/translations."""
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        text, seconds = self._listen(form)
        return _written(form, text, seconds, "translate")

    def _listen(self, form: dict[str, list[Part]]) -> tuple[str, float]:
        model = model_of({"model": _value(form, "model")})
        file = form.get("file", [Part(b"")])[0]
        if not file.filename:
            raise RejectError(400, "Missing required parameter: 'file'.", param="file")
        if not file.data:
            raise RejectError(400, "The audio file could not be decoded or its format is not supported.", param="file")
        words, seconds = heard(file.data)
        return words or filler(digest(self.seed, self.name, model, file.data.hex()), 0), seconds


def _value(form: dict[str, list[Part]], name: str) -> str:
    return form[name][0].text if name in form else ""


def _streamed(text: str, seconds: float) -> Frames:
    frames = [event({"type": "transcript.text.delta", "delta": piece}) for piece in pieces(text)]
    done = {"type": "transcript.text.done", "text": text, "usage": _token_usage(text, seconds)}
    return Frames([*frames, event(done)], SSE, tokens=count(text))


def _written(form: dict[str, list[Part]], text: str, seconds: float, task: str) -> Whole:
    wanted = _value(form, "response_format") or "json"
    if wanted not in _FORMATS:
        raise RejectError(400, f"Invalid value: '{wanted}' for 'response_format'.", param="response_format")
    if wanted == "text":
        return Whole(f"{text}\n".encode(), media=_TEXT)
    if wanted in ("srt", "vtt"):
        return Whole(_subtitles(text, seconds, wanted).encode(), media=_TEXT)
    whisper = _value(form, "model").startswith("whisper")
    usage = {"type": "duration", "seconds": max(1, round(seconds))} if whisper else _token_usage(text, seconds)
    reply: dict[str, Any] = {"text": text, "usage": usage}
    if wanted == "diarized_json":
        part = {"type": "transcript.text.segment", "id": "seg_0", "start": 0.0, "end": seconds, "text": text}
        reply |= {"task": task, "duration": seconds, "segments": [part | {"speaker": "A"}]}
    elif wanted == "verbose_json":
        reply |= {"task": task, "language": "english", "duration": seconds, **_times(form, text, seconds)}
    return Whole(dumps(reply), tokens=count(text))


def _times(form: dict[str, list[Part]], text: str, seconds: float) -> dict[str, Any]:
    grains = {part.text for part in form.get("timestamp_granularities[]", [])} or {"segment"}
    words = text.split()
    step = seconds / max(1, len(words))
    times: dict[str, Any] = {}
    if "word" in grains:
        times["words"] = [
            {"word": word.strip(".,:"), "start": round(i * step, 3), "end": round((i + 1) * step, 3)}
            for i, word in enumerate(words)
        ]
    if "segment" in grains:
        measured = {"avg_logprob": -0.3, "compression_ratio": 1.0, "no_speech_prob": 0.01, "temperature": 0.0}
        times["segments"] = [
            {"id": 0, "seek": 0, "start": 0.0, "end": seconds, "text": text, "tokens": [1], **measured}
        ]
    return times


def _token_usage(text: str, seconds: float) -> dict[str, Any]:
    read, written = max(1, round(seconds * 10)), count(text)
    details = {"text_tokens": 0, "audio_tokens": read}
    return {
        "type": "tokens",
        "input_tokens": read,
        "input_token_details": details,
        "output_tokens": written,
        "total_tokens": read + written,
    }


def _subtitles(text: str, seconds: float, form: str) -> str:
    mark = "," if form == "srt" else "."
    whole, rest = divmod(round(seconds * 1000), 1000)
    end = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{rest:03}"
    line = f"00:00:00{mark}000 --> {end}\n{text}\n\n"
    return f"1\n{line}" if form == "srt" else f"WEBVTT\n\n{line}"
