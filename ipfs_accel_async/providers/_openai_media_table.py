"""OpenAI's own operations on images, audio and moderations, and where their streams end (OpenAI API reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.providers._operation import Operation
from ipfs_accel_async.types import NativeRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.answers import Event
    from ipfs_accel_async.providers._codec import CallFacts

MEDIA: Mapping[str, Operation] = {
    "images.generate": Operation("POST", "/images/generations", idempotent=True, fields=("data",)),
    "images.edit": Operation("POST", "/images/edits", idempotent=True, fields=("data",)),
    "images.variation": Operation("POST", "/images/variations", idempotent=True, fields=("data",)),
    "audio.speech.create": Operation("POST", "/audio/speech", idempotent=True, answer="bytes"),
    "audio.transcriptions.create": Operation("POST", "/audio/transcriptions", idempotent=True, answer="text"),
    "audio.translations.create": Operation("POST", "/audio/translations", idempotent=True, answer="text"),
    "moderations.create": Operation("POST", "/moderations", idempotent=True, fields=("results",)),
}

_ENDS = frozenset(
    {"image_generation.completed", "image_edit.completed", "transcript.text.done", "speech.audio.done"},
)


def media_ends(call: CallFacts, event: Event) -> bool:
    """Whether an event is the last of its stream; of several images the service does not say which is."""
    return event.name in _ENDS and not several_images(call)


def several_images(call: CallFacts) -> bool:
    """Whether a call streams more than one image: only the end of the body is the end of those."""
    payload = call.payload
    if not isinstance(payload, NativeRequest) or not call.operation.startswith("images."):
        return False
    fields = payload.json if isinstance(payload.json, dict) else dict(payload.form)
    return str(fields.get("n") or 1) != "1"
