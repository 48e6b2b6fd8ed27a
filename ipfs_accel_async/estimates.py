"""Token counts without the service: an estimate, offline, and said to be one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ipfs_accel_async.types import ChatRequest, EmbedRequest, Image, NativePart, NativeRequest, Tool

if TYPE_CHECKING:
    from ipfs_accel_async.types import Message, Payload

Count: TypeAlias = Callable[[str], int]
_TOKEN = re.compile(
    r"[A-Za-z]{1,6}"
    r"|[0-9]{1,3}"
    r"|[\u00c0-\u024f\u0370-\u0dff\u1e00-\u1fff]{1,3}"  # alphabets beside the plain Latin one
    r"|\s{2,}"
    r"|[^\sA-Za-z0-9\u00c0-\u024f\u0370-\u0dff\u1e00-\u1fff]"
)
PER_MESSAGE = 4
PER_IMAGE = 765
"""What a 1024 x 1024 image costs in OpenAI's older vision models; others are of that order."""
_DATA = 2_000
"""From so many characters on, text without a space is data (an image in base64), which no tokenizer ever sees."""
_TEXTS = ("prompts", "documents", "texts", "others", "inputs", "query", "text", "prompt", "suffix")
_BOUNDS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "max_new_tokens", "num_predict")


def tokens_of(text: str) -> int:
    """Tokens of a text, estimated.

    A word has one for every 6 letters, a number one for every 3 digits, a mark one each; words of other alphabets have
    one for every 3 letters, and of scripts that write a word as a sign each sign is one. Byte-pair vocabularies differ
    by more than this rule errs on English prose (some 10 %); on other scripts it errs more.
    """
    return len(_TOKEN.findall(text))


def estimate(request: ChatRequest, count: Count = tokens_of) -> int:
    """Input tokens of a chat, estimated.

    Args:
        request: The chat.
        count: Counts the tokens of a text.
    """
    found = sum(_of_message(message, count) for message in request.messages) + 3
    for tool in request.tools:
        shown = f"{tool.name} {tool.description} {tool.parameters}" if isinstance(tool, Tool) else str(tool)
        found += count(shown)
    return found


def estimate_input(payload: Payload, count: Count = tokens_of) -> int:
    """Input tokens of any operation's payload, estimated; 0 where there is no text to count. As :func:`estimate`."""
    if isinstance(payload, ChatRequest):
        return estimate(payload, count)
    if isinstance(payload, EmbedRequest):
        return sum(map(count, payload.texts))
    if isinstance(payload, NativeRequest):
        return _of_value([payload.json, [value for _, value in payload.form]], count)
    texts: list[Any] = [getattr(payload, name, ()) for name in _TEXTS]
    return _of_value(texts, count)


def most_output(payload: Payload) -> int | None:
    """The most output tokens that a payload asks for; None where it names no bound, 0 where none come."""
    if isinstance(payload, NativeRequest):
        return _bound(payload.json if isinstance(payload.json, Mapping) else {})
    if not hasattr(payload, "max_tokens"):
        return 0
    own: int | None = payload.max_tokens
    return _bound(getattr(payload, "params", {})) if own is None else own


def _bound(fields: Mapping[str, Any]) -> int | None:
    return next((value for name in _BOUNDS if isinstance(value := fields.get(name), int) and value >= 0), None)


def _of_message(message: Message, count: Count) -> int:
    found = PER_MESSAGE + count(message.text)
    found += sum(count(call.name + call.arguments) for call in message.tool_calls)
    if not isinstance(message.content, str):
        for part in message.content:
            found += PER_IMAGE * isinstance(part, Image)
            if isinstance(part, NativePart):
                found += _of_value(part.value, count)
    return found


def _of_value(value: Any, count: Count) -> int:
    """Tokens of the text in a JSON value, data in it as an image."""
    if isinstance(value, str):
        data = len(value) >= _DATA and " " not in value[:_DATA]
        return PER_IMAGE if data and value.isascii() else count(value)
    if isinstance(value, Mapping):
        return sum(_of_value(part, count) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple)):
        return sum(_of_value(part, count) for part in value)
    return int(isinstance(value, (int, float)))
