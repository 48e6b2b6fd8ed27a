"""The benchmark server: whole requests are answered, once, with the bytes prepared for them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import _bodies
from benchmarks._run import ROOT, environment, server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sockets


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Port of a running server."""
    with server() as url:
        yield int(url.split(":")[2].split("/")[0])


def post(body: bytes, path: str = "/v1/chat/completions") -> bytes:
    """A request."""
    return b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)


def receive(sock: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes."""
    data = b""
    while len(data) < size:
        data += sock.recv(size - len(data))
    return data


def test_the_chat_answer_has_the_documented_size() -> None:
    """The body has 943 bytes and comes with 18 headers besides those of its framing."""
    head, _, body = _bodies.CHAT.partition(b"\r\n\r\n")

    assert len(body) == 943
    assert json.loads(body)["choices"][0]["message"]["content"] == _bodies.TEXT
    assert head.count(b"\r\n") == 18 + 2


@pytest.mark.parametrize("cut", [10, 60, -1])
def test_a_request_in_two_segments_is_answered_once(port: int, cut: int) -> None:
    """However a request is cut, its answer comes when it is whole, and the connection serves the next one."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(2):
            request = post(b'{"model":"m"}')
            sock.sendall(request[:cut])
            sock.sendall(request[cut:])
            assert receive(sock, len(_bodies.CHAT)) == _bodies.CHAT


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/delay-5/v1/chat/completions", "/pace-1/v1/chat/completions"]
)
def test_a_stream_is_the_same_at_any_pace(port: int, path: str) -> None:
    """A stream brings the same bytes in one burst, after a delay, and event by event."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(post(b'{"stream": true}', path))
        assert receive(sock, len(_bodies.STREAM)) == _bodies.STREAM


def test_the_server_tells_its_cost_when_its_input_ends() -> None:
    """The last line is the number of requests and the CPU microseconds of each."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.server"],
        input="",
        capture_output=True,
        text=True,
        env=environment(),
        cwd=ROOT,
        check=True,
        timeout=30,
    )

    assert json.loads(done.stdout.splitlines()[-1])["requests"] == 0
