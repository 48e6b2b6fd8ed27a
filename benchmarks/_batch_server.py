"""A loopback embedding server with the cost of one: 5 ms a request and 0.1 ms a text.

Run it as ``python -m benchmarks._batch_server``; it prints its port and serves until its input ends. Under
``/one/v1`` there is one device, so requests are worked off one after the other; under ``/side/v1`` each request has a
device of its own. The vector of a text that ends with a number begins with it, so that a client can be checked.
"""

from __future__ import annotations

import heapq
import re
import selectors
import socket
import sys
import time
from base64 import b64encode
from struct import pack, unpack

import orjson

from benchmarks._run import pin, raise_file_limit

A_REQUEST = 0.005
A_TEXT = 0.000_1
DIMENSIONS = 64
TEXTS = 10_000
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def _vector(number: int) -> bytes:
    return pack(f"<{DIMENSIONS}f", number, *range(1, DIMENSIONS))


class Server:
    """One loop over one listening socket; a connection has one request at a time."""

    def __init__(self) -> None:
        self._busy_until = 0.0
        self._packed = [b'"%b"' % b64encode(_vector(number)) for number in range(TEXTS)]
        self._plain = [orjson.dumps(unpack(f"<{DIMENSIONS}f", _vector(number))) for number in range(TEXTS)]
        self._held: dict[int, bytes] = {}
        self._later: list[tuple[float, int, socket.socket, bytes]] = []
        self._sequence = 0
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        """Serve until standard input ends."""
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select(self._send_due()):
                if key.fileobj is self._listener:
                    sock, _ = self._listener.accept()
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._selector.register(sock, selectors.EVENT_READ)
                elif key.fileobj is sys.stdin:
                    return
                else:
                    self._read(key.fileobj)  # type: ignore[arg-type]

    def _read(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(1 << 20)
        except ConnectionError:
            data = b""
        if not data:
            self._held.pop(sock.fileno(), None)
            self._selector.unregister(sock)
            sock.close()
            return
        data = self._held.pop(sock.fileno(), b"") + data
        end = data.find(b"\r\n\r\n") + 4
        length = _LENGTH.search(data, 0, end)
        if end < 4 or (length is not None and len(data) < end + int(length[1])):
            self._held[sock.fileno()] = data
            return
        came = time.monotonic()
        asked = orjson.loads(data[end:])
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        seconds = A_REQUEST + A_TEXT * len(texts)
        if data.startswith(b"POST /one/"):
            self._busy_until = max(self._busy_until, came) + seconds
            due = self._busy_until
        else:
            due = came + seconds
        self._sequence += 1
        answer = self._answer(texts, packed=asked.get("encoding_format") == "base64")
        heapq.heappush(self._later, (due, self._sequence, sock, answer))

    def _answer(self, texts: list[str], *, packed: bool) -> bytes:
        vectors = self._packed if packed else self._plain
        items = b",".join(
            b'{"object":"embedding","index":%d,"embedding":%b}' % (place, vectors[int(text.rsplit(" ", 1)[1])])
            for place, text in enumerate(texts)
        )
        body = b'{"object":"list","data":[%b],"model":"e","usage":{"prompt_tokens":%d,"total_tokens":%d}}' % (
            items,
            4 * len(texts),
            4 * len(texts),
        )
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        return head + body

    def _send_due(self) -> float | None:
        """Send what is due; the seconds until something is again."""
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            _, _, sock, data = heapq.heappop(self._later)
            try:
                sock.setblocking(True)
                sock.sendall(data)
            except OSError:
                pass  # the client has gone; the next read says so too
        return max(self._later[0][0] - time.monotonic(), 0.0) if self._later else None


def main() -> None:
    """Serve on core 1."""
    pin(1)
    raise_file_limit()
    server = Server()
    print(server.port, flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
