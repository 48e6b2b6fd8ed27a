"""A voice turn: speech in, speech out, and the conversation goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ipfs_accel_async import inputs
from ipfs_accel_async.arguments import chat_request
from ipfs_accel_async.conversation import as_messages, user
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.payloads import TranscribeRequest
from ipfs_accel_async.types import NOTHING
from ipfs_accel_async.uploads import as_upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.answers import Reply
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.native._handle import Bound
    from ipfs_accel_async.results import Speech, Transcript
    from ipfs_accel_async.types import Message, Payload
    from ipfs_accel_async.uploads import File


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceTurn:
    """One turn of a spoken conversation.

    Args:
        heard: What was said, written down.
        reply: What the model answers.
        speech: The answer spoken; None where the model says nothing, as when it only calls tools.
        messages: The conversation with this turn in it: what the next turn is given.
    """

    heard: Transcript
    reply: Reply
    speech: Speech | None
    messages: tuple[Message, ...]


async def voice_turn(
    bound: Bound,
    audio: File,
    *,
    messages: Messages = (),
    chat_model: str = "gpt-4.1-mini",
    transcribe_model: str = "gpt-4o-mini-transcribe",
    speech_model: str = "gpt-4o-mini-tts",
    voice: str = "alloy",
    speech_format: str = "",
    language: str = "",
    chat_params: Mapping[str, Any] = NOTHING,
    speech_params: Mapping[str, Any] = NOTHING,
) -> VoiceTurn:
    """Hear, think, speak: one call each, one after the other, each with the handle's own timeout.

    Args:
        bound: Whose calls they are.
        audio: What was said: bytes, a path or an open file; its name's ending tells the format.
        messages: The conversation so far, as :attr:`VoiceTurn.messages` of the turn before, or instructions.
        chat_model: Answers.
        transcribe_model: Writes down what was said.
        speech_model: Speaks the answer.
        voice: The service's name of a voice.
        speech_format: Of the spoken answer, such as ``mp3`` or ``wav``; the service's choice if empty.
        language: ISO-639-1 code of what is said, if known.
        chat_params: Further fields of the chat call.
        speech_params: Further fields of the speech call, such as ``instructions``.

    Raises:
        InvalidRequestError: The file cannot be read, or nothing was said in it.
        CallError: One of the three calls failed; its `target` says which.
    """
    before = as_messages(messages) if messages else ()
    spoken = TranscribeRequest(await as_upload(audio, name="audio.wav"), language)
    heard = cast("Transcript", await _send(bound, "transcribe", transcribe_model, spoken))
    if not heard.text.strip():
        raise InvalidRequestError("nothing was said in the audio: there is no turn to take", target=heard.target)
    asked = (*before, user(heard.text))
    reply = cast("Reply", await _send(bound, "chat", chat_model, chat_request(asked, params=chat_params)))
    speech = None
    if reply.text.strip():
        said = inputs.speech_request(reply.text, voice, speech_format, speech_params)
        speech = cast("Speech", await _send(bound, "speech", speech_model, said))
    return VoiceTurn(heard=heard, reply=reply, speech=speech, messages=(*asked, reply.message))


async def _send(bound: Bound, operation: str, model: str, payload: Payload) -> Any:
    target = bound.engine.provider(bound.provider).target(model, operation, bound.endpoint)
    return await bound.engine.send(operation, target, payload, bound.priority, bound.timeout, tags=bound.tags)
