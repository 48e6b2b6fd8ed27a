"""The S3 transport on real sockets: what goes out, what comes in, and that it goes out once."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from ipfs_accel_async.errors import ResponseTooLargeError
from ipfs_accel_async.wire.s3 import FileSlice
from tests.transport.s3_peer import ACCESS, SECRET, a_request, error, read_all, s3_peer, s3_transport, xml

pytestmark = pytest.mark.sockets
LISTED = (
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bkt</Name><KeyCount>1</KeyCount>'
    "<IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken><Contents><Key>a%20b</Key>"
    "<LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e1&quot;</ETag><Size>5</Size></Contents>"
    "<EncodingType>url</EncodingType></ListBucketResult>"
)


async def test_a_put_arrives_signed_with_its_body_and_our_headers() -> None:
    """Path, body, metadata and the call's own headers arrive, signed with the key, whose secret is nowhere in it."""
    async with s3_peer(xml(etag='"e1"')) as peer, s3_transport() as s3:
        request = a_request(peer.url, "PutObject", b"hello", Bucket="bkt", Key="a/b c", Metadata={"m": "1"})
        incoming = await s3.send(request)
        assert (incoming.status, orjson.loads(await read_all(incoming))["ETag"]) == (200, '"e1"')
    seen = peer.seen[0]
    assert (seen.method, seen.target, seen.body) == ("PUT", "/bkt/a/b%20c", b"hello")
    assert f"Credential={ACCESS}/" in seen.headers["authorization"]
    assert "/us-east-1/s3/aws4_request" in seen.headers["authorization"]
    assert seen.headers["x-request-id"] == "id-1"
    assert seen.headers["x-amz-meta-m"] == "1"
    assert seen.headers["x-amz-content-sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert SECRET not in repr(seen)
    assert not [name for name in seen.headers if name.startswith("s3-")]


async def test_metadata_comes_back_as_json() -> None:
    """What boto parses is the body, in JSON; times are ISO, keys unquoted; headers stay, but for those of the XML."""
    async with s3_peer(xml(LISTED, x_amz_request_id="R1")) as peer, s3_transport() as s3:
        incoming = await s3.send(a_request(peer.url, "ListObjectsV2", Bucket="bkt", Prefix="a"))
        body = orjson.loads(await read_all(incoming))
    assert body["Contents"] == [{"Key": "a b", "LastModified": "2026-01-02T03:04:05+00:00", "ETag": '"e1"', "Size": 5}]
    assert (body["IsTruncated"], body["NextContinuationToken"]) == (True, "more")
    assert incoming.headers.get("content-type") == "application/json"
    assert incoming.headers.get("x-amz-request-id") == "R1"


async def test_an_object_is_streamed_and_its_connection_used_again() -> None:
    """Bytes come in pieces; an object that was read to its end leaves its connection to the next request."""
    content = bytes(range(256)) * 4_000
    async with s3_peer(lambda _: web.Response(body=content)) as peer, s3_transport(limit=len(content)) as s3:
        for _ in range(3):
            incoming = await s3.send(a_request(peer.url, "GetObject", Bucket="bkt", Key="k"))
            first = await incoming.read()
            assert 0 < len(first) < len(content)
            assert first + await read_all(incoming) == content
    assert peer.connections == 1


async def test_an_object_that_is_not_read_costs_its_connection() -> None:
    """Closing a response half read breaks it off: the server sees the connection go, the next request has another."""
    gone = asyncio.Event()

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": str(10**12)})
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(100_000))
        finally:
            gone.set()

    async with s3_peer(endless) as peer, s3_transport() as s3:
        incoming = await s3.send(a_request(peer.url, "GetObject", Bucket="bkt", Key="k"))
        assert await incoming.read()
        await incoming.aclose()
        await incoming.aclose()
        async with asyncio.timeout(5):
            await gone.wait()


