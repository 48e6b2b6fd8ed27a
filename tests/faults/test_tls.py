"""Group L: certificates, handshakes, and connections cut under TLS."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import socket
import ssl
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

import ipfs_accel_async
from ipfs_accel_async import Client
from ipfs_accel_async.errors import CallError, ConfigError, RequestTimeoutError, StreamIncompleteError, TLSError
from ipfs_accel_async.transport import _aiohttp
from tests.canary import leaks
from tests.faults import tls
from tests.faults.http import BODY, HALF, JSON, answer, raw
from tests.faults.scenarios import scenario
from tests.faults.script import close, cut, hang, send
from tests.faults.server import FaultServer
from tests.faults.watching import FAST, watched

pytestmark = pytest.mark.sockets


@pytest.fixture
def ca(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that the process trusts while the test runs."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = _aiohttp.ssl_context.__wrapped__()
    monkeypatch.setattr(_aiohttp, "ssl_context", lambda: context)
    return made


async def test_a_right_certificate_is_accepted(ca: trustme.CA) -> None:
    """The tests below fail for their own reason."""
    async with FaultServer(tls=tls.good(ca)) as server, watched(server) as ai:
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("L01")
@pytest.mark.parametrize("fault", tls.BAD)
async def test_a_bad_certificate_is_refused_once(ca: trustme.CA, fault: str) -> None:
    """A TLSError that is not retried; no request arrives."""
    async with (
        FaultServer(tls=tls.BAD[fault](ca)) as server,
        watched(server, max_retries=3, failure_threshold=1, **FAST) as ai,
    ):
        with pytest.raises(TLSError) as caught:
            await ai.chat("openai:m", "hi")
        assert (caught.value.attempts, caught.value.phase, caught.value.retryable) == (1, "tls", False)
        assert (server.requests, leaks(caught.value)) == ([], [])
        assert ai.report()["circuit_breaker"]["state"] == "closed"


@scenario("L02")
@pytest.mark.parametrize("begin", [b"", b"\x16\x03\x03\x00\x7a\x02\x00"])
async def test_a_handshake_that_stalls_ends_at_the_connect_timeout(ca: trustme.CA, begin: bytes) -> None:
    """Silence, or half of the server's hello: the connect timeout ends it, long before the deadline."""
    async with FaultServer(greetings=((send(begin), hang()),)) as server:
        urls = {"openai": server.url.replace("http:", "https:") + "/v1"}
        async with watched(server, base_urls=urls, max_retries=0, connect_timeout=0.1) as ai:
            started = asyncio.get_running_loop().time()
            with pytest.raises(RequestTimeoutError) as caught:
                await ai.chat("openai:m", "hi")
            assert caught.value.phase == "tls"
            assert asyncio.get_running_loop().time() - started < 5


@scenario("L02")
async def test_an_ancient_server_is_refused(ca: trustme.CA) -> None:
    """A server that answers with the alert or the version of TLS 1.0 gets no request."""
    hello = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + bytes(32) + b"\x00\x00\x2f\x00"
    async with FaultServer(greetings=((send(hello), hang()),)) as server:
        urls = {"openai": server.url.replace("http:", "https:") + "/v1"}
        async with watched(server, base_urls=urls, max_retries=3, **FAST) as ai:
            with pytest.raises(TLSError) as caught:
                await ai.chat("openai:m", "hi")
            assert caught.value.attempts == 1


