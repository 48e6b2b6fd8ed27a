"""Conversations: of a string, of messages, or of mappings in OpenAI's form."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.types import Image, Message, NativePart, Part, Text, Thinking, ToolCall

Messages: TypeAlias = str | Message | Mapping[str, Any] | Sequence[Message | Mapping[str, Any] | str]

_ROLES = ("system", "developer", "user", "assistant", "tool")
_PARTS = (Text, Image, Thinking, NativePart)


def user(*content: str | Part) -> Message:
    """A user's turn: text, or text and images in order."""
    return Message("user", _content(content))


def system(text: str) -> Message:
    """Instructions for the whole conversation; each codec puts them where its service wants them."""
    return Message("system", text)


def assistant(*content: str | Part, tool_calls: Iterable[ToolCall] = ()) -> Message:
    """A model's turn; ``reply.message`` gives it ready-made."""
    return Message("assistant", _content(content), tuple(tool_calls))


def tool(call: ToolCall | str, content: str, *, name: str = "") -> Message:
    """The answer to a tool call.

    Args:
        call: The call, or its id.
        content: What the tool returned, as text.
        name: The tool's name, where only the id is given; Ollama wants it.
    """
    if isinstance(call, ToolCall):
        return Message("tool", content, tool_call_id=call.id, name=call.name)
    return Message("tool", content, tool_call_id=call, name=name)


def as_messages(messages: Messages) -> tuple[Message, ...]:
    """A conversation of a string, a message, or a list of messages, strings (user's turns) and OpenAI-style mappings.

    Raises:
        InvalidRequestError: It is empty, or something in it is no message.
    """
    if messages.__class__ is str and messages:  # most calls
        return (Message("user", messages),)
    if isinstance(messages, (str, Message, Mapping)):
        messages = [messages]
    if not isinstance(messages, Iterable):
        raise InvalidRequestError(f"messages must be a string or a list of messages, not {type(messages).__name__}")
    made = tuple(_message(one, f"messages[{index}]") for index, one in enumerate(messages))
    if not made:
        raise InvalidRequestError("messages is empty: pass a string or at least one message")
    if all(_blank(one) for one in made):
        raise InvalidRequestError("messages has no text: every message is empty")
    return made


def _content(parts: Sequence[str | Part]) -> str | tuple[Part, ...]:
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return tuple(Text(part) if isinstance(part, str) else part for part in parts)


def _blank(message: Message) -> bool:
    return not (message.content or message.tool_calls or message.tool_call_id)


def _message(value: Message | Mapping[str, Any] | str, where: str) -> Message:
    if isinstance(value, str):
        return Message("user", value)
    if isinstance(value, Message):
        role = value.role
        content = value.content
    elif isinstance(value, Mapping):
        role = value.get("role", "")
        content = _parts(value.get("content"), where)
        value = Message(
            role,
            content,
            _tool_calls(value.get("tool_calls") or (), where),
            str(value.get("tool_call_id") or ""),
            str(value.get("name") or ""),
        )
    else:
        raise InvalidRequestError(f"{where} is {type(value).__name__}: use user(...), system(...) or a mapping")
    if role not in _ROLES:
        raise InvalidRequestError(f"{where} has the role {role!r}; roles are {', '.join(_ROLES)}")
    if not isinstance(content, (str, tuple)) or (isinstance(content, tuple) and not _all_parts(content)):
        raise InvalidRequestError(f"{where}.content must be text or a tuple of Text, Image, Thinking or NativePart")
    return value


def _all_parts(content: tuple[Any, ...]) -> bool:
    return all(isinstance(part, _PARTS) for part in content)


def _parts(content: object, where: str) -> str | tuple[Part, ...]:
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, Iterable) and not isinstance(content, (Mapping, bytes, bytearray)):
        return tuple(_part(part, where) for part in content)
    raise InvalidRequestError(f"{where}.content must be text or a list of parts, not {type(content).__name__}")


def _part(part: object, where: str) -> Part:
    if isinstance(part, _PARTS):
        return part
    if isinstance(part, str):
        return Text(part)
    if not isinstance(part, Mapping):
        raise InvalidRequestError(f"{where}.content has a part of type {type(part).__name__}")
    if part.get("type") == "text" and set(part) == {"type", "text"}:
        if not isinstance(part["text"], str):
            raise InvalidRequestError(f"{where}.content has a text part whose text is {type(part['text']).__name__}")
        return Text(part["text"])
    image = part.get("image_url")
    if part.get("type") == "image_url" and isinstance(image, Mapping):
        return _image(image, where)
    return NativePart(part)


def _image(image: Mapping[str, Any], where: str) -> Image:
    url, detail = str(image.get("url") or ""), str(image.get("detail") or "")
    if not url:
        raise InvalidRequestError(f"{where}.content has an image_url without a url")
    head, comma, data = url.partition(",")
    if not url.startswith("data:"):
        return Image(url, detail=detail)
    if not comma or not head.endswith(";base64") or not data:
        raise InvalidRequestError(f"{where}.content has a data: URL that is not base64, or empty")
    media_type = head.removeprefix("data:").removesuffix(";base64")
    try:
        return Image(data=base64.b64decode(data, validate=True), media_type=media_type, detail=detail)
    except ValueError:
        raise InvalidRequestError(f"{where}.content has a data: URL with broken base64") from None


def _tool_calls(calls: object, where: str) -> tuple[ToolCall, ...]:
    if not isinstance(calls, Iterable):
        raise InvalidRequestError(f"{where}.tool_calls must be a list, not {type(calls).__name__}")
    return tuple(_tool_call(call, where) for call in calls)


def _tool_call(call: object, where: str) -> ToolCall:
    if isinstance(call, ToolCall):
        return call
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(call, Mapping) or not isinstance(function, Mapping):
        raise InvalidRequestError(f"{where}.tool_calls must hold ToolCall or mappings with a function")
    arguments = function.get("arguments") or ""
    try:
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)  # some services give an object
    except (TypeError, ValueError):
        raise InvalidRequestError(f"{where}.tool_calls has arguments that JSON has no word for") from None
    return ToolCall(str(call.get("id") or ""), str(function.get("name") or ""), text)
