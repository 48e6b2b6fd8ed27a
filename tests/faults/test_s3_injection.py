"""G02, G08 for S3: any byte at any place of a key, a bucket, metadata or a header adds nothing to the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.errors import AccelError, InvalidRequestError
from tests.faults.http import raw
from tests.faults.scenarios import scenario
from tests.faults.script import send
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from tests.faults.server import Seen

pytestmark = pytest.mark.sockets

POSITIONS = {"start": "{}abc", "middle": "a{}bc", "end": "abc{}"}
PLACES: dict[str, Any] = {
    "key": lambda text: {"key": text},
    "bucket": lambda text: {"bucket": text},
    "metadata name": lambda text: {"metadata": {text: "value"}},
    "metadata value": lambda text: {"metadata": {"name": text}},
    "header": lambda text: {"content_type": text},
    "parameter": lambda text: {"CacheControl": text},
}
STORED = (send(raw("200 OK", 'etag: "d41d8cd98f00b204e9800998ecf8427e"', "content-length: 0")),)


def names_of(request: Seen) -> set[str]:
    """Names of the headers that came."""
    return {line.partition(b":")[0].decode().lower() for line in request.head.split(b"\r\n")[1:] if line}


async def put(ai: Client, **given: Any) -> None:
    """Store an object."""
    bucket, key = given.pop("bucket", "bucket"), given.pop("key", "key")
    await ai.s3_kit.put(bucket, key, b"data", **given)


@scenario("G02", "G08")
@pytest.mark.parametrize("place", PLACES)
async def test_no_byte_adds_anything_to_a_request(server: FaultServer, place: str) -> None:
    """256 bytes at three positions: refused unsent, or one PUT of one object with the headers that were meant."""
    server.always = STORED
    made = PLACES[place]
    sent = refused = 0
    async with Client(keys={"s3_kit": "AKID:secret"}, base_urls={"s3_kit": server.url}, max_retries=0) as ai:
        await put(ai, **made("abc"))
        plain = server.requests.pop()
        for byte in range(256):
            for position in POSITIONS.values():
                text = position.format(chr(byte))
                try:
                    await put(ai, **made(text))
                except InvalidRequestError:
                    refused += 1
                    assert server.requests == []
                    continue
                sent += 1
                (came,) = server.requests
                server.requests.clear()
                method, path, version = came.head.split(b"\r\n")[0].split(b" ")
                assert (method, version, came.body.count(b"data")) == (b"PUT", b"HTTP/1.1", 1)
                assert b"?" not in path
                _, bucket, key = unquote(path.decode("ascii")).split("/", 2)
                assert (bucket, key) == (made(text).get("bucket", "bucket"), made(text).get("key", "key"))
                added = names_of(came) ^ names_of(plain)
                assert all(name.startswith("x-amz-meta-") for name in added), added
                assert len(added) <= 2
                assert came.header("authorization") is not None
    assert (sent + refused, sent > 100) == (768, True)


@scenario("G02")
@pytest.mark.parametrize("place", ["metadata name", "metadata value", "header", "parameter"])
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\0"], ids=repr)
async def test_a_line_break_is_refused_before_anything_is_sent(server: FaultServer, place: str, break_: str) -> None:
    """With a whole header behind it; the error shows no key."""
    async with Client(keys={"s3_kit": "AKID:s3cr3t"}, base_urls={"s3_kit": server.url}, max_retries=3) as ai:
        with pytest.raises(AccelError) as caught:
            await put(ai, **PLACES[place](f"a{break_}x-injected: 1"))
    assert isinstance(caught.value, InvalidRequestError)
    assert "s3cr3t" not in str(caught.value)
    assert (server.requests, caught.value.attempts <= 1) == ([], True)
