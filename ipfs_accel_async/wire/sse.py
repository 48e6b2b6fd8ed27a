"""Server-sent events, decoded from bytes (WHATWG HTML, section 9.2: server-sent events)."""

from __future__ import annotations

from ipfs_accel_async.errors import ResponseTooLargeError
from ipfs_accel_async.wire.frames import Frame

BOM = b"\xef\xbb\xbf"
DEFAULT_CAP = 16 * 2**20
MEDIA_CAP = 128 * 2**20


class SSEDecoder:
    """Incremental decoder of a ``text/event-stream`` body.

    Lines end with CR, LF or CRLF and nothing else: U+2028 and the like are legal inside JSON. Comments, ``id``,
    ``retry`` and unknown fields are dropped; an event without a ``data`` field is not dispatched; an event that
    the end of the body cuts off is discarded.

    Args:
        max_event_bytes: Cap on one line and on the data of one event. The decoder never holds more than that
            and one chunk. Frames completed before the one over the cap are still returned, then it raises.
    """

    __slots__ = ("_after_cr", "_broken", "_cap", "_data", "_event", "_head", "_line")

    def __init__(self, max_event_bytes: int = DEFAULT_CAP) -> None:
        self._cap = max_event_bytes
        self._head: bytes | None = b""  # the first bytes, while they may still become a BOM
        self._after_cr = False  # an LF that comes next belongs to the line end before it
        self._line = bytearray()  # the unfinished line
        self._event = ""
        self._data: bytes | bytearray | None = None  # None until the event has a data field
        self._broken = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """The events that this chunk completes."""
        if self._broken:
            raise self._too_large()
        if self._head is not None:
            chunk = self._without_bom(chunk)
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_lf_only(chunk)
        frames: list[Frame] = []
        try:
            if self._line or self._data is not None or self._event or len(chunk) > self._cap:
                chunk = self._finish_event(chunk, frames)
            if chunk:
                self._whole_events(chunk, frames)
        except ResponseTooLargeError:
            self._broken = True
            self._line.clear()
            self._data = None
            if not frames:
                raise
        return frames

    def close(self) -> list[Frame]:
        """No frames: an event is dispatched by the blank line after it, never by the end of the body."""
        if self._broken:
            raise self._too_large()
        self._line.clear()
        self._data = None
        return []

    def _whole_events(self, chunk: bytes, frames: list[Frame]) -> None:
        """The hot path: nothing is pending, so blank lines cut the chunk into whole events and a rest."""
        blocks = chunk.split(b"\n\n")
        rest = blocks.pop()
        for block in blocks:
            first, cut, second = block.partition(b"\n")
            if not cut and first.startswith(b"data: "):
                frames.append(Frame("", first[6:]))
                continue
            if first.startswith(b"event: ") and second.startswith(b"data: ") and b"\n" not in second:
                frames.append(Frame(first[7:].decode("utf-8", "replace"), second[6:]))
                continue
            for line in block.split(b"\n"):
                if line:
                    self._field(line)
                else:
                    self._dispatch(frames)
            self._dispatch(frames)
        if rest:
            self._finish_event(rest, frames, to_the_end=True)

    def _finish_event(self, chunk: bytes, frames: list[Frame], *, to_the_end: bool = False) -> bytes:
        """Line by line up to the next blank line; what follows it is returned.

        A chunk above the cap is read like this to its end, so that every line in it is measured.
        """
        to_the_end = to_the_end or len(chunk) > self._cap
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            line = chunk[start:end]
            start = end + 1
            if self._line:
                self._line += line
                line = bytes(self._line)
                self._line.clear()
            if line:
                self._field(line)
            else:
                self._dispatch(frames)
                if not to_the_end:
                    return chunk[start:]
        if len(self._line) + len(chunk) - start > self._cap:
            raise self._too_large()
        self._line += chunk[start:] if start else chunk
        return b""

    def _field(self, line: bytes) -> None:
        if len(line) > self._cap:
            raise self._too_large()
        name, _, value = line.partition(b":")
        if name == b"data":
            value = value.removeprefix(b" ")
            if self._data is None:
                self._data = value
                return
            if len(self._data) + 1 + len(value) > self._cap:
                raise self._too_large()
            if isinstance(self._data, bytes):
                self._data = bytearray(self._data)  # grows in place, however many lines follow
            self._data += b"\n"
            self._data += value
        elif name == b"event":
            self._event = value.removeprefix(b" ").decode("utf-8", "replace")

    def _dispatch(self, frames: list[Frame]) -> None:
        if self._data is not None:
            frames.append(Frame(self._event, bytes(self._data)))
            self._data = None
        self._event = ""

    def _without_bom(self, chunk: bytes) -> bytes:
        chunk = (self._head or b"") + chunk
        if len(chunk) < len(BOM) and BOM.startswith(chunk):
            self._head = chunk
            return b""
        self._head = None
        return chunk.removeprefix(BOM)

    def _with_lf_only(self, chunk: bytes) -> bytes:
        if not chunk:
            return chunk
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _too_large(self) -> ResponseTooLargeError:
        return ResponseTooLargeError(
            f"a stream event is above the cap of {self._cap} bytes: raise the cap or ask for less"
        )