@pytest.mark.parametrize(
    ("operation", "answer", "status", "code"),
    [
        ("HeadBucket", error(500, "InternalError"), 500, "500"),
        ("GetObject", error(500, "InternalError"), 500, "InternalError"),
        ("PutObject", error(503, "SlowDown"), 503, "SlowDown"),
        ("GetObject", error(429, "TooManyRequests"), 429, "TooManyRequests"),
        ("GetObject", error(400, "RequestTimeout"), 400, "RequestTimeout"),
        ("GetObject", error(404, "NoSuchKey"), 404, "NoSuchKey"),
        ("HeadObject", error(404, "NoSuchKey"), 404, "404"),
        ("GetObject", error(301, "PermanentRedirect", x_amz_bucket_region="eu-west-1"), 400, "PermanentRedirect"),
        ("GetObject", error(307, "TemporaryRedirect"), 400, "TemporaryRedirect"),
        ("HeadBucket", error(400, "x", x_amz_bucket_region="eu-west-1"), 400, "400"),
        ("GetObject", error(400, "AuthorizationHeaderMalformed"), 400, "AuthorizationHeaderMalformed"),
        ("GetObject", xml(status=304), 412, "NotModified"),
        ("CopyObject", error(200, "InternalError"), 500, "InternalError"),
    ],
)
async def test_an_error_is_one_request_and_an_answer(operation: str, answer: object, status: int, code: str) -> None:
    """Nothing is sent twice, whatever boto would repeat or redirect; code and message are the JSON of the answer."""
    params = {"CopySource": "bkt/a"} if operation == "CopyObject" else {}
    if operation != "HeadBucket":
        params["Key"] = "k"
    async with s3_peer(answer) as peer, s3_transport() as s3:  # type: ignore[arg-type]
        incoming = await s3.send(a_request(peer.url, operation, Bucket="bkt", **params))
        said = orjson.loads(await read_all(incoming))
    assert (incoming.status, said["Code"]) == (status, code)
    assert len(peer.seen) == 1
    if "eu-west-1" in str(said):
        assert said["Region"] == "eu-west-1"


async def test_an_object_beyond_the_cap_is_refused_unless_it_is_streamed() -> None:
    """Reading whole stops at max_response_bytes; the option ``s3-limit: none`` is for streams."""
    async with s3_peer(lambda _: web.Response(body=bytes(3_000))) as peer, s3_transport(limit=1_000) as s3:
        incoming = await s3.send(a_request(peer.url, "GetObject", Bucket="bkt", Key="k"))
        with pytest.raises(ResponseTooLargeError, match="1000"):
            await read_all(incoming)
        streamed = await s3.send(a_request(peer.url, "GetObject", s3_limit="none", Bucket="bkt", Key="k"))
        assert len(await read_all(streamed)) == 3_000


async def test_a_part_of_a_file_is_read_when_it_is_sent(tmp_path: Path) -> None:
    """A FileSlice as the body sends exactly those bytes of the file, as they are at that moment."""
    path = tmp_path / "file"
    piece = FileSlice(str(path), 2, 3)
    async with s3_peer(xml(etag='"e"')) as peer, s3_transport() as s3:
        for content in (b"0123456", b"abcdefg"):
            path.write_bytes(content)
            request = a_request(peer.url, "UploadPart", Bucket="bkt", Key="k", UploadId="u", PartNumber=1, Body=piece)
            await read_all(await s3.send(request))
    assert [seen.body for seen in peer.seen] == [b"234", b"cde"]


async def test_requests_of_one_key_share_a_client_and_others_do_not() -> None:
    """Ten calls at once open one client; another key, endpoint or option opens one of its own."""
    async with s3_peer(xml(etag='"e"')) as peer, s3_transport() as s3:
        calls = [s3.send(a_request(peer.url, "HeadBucket", Bucket="bkt")) for _ in range(10)]
        for incoming in await asyncio.gather(*calls):
            await read_all(incoming)
        assert len(s3._clients) == 1
        await read_all(await s3.send(a_request(peer.url, "HeadBucket", key="other:key", Bucket="bkt")))
        await read_all(await s3.send(a_request(peer.url, "HeadBucket", s3_region="eu-west-1", Bucket="bkt")))
        assert len(s3._clients) == 3
    assert "/eu-west-1/s3/" in peer.seen[-1].headers["authorization"]


async def test_a_cancelled_call_leaves_nothing_behind() -> None:
    """Cancelling while the server is silent ends at once, and the transport goes on working."""
    silent = asyncio.Event()
    asked = asyncio.Event()

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        asked.set()
        await silent.wait()
        return web.Response()

    async with s3_peer(answer) as peer, s3_transport() as s3:
        call = asyncio.ensure_future(s3.send(a_request(peer.url, "HeadBucket", Bucket="bkt")))
        await asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        silent.set()
        assert (await s3.send(a_request(peer.url, "HeadBucket", Bucket="bkt"))).status == 200
