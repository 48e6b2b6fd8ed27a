"""The session under aioboto3: no redirects, no cookies, no answers without end."""

from __future__ import annotations

import tracemalloc

import orjson
import pytest
from aiohttp import web

from ipfs_accel_async.errors import ResponseTooLargeError
from ipfs_accel_async.transport._s3_session import MAX_XML_BYTES
from tests.transport.s3_peer import SESSION, a_request, error, read_all, s3_peer, s3_transport, xml

pytestmark = pytest.mark.sockets
PLACES = ("{other}/steal", "//{host}/steal", "/elsewhere", "elsewhere", "http://ok@{host}/steal")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("operation", ["GetObject", "PutObject", "ListBuckets"])
async def test_a_redirect_is_not_followed(status: int, operation: str) -> None:
    """Not to another host, whom the session token would reach, nor to this one; it is an error of one request."""
    async with s3_peer(xml()) as other, s3_transport() as s3:
        address = other.url.removeprefix("s3+")
        for place in PLACES:
            where = place.format(other=address.replace("127.0.0.1", "localhost"), host=address.partition("//")[2])
            async with s3_peer(lambda _, to=where: web.Response(status=status, headers={"location": to})) as peer:  # type: ignore[misc]
                params = {} if operation == "ListBuckets" else {"Bucket": "bkt", "Key": "k"}
                key = f"AKIDEXAMPLE:secret:{SESSION}"
                incoming = await s3.send(a_request(peer.url, operation, key=key, **params))
                assert incoming.status in {303, 400}
                assert orjson.loads(await read_all(incoming))["Code"] == str(status)
            assert len(peer.seen) == 1
            assert peer.seen[0].headers["x-amz-security-token"] == SESSION
        assert other.seen == []


async def test_no_cookie_is_kept() -> None:
    """What one answer sets, no later request carries."""
    async with s3_peer(xml(set_cookie="tenant=a; Path=/")) as peer, s3_transport() as s3:
        for _ in range(2):
            await read_all(await s3.send(a_request(peer.url, "HeadBucket", Bucket="bkt")))
    assert [seen.headers.get("cookie") for seen in peer.seen] == [None, None]


@pytest.mark.parametrize("status", [200, 500])
async def test_an_answer_without_end_is_refused_within_the_cap(status: int) -> None:
    """A listing or an error that goes on for ever costs its cap, not the memory there is; the next call is served."""

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"content-type": "application/xml"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for _ in range(1_000):
            await response.write(b"<a>" * 100_000)
        return response

    async with s3_peer(endless) as peer, s3_transport() as s3:
        peer.answer = error(404, "NoSuchBucket")
        await read_all(await s3.send(a_request(peer.url, "ListObjectsV2", Bucket="bkt")))
        peer.answer = endless
        tracemalloc.start()
        try:
            with pytest.raises(ResponseTooLargeError, match=str(MAX_XML_BYTES)) as caught:
                await s3.send(a_request(peer.url, "ListObjectsV2", Bucket="bkt"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 3 * MAX_XML_BYTES
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        peer.answer = error(404, "NoSuchBucket")
        assert (await s3.send(a_request(peer.url, "ListObjectsV2", Bucket="bkt"))).status == 404