@scenario("L02")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_a_server_of_tls_1_0_is_refused(ca: trustme.CA) -> None:
    """A whole server that knows nothing newer: one handshake fails, and no request goes out."""
    old = tls.good(ca)
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("ALL:@SECLEVEL=0")
    ends: list[str] = []

    def serve(listening: socket.socket) -> None:  # in a thread: asyncio drops the alert that says why
        with contextlib.suppress(OSError):
            while True:
                try:
                    old.wrap_socket(listening.accept()[0], server_side=True).close()
                except ssl.SSLError as error:
                    ends.append(error.reason)

    with socket.create_server((tls.HERE, 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        peer = SimpleNamespace(url=f"https://{tls.HERE}:{listening.getsockname()[1]}")
        async with watched(peer, max_retries=3, **FAST) as ai:
            with pytest.raises(TLSError) as caught:
                await ai.chat("openai:m", "hi")
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    assert (caught.value.attempts, ends) == (1, ["UNSUPPORTED_PROTOCOL"])


AUTHORITIES = {"missing": None, "empty": "", "no certificate": "-----BEGIN NONSENSE-----", "a folder": ...}


@scenario("L05")
@pytest.mark.parametrize("fault", AUTHORITIES)
async def test_authorities_that_cannot_be_read(
    fault: str, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ConfigError that names the variable, before anything is sent; the next call reads the file anew."""
    path, content = tmp_path / "ca.pem", AUTHORITIES[fault]
    if isinstance(content, str):
        path.write_text(content)
    elif content is not None:
        path.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setattr(_aiohttp, "ssl_context", _aiohttp.ssl_context.__wrapped__)
    urls = {"openai": server.url.replace("http:", "https:") + "/v1"}
    async with watched(server, base_urls=urls, max_retries=3, failure_threshold=1, **FAST) as ai:
        for _ in range(2):
            with pytest.raises(ConfigError, match="SSL_CERT_FILE") as caught:
                await ai.chat("openai:m", "hi")
            assert leaks(caught.value) == []
        assert (server.accepted, ai.report()["circuit_breaker"]["state"]) == (0, "closed")


@scenario("L05")
async def test_authorities_of_s3_that_cannot_be_read(tmp_path: Path) -> None:
    """The option `ca_bundle`: a ConfigError of one attempt, and no connection."""
    options = {"s3_kit": {"options": {"ca_bundle": str(tmp_path / "none.pem")}}}
    async with FaultServer() as server:
        urls = {"s3_kit": server.url.replace("http:", "https:")}
        async with Client(keys={"s3_kit": "AKID:secret"}, base_urls=urls, providers=options, max_retries=3) as ai:
            with pytest.raises(ConfigError, match="ca_bundle"):
                await ai.s3_kit.list("bucket")
        assert server.accepted == 0


@scenario("L03")
async def test_plain_http_on_a_tls_port(ca: trustme.CA) -> None:
    """A TLSError, without the key in it."""
    async with FaultServer(greetings=((send(raw("400 Bad Request")), close()),)) as server:
        urls = {"openai": server.url.replace("http:", "https:") + "/v1"}
        async with watched(server, base_urls=urls, max_retries=3, **FAST) as ai:
            with pytest.raises(TLSError) as caught:
                await ai.chat("openai:m", "hi")
            assert (caught.value.attempts, leaks(caught.value)) == (1, [])


@scenario("L04")
async def test_a_body_without_an_end_that_tls_does_not_confirm(ca: trustme.CA) -> None:
    """No length, no chunks, half of the JSON, and the connection cut: never a success."""
    script = (send(raw("200 OK", JSON, "connection: close") + HALF), cut())
    async with FaultServer(script, tls=tls.good(ca)) as server, watched(server, max_retries=0) as ai:
        with pytest.raises(CallError):
            await ai.chat("openai:m", "hi")


@scenario("L04")
async def test_a_stream_that_tls_cuts(ca: trustme.CA) -> None:
    """The same in a stream: what came is in the error, and the error says that it is not all."""
    event = b'data: {"choices":[{"index":0,"delta":{"content":"x"}}],"model":"m"}\n\n'
    script = (send(raw("200 OK", "content-type: text/event-stream", "connection: close") + event), cut())
    async with FaultServer(script, tls=tls.good(ca)) as server, watched(server, max_retries=0) as ai:
        with pytest.raises(StreamIncompleteError) as caught:
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()
        assert caught.value.partial is not None
        assert caught.value.partial.text == "x"


@scenario("L06")
def test_certificates_are_checked_everywhere() -> None:
    """Nothing in the package turns the checks off: no verify=False, CERT_NONE, check_hostname=False or ssl=False."""
    root = Path(ipfs_accel_async.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in {"verify", "ssl", "verify_ssl", "check_hostname"}:
                assert not (isinstance(node.value, ast.Constant) and node.value.value is False), f"{path}:{node.lineno}"
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"CERT_NONE", "CERT_OPTIONAL", "_create_unverified_context"}, str(path)
    context = _aiohttp.ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@scenario("L07")
async def test_the_certificate_counts_for_the_name_that_was_given(
    ca: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that resolves to this machine: a certificate for the address is refused, one for the name accepted."""
    for name, accepted in ((tls.HERE, False), ("server.localhost", True)):
        context = tls.context_of(ca.issue_cert(name))
        async with FaultServer(tls=context) as server:
            loop = asyncio.get_running_loop()
            port = server.port

            async def pinned(*_: object, port: int = port, **__: object) -> list[object]:
                return [(2, 1, 6, "", ("127.0.0.1", port))]

            monkeypatch.setattr(loop, "getaddrinfo", pinned)
            urls = {"openai": f"https://server.localhost:{port}/v1"}
            async with watched(server, base_urls=urls, max_retries=0) as ai:
                if accepted:
                    assert (await ai.chat("openai:m", "hi")).text == "hello"
                else:
                    with pytest.raises(TLSError):
                        await ai.chat("openai:m", "hi")
                assert len(server.requests) == accepted


@scenario("L04")
async def test_a_whole_body_over_tls_is_a_success_whatever_follows(ca: trustme.CA) -> None:
    """All of the announced bytes came: that the connection is cut then loses nothing."""
    assert len(BODY) > len(HALF)
    script = (send(answer(BODY)), cut())
    async with FaultServer(script, tls=tls.good(ca)) as server, watched(server, max_retries=0) as ai:
        assert (await ai.chat("openai:m", "hi")).text == "hello"
