"""S3 over TLS: certificates are verified, by the system's authorities or a bundle of one's own."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from ipfs_accel_async.errors import TLSError
from tests.transport.s3_peer import a_request, read_all, s3_peer, s3_transport, xml

pytestmark = pytest.mark.sockets


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority that no system knows."""
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context, with a certificate for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def test_a_bundle_of_ones_own(authority: trustme.CA, server: ssl.SSLContext, tmp_path: Path) -> None:
    """With the authority in the option ``ca_bundle`` objects go up and come down."""
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    async with s3_peer(xml("hello", etag='"e"'), server) as peer, s3_transport() as s3:
        place = {"Bucket": "bkt", "Key": "k", "s3_ca_bundle": str(bundle)}
        await read_all(await s3.send(a_request(peer.url, "PutObject", b"hello", **place)))
        incoming = await s3.send(a_request(peer.url, "GetObject", **place))
        assert await read_all(incoming) == b"hello"
    assert b"hello" in peer.seen[0].body


async def test_an_authority_that_nobody_knows(server: ssl.SSLContext) -> None:
    """Without it the handshake fails, nothing is sent, and trying again would not help."""
    async with s3_peer(xml(), server) as peer, s3_transport() as s3:
        with pytest.raises(TLSError) as caught:
            await s3.send(a_request(peer.url, "HeadBucket", Bucket="bkt"))
    assert not caught.value.retryable
    assert peer.seen == []
