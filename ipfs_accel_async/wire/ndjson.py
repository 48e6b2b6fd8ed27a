"""Newline-delimited JSON, one object a line (Ollama API reference, streaming responses)."""

from __future__ import annotations

from ipfs_accel_async.errors import ResponseTooLargeError
from ipfs_accel_async.wire.frames import Frame

DEFAULT_CAP = 16 * 2**20


class NDJSONDecoder:
    """Incremental decoder of an ``application/x-ndjson`` body: one frame a line, its event "".

    Only LF ends a line (a CR before it is dropped), so U+2028, VT and the like stay inside their strings. Blank
    lines are skipped. A last line without LF counts.

    Args:
        max_line_bytes: Cap on one line. The decoder never holds more than that and one chunk. Frames completed
            before the one over the cap are still returned, then it raises.
    """

    __slots__ = ("_broken", "_cap", "_line")

    def __init__(self, max_line_bytes: int = DEFAULT_CAP) -> None:
        self._cap = max_line_bytes
        self._line = bytearray()  # the unfinished line
        self._broken = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """The lines that this chunk completes."""
        if self._broken:
            raise self._too_large()
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if lines and self._line:
            self._line += lines[0]
            lines[0] = bytes(self._line)
            self._line.clear()
        frames: list[Frame] = []
        for line in lines:
            if len(line) > self._cap:
                return self._stop(frames)
            if line and not line.isspace():
                frames.append(Frame("", line.removesuffix(b"\r")))
        if len(self._line) + len(rest) > self._cap:
            return self._stop(frames)
        self._line += rest
        return frames

    def close(self) -> list[Frame]:
        """The last line, when it is not blank and had no LF."""
        if self._broken:
            raise self._too_large()
        line = bytes(self._line)
        self._line.clear()
        return [Frame("", line.removesuffix(b"\r"))] if line and not line.isspace() else []

    def _stop(self, frames: list[Frame]) -> list[Frame]:
        self._broken = True
        self._line.clear()
        if not frames:
            raise self._too_large()
        return frames

    def _too_large(self) -> ResponseTooLargeError:
        return ResponseTooLargeError(
            f"a stream line is above the cap of {self._cap} bytes: raise the cap or ask for less"
        )
