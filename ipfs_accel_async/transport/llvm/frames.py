"""Messages between the engine and a worker: a JSON head and raw buffers, each with its length.

Arrays travel as their bytes: no text, no pickle (a worker that ran foreign code is not to be unpickled).
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

PREFIX = struct.Struct("<II")
MAX_HEAD = 16 * 1024 * 1024
_MARK = 0x4C4C564D  # the length again, disguised: foreign code that writes to the pipe is found out at once
_SIZES = "buffers"


class FrameError(Exception):
    """Bytes that no worker of ours writes."""


def pack(head: dict[str, Any], buffers: Sequence[bytes | bytearray | memoryview] = ()) -> bytes:
    """The beginning of a message; the buffers follow it as they are.

    Args:
        head: A JSON object.
        buffers: Of any number and length.
    """
    sizes = [memoryview(buffer).nbytes for buffer in buffers]
    text = json.dumps({**head, _SIZES: sizes}, separators=(",", ":")).encode()
    return PREFIX.pack(len(text), len(text) ^ _MARK) + text


def unpack(text: bytes) -> tuple[dict[str, Any], list[int]]:
    """The head of a message, and the lengths of the buffers that follow.

    Raises:
        FrameError: It is no head.
    """
    try:
        head = json.loads(text)
        sizes = head.pop(_SIZES)
        if not all(type(size) is int and size >= 0 for size in sizes):
            raise FrameError("a buffer's length is no length")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FrameError("the head of a message is malformed") from error
    return head, sizes


def prefix(data: bytes) -> int:
    """The length of the head.

    Raises:
        FrameError: It is none.
    """
    length, check = PREFIX.unpack(data)
    if length > MAX_HEAD or check != length ^ _MARK:
        raise FrameError("something else wrote to the pipe")
    return int(length)


def read(stream: BinaryIO) -> tuple[dict[str, Any], list[bytes]] | None:
    """One message from a blocking stream; None at its end."""
    start = stream.read(PREFIX.size)
    if len(start) < PREFIX.size:
        return None
    head, sizes = unpack(stream.read(prefix(start)))
    return head, [stream.read(size) for size in sizes]


def write(stream: BinaryIO, head: dict[str, Any], buffers: Sequence[bytes | bytearray | memoryview] = ()) -> None:
    """One message to a blocking stream."""
    stream.write(pack(head, buffers))
    stream.writelines(buffers)
    stream.flush()
