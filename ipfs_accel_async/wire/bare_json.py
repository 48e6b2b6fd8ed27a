"""Server-sent events with bare JSON between them: how some services tell an error inside a stream.

Gemini API, streamGenerateContent: an error after the first bytes may come as lines of JSON that are no ``data`` field.
"""

from __future__ import annotations

import re

from ipfs_accel_async.wire.frames import Frame
from ipfs_accel_async.wire.sse import DEFAULT_CAP, SSEDecoder

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?')  # no end quote: to the end of the line, so that the search stays linear
_OPENING = (b"{", b"[")


class BareJSONDecoder(SSEDecoder):
    """As :class:`SSEDecoder`; besides, lines of JSON outside any field make a frame of their own.

    Such JSON starts a line with a brace or bracket and goes on until these balance. What the end of the body cuts off
    is a frame too: whoever parses it finds it broken, and says so.

    Args:
        max_event_bytes: Cap on one line, on the data of one event and on bare JSON.
    """

    __slots__ = ("_bare", "_depth", "_ready")

    def __init__(self, max_event_bytes: int = DEFAULT_CAP) -> None:
        super().__init__(max_event_bytes)
        self._bare = bytearray()  # the unfinished JSON
        self._depth = 0
        self._ready: list[Frame] = []

    def feed(self, chunk: bytes) -> list[Frame]:
        """The events and the bare JSON that this chunk completes."""
        frames = super().feed(chunk)
        if self._ready:
            frames += self._taken()
        return frames

    def close(self) -> list[Frame]:
        """The bare JSON that the end of the body completes, or breaks off."""
        line = bytes(self._line)
        super().close()
        if self._bare or line.startswith(_OPENING):
            self._field(line)
        if self._bare:
            self._finish()
        return self._taken()

    def _field(self, line: bytes) -> None:
        if not (self._bare or line.startswith(_OPENING)) or line.startswith(b"data:"):
            super()._field(line)
            return
        if len(self._bare) + len(line) >= self._cap:
            raise self._too_large()
        self._bare += line
        self._bare += b"\n"
        outside = _STRING.sub(b"", line)
        self._depth += sum(map(outside.count, _OPENING)) - outside.count(b"}") - outside.count(b"]")
        if self._depth <= 0:
            self._finish()

    def _finish(self) -> None:
        self._ready.append(Frame("", bytes(self._bare)))
        self._bare.clear()
        self._depth = 0

    def _dispatch(self, frames: list[Frame]) -> None:
        frames += self._taken()
        super()._dispatch(frames)

    def _taken(self) -> list[Frame]:
        ready, self._ready = self._ready, []
        return ready
