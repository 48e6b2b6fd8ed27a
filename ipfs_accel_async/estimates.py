"""Token counts without the service: an estimate, offline, and said to be one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ipfs_accel_async.types import Image, NativePart, Tool

if TYPE_CHECKING:
    from ipfs_accel_async.types import ChatRequest, Message

_PIECE = re.compile(r"[A-Za-z]+|\d+|\s+|.", re.DOTALL)
PER_MESSAGE = 4
PER_IMAGE = 765
"""What a 1024 x 1024 image costs in OpenAI's older vision models; others are of that order."""


def tokens_of(text: str) -> int:
    """Tokens of a text, estimated: a word has one for every 6 letters, a number one for 3 digits, a mark one each.

    Byte-pair vocabularies differ by more than this rule errs on English prose (some 10 %); on other scripts, where a
    sign is one token or several, it errs more.
    """
    count = 0
    for piece in _PIECE.findall(text):
        if piece.isspace():
            count += len(piece) > 1
        elif piece[0].isascii() and piece[0].isalpha():
            count += (len(piece) + 5) // 6
        else:
            count += (len(piece) + 2) // 3
    return count


def estimate(request: ChatRequest) -> int:
    """Input tokens of a chat, estimated."""
    count = sum(_of_message(message) for message in request.messages) + 3
    for tool in request.tools:
        shown = f"{tool.name} {tool.description} {tool.parameters}" if isinstance(tool, Tool) else str(tool)
        count += tokens_of(shown)
    return count


def _of_message(message: Message) -> int:
    count = PER_MESSAGE + tokens_of(message.text)
    count += sum(tokens_of(call.name + call.arguments) for call in message.tool_calls)
    if not isinstance(message.content, str):
        for part in message.content:
            count += PER_IMAGE * isinstance(part, Image)
            if isinstance(part, NativePart):
                count += tokens_of(str(part.value))
    return count
