"""TLS under the default client: verified, one context a process, typed when it fails."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from ipfs_accel_async.errors import TLSError
from ipfs_accel_async.transport import _aiohttp
from ipfs_accel_async.transport.http import HttpTransport
from ipfs_accel_async.wire.http import Request
from tests.transport.raw_server import raw_server, read_request, response

pytestmark = pytest.mark.sockets


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request."""
    await read_request(reader)
    writer.write(response(b"hello"))
    await writer.drain()


def server_context(ca: trustme.CA, name: str) -> ssl.SSLContext:
    """A server's context with a certificate for a name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that the process trusts."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    _aiohttp.ssl_context.cache_clear()
    return ca


class Phases:
    """Where a request has been, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @property
    def phase(self) -> str:
        return self.seen[-1]

    @phase.setter
    def phase(self, now: str) -> None:
        self.seen.append(now)


async def get(url: str, progress: Phases | None = None) -> bytes:
    """One request through a transport of its own."""
    made = HttpTransport(None, connect_timeout=5.0, max_response_bytes=1_000)
    try:
        incoming = await made.send(Request("GET", url, (), progress=progress))
        body = await incoming.read()
        await incoming.aclose()
        return body
    finally:
        await made.aclose()
        _aiohttp.ssl_context.cache_clear()


async def test_a_certificate_of_a_trusted_authority_is_accepted(trusted: trustme.CA) -> None:
    """SSL_CERT_FILE names the authorities, as for httpx."""
    async with raw_server(hello, ssl=server_context(trusted, "127.0.0.1")) as url:
        assert await get(url) == b"hello"


async def test_the_handshake_is_a_phase_of_its_own(trusted: trustme.CA) -> None:
    """From when TCP has connected until TLS has; a connection without it has no such phase."""
    for context in (server_context(trusted, "127.0.0.1"), None):
        progress = Phases()
        async with raw_server(hello, ssl=context) as url:
            assert await get(url, progress) == b"hello"
        assert progress.seen == ["connect", *(["tls"] if context else []), "first byte"]


@pytest.mark.parametrize("fault", ["unknown authority", "other name"])
async def test_a_bad_certificate_is_a_tls_error(trusted: trustme.CA, fault: str) -> None:
    """A certificate of nobody we trust, or for another name, is refused and not retried."""
    ca = trusted if fault == "other name" else trustme.CA()
    context = server_context(ca, "other.invalid" if fault == "other name" else "127.0.0.1")
    async with raw_server(hello, ssl=context) as url:
        with pytest.raises(TLSError) as caught:
            await get(url)
    assert not caught.value.retryable
    assert caught.value.phase == "tls"


def test_the_context_is_made_once() -> None:
    """One SSL context serves the process."""
    assert _aiohttp.ssl_context() is _aiohttp.ssl_context()
    assert _aiohttp.ssl_context().verify_mode is ssl.CERT_REQUIRED
