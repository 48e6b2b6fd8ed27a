"""Images by address: only from outside, only from where was looked, only so much, only images."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import pytest

import ipfs_accel_async
from ipfs_accel_async import (
    ConnectError,
    DecodeError,
    Image,
    InvalidRequestError,
    ProtocolError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TLSError,
    UnexpectedRedirectError,
    fetch_image,
)
from ipfs_accel_async.transport import fetch
from tests.transport.raw_server import raw_server, response

pytestmark = pytest.mark.sockets
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
HTTP = frozenset({"http"})


async def got(url: str, answer: bytes = b"", *, path: str = "/a.png", **options: Any) -> Image:
    """The image of a loopback server, under a public-looking name; the rule on addresses is `allowed`."""
    port = url.rpartition(":")[2]

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    options = {"resolve": resolve, "allowed": lambda _: True, **options}
    size, timeout = options.pop("max_bytes", 10_000), options.pop("timeout", 5.0)
    return await fetch._fetch(f"http://img.example:{port}{path}", HTTP, size, timeout, **options)


async def served(answer: bytes, **options: Any) -> Image:
    """The image of one answer."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with raw_server(script) as url:
        return await got(url, **options)


async def test_an_image_is_fetched_with_nothing_of_ours() -> None:
    """Its bytes and the type that they show; the request has no key, cookie or referrer, whatever came before."""
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(response(PNG, "content-type: image/jpeg", "set-cookie: a=b"))

    async with raw_server(script) as url:
        image = await got(url, path="/a.png?sig=x%2Fy")
        await got(url)
    assert image == Image(data=PNG, media_type="image/png")
    names = {line.partition(b":")[0].lower() for line in b"".join(heads).split(b"\r\n")[1:] if b":" in line}
    assert names <= {b"host", b"accept", b"accept-encoding", b"user-agent", b"connection"}
    assert heads[0].startswith(b"GET /a.png?sig=x%2Fy HTTP/1.1\r\nHost: img.example:")


INSIDE = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
    "https://localhost/",
    "http://localhost/",
    "https://a@localhost/",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("url", INSIDE)
async def test_what_leads_inside_is_refused(url: str) -> None:
    """By the public function, before anything is sent."""
    reached: list[str] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(url)

    async with raw_server(script) as here:
        port = here.rpartition(":")[2]
        for given in (url, re.sub(r"(://[^/]+)/", rf"\1:{port}/", url)):
            with pytest.raises(InvalidRequestError, match="the image's URL"):
                await fetch_image(given, allow_http=given.startswith("http:"))
    assert reached == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["8.8.8.8", "::1"],
        ["2606:4700::1", "fe80::1%eth0"],
        ["::ffff:8.8.8.8"],
        ["168.63.129.16"],
        [],
    ],
)
async def test_every_address_of_a_name_must_be_public(addresses: list[str]) -> None:
    """One that is not spoils all: which of them is connected to is a matter of chance."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    with pytest.raises(InvalidRequestError, match="not public") as caught:
        await fetch._fetch("https://img.example/?sig=s3cret", frozenset({"https"}), 100, 1.0, resolve=resolve)
    assert "s3cret" not in str(caught.value)


async def test_a_name_is_looked_up_once() -> None:
    """The connection goes to the address that was checked, though the name has another by then."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    image = await served(response(PNG, "content-type: image/png"), resolve=rebinding)
    assert (image.data, asked) == (PNG, ["img.example"])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["/b.png", "http://127.0.0.1/b.png", "//169.254.169.254/", "file:///etc/passwd"])
async def test_redirects_are_not_followed(status: int, place: str) -> None:
    """Where they lead was not checked."""
    with pytest.raises(UnexpectedRedirectError) as caught:
        await served(response(b"", f"location: {place}", status=f"{status} Moved"))
    assert caught.value.status == status


PICTURE = "content-type: image/png"
ANSWERS: dict[str, tuple[bytes, type[Exception]]] = {
    "not found": (response(b"", status="404 No"), ProtocolError),
    "no content": (b"HTTP/1.1 204 No\r\n\r\n", ProtocolError),
    "a part": (response(PNG, PICTURE, status="206 Part"), ProtocolError),
    "a page": (response(b"<html>", "content-type: text/html"), DecodeError),
    "a page that calls itself an image": (response(b"<html>", PICTURE), DecodeError),
    "an image that calls itself a page": (response(PNG, "content-type: text/html"), DecodeError),
    "no type": (response(PNG), DecodeError),
    "svg": (response(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "content-type: image/svg+xml"), DecodeError),
    "nothing": (response(b"", PICTURE), DecodeError),
    "gzip": (response(b"\x1f\x8b\x08" + bytes(50), PICTURE, "content-encoding: gzip"), DecodeError),
    "too long": (response(PNG * 100, PICTURE), ResponseTooLargeError),
    "said to be too long": (
        f"HTTP/1.1 200 OK\r\n{PICTURE}\r\ncontent-length: {10**12}\r\n\r\n".encode(),
        ResponseTooLargeError,
    ),
    "long without saying so": (f"HTTP/1.1 200 OK\r\n{PICTURE}\r\n\r\n".encode() + PNG * 100, ResponseTooLargeError),
    "huge head": (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 9_000 + b"\r\n\r\n", ResponseTooLargeError),
    "cut": (response(PNG, PICTURE)[:-9], ipfs_accel_async.InterruptedCallError),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", ipfs_accel_async.InterruptedCallError),
    "silence": (b"", ipfs_accel_async.InterruptedCallError),
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_what_is_no_image_is_a_typed_error(answer: str) -> None:
    """Whatever the server does, without the URL in the message or an original behind it."""
    body, kind = ANSWERS[answer]
    with pytest.raises(kind) as caught:
        await served(body, path="/a.png?sig=s3cret")
    assert "s3cret" not in f"{caught.value!s}{caught.value!r}"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("slow", ["head", "body", "name"])
async def test_it_takes_no_longer_than_it_may(slow: str) -> None:
    """A byte now and then, or a name server that is silent, do not hold it up."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{PICTURE}\r\n{'' if slow == 'head' else chr(13) + chr(10)}".encode())
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def silent(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    started = asyncio.get_running_loop().time()
    async with raw_server(drip) as url:
        with pytest.raises(RequestTimeoutError, match=r"within 0\.15 s"):
            await got(url, timeout=0.15, **({"resolve": silent} if slow == "name" else {}))
    assert asyncio.get_running_loop().time() - started < 3


async def test_a_server_that_cannot_be_reached() -> None:
    """A closed port, an unknown name, a handshake with somebody who has no TLS."""

    async def here(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"no TLS here\r\n\r\n")
        await writer.drain()

    https = frozenset({"https"})
    with pytest.raises(ConnectError):
        await fetch._fetch("https://img.example:1/", https, 1, 5.0, resolve=here, allowed=lambda _: True)
    with pytest.raises(ConnectError, match="not known"):
        await fetch_image("https://img.invalid/a.png")
    async with raw_server(plain) as url:
        port = url.rpartition(":")[2]
        with pytest.raises(TLSError):
            await fetch._fetch(f"https://img.example:{port}/", https, 1, 5.0, resolve=here, allowed=lambda _: True)
