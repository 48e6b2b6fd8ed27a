"""The frames of a Gemini stream, those with tool calls numbered."""

from __future__ import annotations

from ipfs_accel_async.providers._gemini_parse import count_calls
from ipfs_accel_async.wire.bare_json import BareJSONDecoder
from ipfs_accel_async.wire.frames import Frame
from ipfs_accel_async.wire.sse import DEFAULT_CAP


class GeminiDecoder(BareJSONDecoder):
    """Decodes a stream and counts its tool calls.

    The wire gives calls no index and often no id, and each may come in a piece of its own. So that a piece can be read
    by itself, a frame with calls has as its event name (which this wire does not use) how many came before it.

    Args:
        max_event_bytes: Cap on one event.
    """

    __slots__ = ("_calls",)

    def __init__(self, max_event_bytes: int = DEFAULT_CAP) -> None:
        super().__init__(max_event_bytes)
        self._calls = 0

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that this chunk completes."""
        frames = super().feed(chunk)
        for place, frame in enumerate(frames):
            if b'"functionCall"' in frame.data:
                frames[place] = Frame(str(self._calls), frame.data)
                self._calls += count_calls(frame.data)
        return frames
