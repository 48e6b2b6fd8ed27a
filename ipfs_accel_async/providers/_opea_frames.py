"""The frames of an OPEA stream: what was said before the end mark decides what the end mark means."""

from __future__ import annotations

from ipfs_accel_async.wire.frames import Frame
from ipfs_accel_async.wire.sse import DEFAULT_CAP, SSEDecoder

LITERALS = "literals"
SILENT = "silent"
_OPENING = (b"b'", b'b"')
_EMPTY = (b"b''", b'b""')


class OPEADecoder(SSEDecoder):
    """Decodes a stream and says at its end mark what came before it.

    An end mark has as its event name (which this wire does not use) ``literals`` after bytes literals, ``silent`` after
    nothing at all or nothing but empty ones, and none after JSON. So each frame can be read by itself.

    Args:
        max_event_bytes: Cap on one event.
    """

    __slots__ = ("_heard",)

    def __init__(self, max_event_bytes: int = DEFAULT_CAP) -> None:
        super().__init__(max_event_bytes)
        self._heard = SILENT

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that this chunk completes."""
        frames = super().feed(chunk)
        for place, frame in enumerate(frames):
            data = frame.data
            if data.startswith(_OPENING):
                if data not in _EMPTY:
                    self._heard = LITERALS
            elif data.startswith(b"[DONE]"):
                frames[place] = Frame(self._heard, data)
            elif data:
                self._heard = ""
        return frames
