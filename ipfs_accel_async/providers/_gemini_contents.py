"""Conversations as Gemini's contents (Gemini API reference, Content and Part)."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._gemini_signatures import TEXT, THOUGHT, place_of_call, placed
from ipfs_accel_async.providers._json import loads_or_none
from ipfs_accel_async.providers._parts import arguments_object, base64_image, refused
from ipfs_accel_async.types import Image, NativePart, Text, Thinking

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import Message

_SYSTEM = {"system", "developer"}
_MADE = re.compile(r"call_[0-9]+")  # ours, for calls that have none: the service does not know it
_MEDIA = {
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "png": "image/png",
    "webp": "image/webp",
}


def system_instruction(call: CallFacts, messages: Iterable[Message]) -> dict[str, Any] | None:
    """All system and developer messages, wherever they stand, in their order.

    Raises:
        InvalidRequestError: One holds an image.
    """
    parts: list[dict[str, Any]] = []
    for message in messages:
        if message.role in _SYSTEM:
            if not isinstance(message.content, str) and any(isinstance(part, Image) for part in message.content):
                raise refused(call, "gemini takes no image in a system message: put it into a user message")
            parts += _parts(message)
    return {"parts": parts, "role": "user"} if parts else None


def contents(call: CallFacts, messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The turns; consecutive tool results are one, in the order of the calls they answer.

    Raises:
        InvalidRequestError: There is none, or something that this API has no word for.
    """
    turns: list[dict[str, Any]] = []
    asked: dict[str, tuple[int, str]] = {}  # place and name of the newest call of an id
    talk = (message for message in messages if message.role not in _SYSTEM)
    for answers, run in groupby(talk, key=lambda message: message.role == "tool"):
        if answers:
            # without ids the service goes by the order; tools that run side by side end in any
            results = sorted(run, key=lambda message: asked.get(message.tool_call_id, (len(asked), ""))[0])
            turns.append({"parts": [_result(call, message, asked) for message in results], "role": "user"})
            continue
        for message in run:
            if message.name:
                raise refused(call, f"gemini has no parameter name on {message.role} messages: put it into the text")
            if message.role == "assistant":
                asked.update({one.id: (place, one.name) for place, one in enumerate(message.tool_calls)})
                turns.append({"parts": _model_parts(call, message), "role": "model"})
            else:
                turns.append({"parts": _parts(message) or [{"text": ""}], "role": "user"})
    if not turns:
        raise refused(call, "gemini needs a user message beside the system prompt: add one")
    return turns


def _parts(message: Message) -> list[dict[str, Any]]:
    """Text, media and native parts, in their order; what a model thought has no place in a user's turn."""
    if isinstance(message.content, str):
        return [{"text": message.content}] if message.content else []
    parts: list[dict[str, Any]] = []
    for part in message.content:
        if isinstance(part, Text):
            if part.text:
                parts.append({"text": part.text})
        elif isinstance(part, Image):
            parts.append(_media(part))
        elif isinstance(part, NativePart):
            parts.append(dict(part.value))
    return parts


def _model_parts(call: CallFacts, message: Message) -> list[dict[str, Any]]:
    """A model's turn, each signature on the part it came with; unsigned thoughts are left out, as nobody reads them."""
    thoughts = [] if isinstance(message.content, str) else [p for p in message.content if isinstance(p, Thinking)]
    signatures: dict[str, str] = {}
    parts: list[dict[str, Any]] = []
    for thought in thoughts:
        own = placed(thought.signature)
        signatures.update(own)
        if own and thought.text:
            parts.append(_signed({"text": thought.text, "thought": True}, own.get(THOUGHT)))
    said = _parts(message)
    if TEXT in signatures:
        if not said or "text" not in said[-1]:
            said.append({"text": ""})
        _signed(said[-1], signatures[TEXT])
    parts += said
    for index, tool_call in enumerate(message.tool_calls):
        function: dict[str, Any] = {"name": tool_call.name, "args": arguments_object(call, tool_call)}
        if tool_call.id and not _MADE.fullmatch(tool_call.id):
            function["id"] = tool_call.id
        parts.append(_signed({"functionCall": function}, signatures.get(place_of_call(index))))
    return parts or [{"text": ""}]


def _signed(part: dict[str, Any], signature: str | None) -> dict[str, Any]:
    if signature:
        part["thoughtSignature"] = signature
    return part


def _media(image: Image) -> dict[str, Any]:
    encoded = base64_image(image)
    if encoded is not None:
        return {"inlineData": {"mimeType": encoded[0], "data": encoded[1]}}
    file = {"fileUri": image.url}
    kind = _MEDIA.get(image.url.partition("?")[0].rpartition(".")[2].lower())
    return {"fileData": {**file, "mimeType": kind} if kind else file}


def _result(call: CallFacts, message: Message, asked: dict[str, tuple[int, str]]) -> dict[str, Any]:
    """The answer to a call: an object as it is, any other text under ``result``; images beside it."""
    name = message.name or asked.get(message.tool_call_id, (0, ""))[1]
    if not name:
        raise refused(call, "gemini needs the name of the tool that a tool message answers for: pass name=")
    value = loads_or_none(message.text.encode())
    response: dict[str, Any] = {
        "name": name,
        "response": value if isinstance(value, dict) else {"result": message.text},
    }
    if message.tool_call_id and not _MADE.fullmatch(message.tool_call_id):
        response["id"] = message.tool_call_id
    media = [] if isinstance(message.content, str) else [_media(p) for p in message.content if isinstance(p, Image)]
    if any("fileData" in part for part in media):
        raise refused(call, "gemini takes no image by address in a tool message: pass its bytes, Image(data=...)")
    if media:
        response["parts"] = media
    return {"functionResponse": response}
