"""Answers as bytes: the good one, and the ways in which HTTP can be wrong."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.answering import completion, error_body
from tests.faults.script import close, send

if TYPE_CHECKING:
    from tests.faults.script import Script

JSON = "content-type: application/json"
BODY = json.dumps(completion()).encode()


def raw(status: str, *headers: str, body: bytes = b"", version: str = "HTTP/1.1") -> bytes:
    """A response with nothing added: what is not among the headers is not sent."""
    return "\r\n".join([f"{version} {status}", *headers, "", ""]).encode("latin-1") + body


def answer(body: Any = None, *headers: str, status: int | str = 200, kind: str = JSON) -> bytes:
    """A sound response with its length; a body that is no bytes is written as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(completion() if body is None else body).encode()
    return raw(
        f"{status} Word" if isinstance(status, int) else status,
        kind,
        f"content-length: {len(data)}",
        *headers,
        body=data,
    )


def refusal(status: int, *headers: str, message: str = "no", code: str | None = None) -> Script:
    """An error of the OpenAI wire."""
    return (send(answer(error_body(message, code), *headers, status=status)),)


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n", kind: str = JSON) -> bytes:
    """A response in chunks; another `end` makes it a wrong one."""
    return raw("200 OK", kind, "transfer-encoding: chunked") + b"".join(map(chunk, parts)) + end


def chunk(data: bytes) -> bytes:
    """One chunk of a body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


GOOD: Script = (send(answer()),)

HALF = BODY[: len(BODY) // 2]
CUT_BODIES: dict[str, Script] = {
    "shorter than its length": (send(raw("200 OK", JSON, f"content-length: {len(BODY)}", body=HALF)), close()),
    "cut chunk": (send(raw("200 OK", JSON, "transfer-encoding: chunked") + b"%x\r\n" % len(BODY) + HALF), close()),
    "bad chunk size": (send(chunked(HALF, end=b"zz\r\nabc\r\n0\r\n\r\n")), close()),
    "no last chunk": (send(chunked(BODY, end=b"")), close()),
    "no line end after a chunk": (send(chunked(end=b"%x\r\n%sXX0\r\n\r\n" % (len(BODY), BODY))), close()),
    "negative chunk size": (send(chunked(HALF, end=b"-5\r\nhello\r\n0\r\n\r\n")), close()),
}

TWO_LENGTHS = raw("200 OK", JSON, f"content-length: {len(BODY)}", "content-length: 5", body=BODY)
LENGTH_AND_CHUNKS = raw("200 OK", JSON, "content-length: 5", "transfer-encoding: chunked") + chunk(BODY) + b"0\r\n\r\n"
LENGTHS: dict[str, Script] = {
    "larger than the body": (send(raw("200 OK", JSON, f"content-length: {len(BODY) + 9}", body=BODY)), close()),
    "smaller than the body": (send(raw("200 OK", JSON, f"content-length: {len(BODY) - 9}", body=BODY)),),
    "two that differ": (send(TWO_LENGTHS), close()),
    "length and chunks": (send(LENGTH_AND_CHUNKS), close()),
    "no number": (send(raw("200 OK", JSON, "content-length: many", body=BODY)), close()),
    "negative": (send(raw("200 OK", JSON, "content-length: -1", body=BODY)), close()),
}

STATUS_LINES = {
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "status 0": raw("0 Zero", "content-length: 0"),
    "four digits": raw("2000 OK", "content-length: 0"),
    "letters": raw("20O OK", "content-length: 0"),
    "no status": raw("", "content-length: 0"),
    "another version": raw("200 OK", "content-length: 0", version="HTTP/9.9x"),
    "an injected header without a colon": b"HTTP/1.1 200 OK\r\nInjected\r\ncontent-length: 0\r\n\r\n",
    "binary": bytes(range(128, 160)) + b"\r\n\r\n",
}

HEADER_FLOODS = {
    "many headers": raw("200 OK", *[f"x-{number}: {number}" for number in range(10_000)], "content-length: 0"),
    "one huge header": raw("200 OK", "x-huge: " + "a" * 2**20, "content-length: 0"),
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"x-more: yes\r\n" * 200_000,
    "a huge reason": raw("200 " + "O" * 2**20, "content-length: 0"),
}


def zipped(size: int) -> bytes:
    """Zeros under gzip: some two hundred times smaller than what they become."""
    return gzip.compress(bytes(size), 6)


def encoded(body: bytes, encoding: str) -> Script:
    """A body under a content encoding, true or not."""
    return (send(answer(body, f"content-encoding: {encoding}")),)
