"""Streams of every provider as their recordings have them, and a client of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.answering import SSE
from tests.faults.virtual import Answer, VirtualServer
from tests.faults.watching import watched
from tests.providers.codecs import CODECS, STREAMS
from tests.providers.recorded import recorded_stream

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from ipfs_accel_async import Client

NAMES = sorted({name for name, kind in STREAMS if kind == "chat"})
LINES = {"ollama"}
"""Whose streams are lines of JSON."""
MARK = b"data: [DONE]\n\n"
STOPPED = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = STOPPED + MARK


def kind_of(name: str) -> dict[str, str]:
    """Headers of a provider's streams."""
    return {"content-type": "application/x-ndjson"} if name in LINES else SSE


def frames(name: str) -> list[bytes]:
    """A recorded stream, event by event."""
    whole = recorded_stream(name, "chat")
    mark = b"\n" if name in LINES else b"\n\n"
    return [frame + mark for frame in whole.replace(b"\r\n", b"\n").split(mark) if frame.strip()]


def answer_of(name: str, *items: Any) -> Answer:
    """A stream of a provider."""
    return Answer(items, 200, kind_of(name))


def client_of(name: str, server: VirtualServer, **settings: Any) -> AbstractAsyncContextManager[Client]:
    """A watched client of one provider."""
    return watched(server, provider=name, path=CODECS[name].default_path, **settings)


def event(text: str = "x", **more: Any) -> bytes:
    """One event of OpenAI's chat."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None, **more}
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode() + b"\n\n"
