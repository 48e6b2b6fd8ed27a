"""Images and audio of Gemini (Gemini API reference: image generation, speech generation, transcription, predict)."""

from __future__ import annotations

from base64 import b64encode
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ResponseValidationError
from ipfs_accel_async.providers._errors import api_error
from ipfs_accel_async.providers._gemini_address import model_name
from ipfs_accel_async.providers._gemini_body import chat_body, named
from ipfs_accel_async.providers._gemini_parse import delta_of, first_candidate, parts_of
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.results import Picture
from ipfs_accel_async.types import ChatRequest, Image, Message, NativePart, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ipfs_accel_async.payloads import ImageRequest, SpeechRequest, TranscribeRequest
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import Part

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8", "8:1")
_SIZES = {
    "1024x1024": {"aspectRatio": "1:1"},  # 1K is what every model does by itself; not all know the word
    "2048x2048": {"aspectRatio": "1:1", "imageSize": "2K"},
    "4096x4096": {"aspectRatio": "1:1", "imageSize": "4K"},
    **{size: {"imageSize": size} for size in ("1K", "2K", "4K")},
    **{ratio: {"aspectRatio": ratio} for ratio in _RATIOS},
}


def is_imagen(model: str) -> bool:
    """Whether a model draws by :predict; all others do by :generateContent."""
    return model_name(model)[1].startswith("imagen")


def image_body(call: CallFacts, request: ImageRequest) -> dict[str, Any]:
    """The body of a picture; `params` as in :func:`chat_body`, for Imagen under ``parameters``.

    Raises:
        InvalidRequestError: A mask, a size that it has no word for, or more images than it makes at once.
    """
    if request.mask is not None:
        raise refused(call, "gemini takes no mask: say in the prompt what is to change")
    if request.size and request.size not in _SIZES:
        raise refused(call, f"gemini draws no size {request.size!r}: use one of {', '.join(_SIZES)}")
    size = _SIZES.get(request.size, {})
    if is_imagen(call.target.model):
        return _imagen_body(call, request, size)
    if request.n not in {None, 1}:
        raise refused(call, f"{call.target.model} draws one image a request: leave n out, and ask again for more")
    parts: list[Part] = [Text(request.prompt)]
    parts += [Image(data=one.data, media_type=one.media_type) for one in request.images]
    params: dict[str, Any] = {"responseModalities": ["IMAGE"], **({"imageConfig": size} if size else {})}
    turns = (Message("user", tuple(parts)),)
    return chat_body(call, ChatRequest(turns, params={**params, **named(request.params)}))


def _imagen_body(call: CallFacts, request: ImageRequest, size: Mapping[str, str]) -> dict[str, Any]:
    if request.images:
        raise refused(call, "imagen changes no images here: use a gemini model that draws")
    parameters: dict[str, Any] = {} if request.n is None else {"sampleCount": request.n}
    parameters |= {"sampleImageSize" if name == "imageSize" else name: value for name, value in size.items()}
    return {"instances": [{"prompt": request.prompt}], "parameters": {**parameters, **request.params}}


def pictures_of(call: CallFacts, data: Mapping[str, Any]) -> tuple[Picture, ...]:
    """The images of an answer.

    Raises:
        ContentFilteredError: All of them were withheld.
        ResponseValidationError: There are none, for another reason.
    """
    if "predictions" in data:
        drawn = [one for one in data["predictions"] if "bytesBase64Encoded" in one]
        if not drawn:
            reasons = [str(one.get("raiFilteredReason") or "") for one in data["predictions"]]
            raise withheld(call, " ".join(filter(None, reasons)) or "no reason given")
        return tuple(_imagen_picture(one) for one in drawn)
    pictures = tuple(Picture(data=blob, media_type=kind) for kind, blob in blobs_of(data))
    if not pictures:
        raise nothing_in(call, data, "image")
    return pictures


def _imagen_picture(one: Mapping[str, Any]) -> Picture:
    data = a2b_base64(one["bytesBase64Encoded"], strict_mode=True)
    return Picture(data=data, media_type=one.get("mimeType") or "image/png", revised_prompt=one.get("prompt") or "")


def blobs_of(data: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Media type and bytes of what an answer has inline; drafts that a model thought of are none of it."""
    for part in parts_of(first_candidate(data)):
        blob = part.get("inlineData")
        if blob and not part.get("thought"):
            yield blob["mimeType"], a2b_base64(blob["data"], strict_mode=True)


def nothing_in(call: CallFacts, data: Mapping[str, Any], wanted: str) -> Exception:
    """The error of an answer that has not what was asked for; the reason and the model's words say why."""
    if not data["candidates"]:
        raise ValueError("candidates is empty")
    said = delta_of(data)
    reason = first_candidate(data).get("finishReason") or "no finishReason"
    if said.finish_reason == "content_filter":
        return withheld(call, str(first_candidate(data).get("finishMessage") or reason))
    message = f"the answer has no {wanted} ({reason}): {said.text[:200]}"
    return ResponseValidationError(message, target=call.target, request_id=call.request_id)


def withheld(call: CallFacts, reason: str) -> Exception:
    """The error of an answer that the service made and does not give out."""
    return api_error(call, 200, None, message=f"the service withheld the answer: {reason}", codes=("content_filter",))


def speech_body(call: CallFacts, request: SpeechRequest) -> dict[str, Any]:
    """The body of speech.

    Raises:
        InvalidRequestError: A format that no model gives, or a stream of bytes: the wire has none.
    """
    if request.format not in {"", "wav"}:
        raise refused(call, f"gemini gives no {request.format!r}: the format is wav, or as the model gives it")
    if request.stream:
        raise refused(call, "gemini streams no bytes of audio: use speech(), which gives all of it")
    params: dict[str, Any] = {"responseModalities": ["AUDIO"]}
    if request.voice:
        params["speechConfig"] = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": request.voice}}}
    turns = (Message("user", request.text),)
    return chat_body(call, ChatRequest(turns, params={**params, **named(request.params)}))


def transcribe_body(call: CallFacts, request: TranscribeRequest) -> dict[str, Any]:
    """The body of a transcription; ``audioTranscriptionConfig`` in `params` joins what is there.

    Raises:
        InvalidRequestError: A prompt: the service takes words to expect instead.
    """
    if request.prompt:
        fault = 'gemini takes no prompt here: pass audioTranscriptionConfig={"customVocabulary": [...]}'
        raise refused(call, fault)
    params = named(request.params)
    config: dict[str, Any] = {"languageCodes": [request.language]} if request.language else {}
    if request.words:
        config["wordTimestamp"] = True
    config |= params.pop("audioTranscriptionConfig", None) or {}
    data = b64encode(request.audio.data).decode("ascii")
    part = NativePart({"inlineData": {"mimeType": request.audio.media_type, "data": data}})
    given = {"audioTranscriptionConfig": config} if config else {}
    return chat_body(call, ChatRequest((Message("user", (part,)),), params={**given, **params}))
