"""A loopback server on OpenAI's wire, far cheaper than any client: it finds a request's end and writes bytes.

Run it as ``python -m benchmarks.server``. It prints its port, and when its input ends (or on Ctrl-C) what a request has
cost it, as one JSON line. The path in front of ``/v1`` may slow it down: ``/delay-50/v1`` answers after 50 ms,
``/pace-10/v1`` sends an event of a stream every 10 ms. ``GET /cost`` tells the cost so far.

No asyncio here: a bare selector loop costs half as much, and the less the server does, the less it disturbs the client.
"""

from __future__ import annotations

import heapq
import json
import re
import selectors
import socket
import sys
import time

from benchmarks import _bodies
from benchmarks._run import pin, raise_file_limit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream": ?true')
_PACKED = re.compile(rb'"encoding_format": ?"base64"')
_SLOW = re.compile(rb"POST /(delay|pace)-(\d+)/")


class Server:
    """One loop over one listening socket. A connection has one request at a time, with a content-length or no body."""

    def __init__(self) -> None:
        self.requests = 0
        self._started = time.process_time()
        self._embeddings: dict[bool, bytes] = {}
        self._held: dict[int, bytes] = {}
        self._later: list[tuple[float, int, socket.socket, bytes]] = []
        self._sequence = 0
        self._buffer = memoryview(bytearray(256 * 1024))
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        """Serve until standard input ends; where that cannot be watched, until interrupted."""
        select, listener, stdin = self._selector.select, self._listener, sys.stdin
        try:
            self._selector.register(stdin, selectors.EVENT_READ)
        except PermissionError:
            pass
        while True:
            for key, _ in select(self._send_due() if self._later else None):
                sock = key.fileobj
                if sock is listener:
                    self._accept()
                elif sock is stdin:
                    return
                else:
                    self._read(sock)  # type: ignore[arg-type]

    def cost(self) -> dict[str, float]:
        """Requests so far, and the CPU seconds of this process since it began to serve."""
        return {"requests": self.requests, "cpu": time.process_time() - self._started}

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        sock.setblocking(True)  # what is readable does not block, and clients read what they are sent
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(sock, selectors.EVENT_READ)

    def _read(self, sock: socket.socket) -> None:
        try:
            size = sock.recv_into(self._buffer)
        except ConnectionError:
            size = 0
        if not size:
            self._held.pop(sock.fileno(), None)
            self._selector.unregister(sock)
            sock.close()
            return
        data = bytes(self._buffer[:size])
        if self._held:
            data = self._held.pop(sock.fileno(), b"") + data
        end = data.find(b"\r\n\r\n") + 4
        length = _LENGTH.search(data, 0, end)
        if end < 4 or (length is not None and len(data) < end + int(length[1])):
            self._held[sock.fileno()] = data
            return
        self.requests += 1
        if data.startswith((b"POST /delay-", b"POST /pace-")):
            self._send_slowly(sock, data)
        else:
            _send(sock, self._answer(data))

    def _answer(self, request: bytes) -> bytes:
        if request.startswith(b"GET /cost "):
            self.requests -= 1
            return _bodies.whole(json.dumps(self.cost()).encode())
        if b"/embeddings " in request[:100]:
            packed = _PACKED.search(request) is not None
            if packed not in self._embeddings:
                self._embeddings[packed] = _bodies.embeddings(packed=packed)
            return self._embeddings[packed]
        return _bodies.STREAM if _STREAM.search(request) else _bodies.CHAT

    def _send_slowly(self, sock: socket.socket, request: bytes) -> None:
        slow = _SLOW.match(request)
        answer = self._answer(request)
        if slow is None:
            _send(sock, answer)
            return
        pieces = [answer]
        if slow[1] == b"pace" and answer is _bodies.STREAM:
            pieces = [_bodies.STREAM_HEAD, *_bodies.STREAM_EVENTS]
        now, seconds = time.monotonic(), int(slow[2]) / 1_000
        for place, piece in enumerate(pieces, 1):
            self._sequence += 1
            heapq.heappush(self._later, (now + place * seconds, self._sequence, sock, piece))

    def _send_due(self) -> float | None:
        """Send what is due; the seconds until something is again."""
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            _, _, sock, piece = heapq.heappop(self._later)
            _send(sock, piece)
        return max(self._later[0][0] - time.monotonic(), 0.0) if self._later else None


def _send(sock: socket.socket, data: bytes) -> None:
    try:
        sock.sendall(data)
    except OSError:
        pass  # the client has gone; the next read says so too


def main() -> None:
    """Serve on core 1, then say what a request has cost."""
    pin(1)
    raise_file_limit()
    server = Server()
    print(server.port, flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    cost = server.cost()
    each = cost["cpu"] / max(cost["requests"], 1) * 1e6
    print(json.dumps({"requests": cost["requests"], "cpu_us_per_request": round(each, 1)}), flush=True)


if __name__ == "__main__":
    main()
