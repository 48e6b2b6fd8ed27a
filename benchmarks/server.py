"""A loopback server on OpenAI's wire that costs far less CPU than any client: it finds a request's end and writes bytes.

Run it as ``python -m benchmarks.server``. It prints its port, and when its input ends (or on Ctrl-C) what a request has
cost it, as one JSON line. The path in front of ``/v1`` may slow it down: ``/delay-50/v1`` answers after 50 ms,
``/pace-10/v1`` sends an event of a stream every 10 ms.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
import time

from benchmarks import _bodies
from benchmarks._run import pin, raise_file_limit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream": ?true')
_PACKED = re.compile(rb'"encoding_format": ?"base64"')
_SLOW = re.compile(rb"POST /(delay|pace)-(\d+)/")
_BUFFER = memoryview(bytearray(256 * 1024))  # one for all connections: what it holds is read before the next one fills it


class Site:
    """What the server sends, and how often it did."""

    def __init__(self) -> None:
        self.requests = 0
        self._embeddings: dict[bool, bytes] = {}

    def answer(self, head: bytes, body: bytes) -> bytes:
        """The whole response to a request."""
        self.requests += 1
        if b"/embeddings " in head:
            packed = _PACKED.search(body) is not None
            if packed not in self._embeddings:
                self._embeddings[packed] = _bodies.embeddings(packed=packed)
            return self._embeddings[packed]
        return _bodies.STREAM if _STREAM.search(body) else _bodies.CHAT


class Connection(asyncio.BufferedProtocol):
    """One client's connection. Requests come one after the other, each with a content-length or without a body."""

    transport: asyncio.Transport

    def __init__(self, site: Site) -> None:
        self._site = site
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = transport  # type: ignore[assignment]

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put what comes."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Answer if the request is whole."""
        data = self._held + _BUFFER[:nbytes]
        end = data.find(b"\r\n\r\n") + 4
        if end > 3:  # noqa: PLR2004
            length = _LENGTH.search(data, 0, end)
            if length is None or len(data) >= end + int(length[1]):
                self._held = b""
                self._answer(data[:end], data[end:])
                return
        self._held = data

    def _answer(self, head: bytes, body: bytes) -> None:
        answer = self._site.answer(head, body)
        slow = _SLOW.match(head)
        if slow is None:
            self.transport.write(answer)
            return
        seconds = int(slow[2]) / 1_000
        pieces = [answer]
        if slow[1] == b"pace" and answer is _bodies.STREAM:
            pieces = [_bodies.STREAM_HEAD, *_bodies.STREAM_EVENTS]
        loop = asyncio.get_running_loop()
        for place, piece in enumerate(pieces, 1):
            loop.call_later(seconds * place, self.transport.write, piece)


async def serve(site: Site) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def watch() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    server = await loop.create_server(lambda: Connection(site), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()
    server.close()


def main() -> None:
    """Serve on core 1, then say what a request has cost."""
    pin(1)
    raise_file_limit()
    site = Site()
    before = time.process_time()
    try:
        asyncio.run(serve(site))
    except KeyboardInterrupt:
        pass
    spent = time.process_time() - before
    each = spent / site.requests * 1e6 if site.requests else 0.0
    print(json.dumps({"requests": site.requests, "cpu_us_per_request": round(each, 1)}), flush=True)


if __name__ == "__main__":
    main()
