"""Images and audio of the Gemini twin.

Source: Gemini API reference: image generation, speech generation, audio transcription; Imagen, predict.
"""

import base64
from typing import Any

from .answers import Question, count, digest
from .gemini_requests import get
from .synthetic_media import RATE, heard, pcm, png
from .twin import RejectError

PICTURE_TOKENS = 1290
_SIDES = {"1K": 64, "2K": 128, "4K": 256}  # small ones do
_MOST_IMAGES = 4


def media(seed: int, question: Question, body: dict[str, Any]) -> tuple[list[dict[str, Any]], int] | None:
    """The parts of an answer that is no text, and their tokens; None for one that is.

    Raises:
        RejectError: 400, the model cannot do what is asked of it.
    """
    config = get(body, "generationConfig") or {}
    kinds = get(config, "responseModalities") or ["TEXT"]
    if "IMAGE" in kinds:
        image = get(config, "imageConfig") or {}
        return [_blob("image/png", _drawn(seed, question.text, get(image, "imageSize"), 0))], PICTURE_TOKENS
    if "AUDIO" in kinds:
        samples = pcm(question.text)
        return [_blob(f"audio/L16;codec=pcm;rate={RATE}", samples)], len(samples) * 25 // (2 * RATE)
    if get(config, "audioTranscriptionConfig") is not None or "transcribe" in question.model:
        return _transcribed(body, config)
    return None


def predicted(seed: int, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Images of Imagen.

    Raises:
        RejectError: 400.
    """
    prompt = body["instances"][0]["prompt"]
    parameters = body.get("parameters") or {}
    n = parameters.get("sampleCount", 1)
    if not isinstance(prompt, str) or not isinstance(n, int) or not 1 <= n <= _MOST_IMAGES:
        raise RejectError(400, f"sampleCount must be from 1 to {_MOST_IMAGES}, and prompt a text.")
    drawn = [_drawn(seed, prompt, parameters.get("sampleImageSize"), place) for place in range(n)]
    return [{"mimeType": "image/png", "bytesBase64Encoded": base64.b64encode(one).decode()} for one in drawn]


def _drawn(seed: int, prompt: str, size: Any, place: int) -> bytes:
    side = _SIDES.get(size or "1K")
    if side is None:
        raise RejectError(400, f"Invalid value at 'image_size': {size!r}")
    return png(side, side, digest(seed, "gemini", prompt, place))


def _blob(kind: str, data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(data).decode()}}


def _transcribed(body: dict[str, Any], config: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """What a WAV of the simulator's own says; for any other file, that it cannot be made out."""
    blobs = [get(part, "inlineData") for content in body["contents"] for part in content["parts"]]
    audio = next((blob for blob in blobs if blob and str(get(blob, "mimeType")).startswith("audio/")), None)
    if audio is None:
        raise RejectError(400, "The model transcribes audio: the request has none.")
    try:
        words, seconds = heard(base64.b64decode(audio["data"], validate=True))
    except ValueError:
        raise RejectError(400, "Invalid value at 'inline_data.data': not base64") from None
    said = words or "Synthetic transcript."
    asked = get(config, "audioTranscriptionConfig") or {}
    told: dict[str, Any] = {"languageCode": (get(asked, "languageCodes") or ["en-US"])[0]}
    if get(asked, "wordTimestamp"):
        each = seconds / len(said.split())
        told["words"] = [
            {"word": word, "startOffset": f"{place * each:.3f}s", "endOffset": f"{(place + 1) * each:.3f}s"}
            for place, word in enumerate(said.split())
        ]
    return [{"text": said, "audioTranscription": told}], count(said)
