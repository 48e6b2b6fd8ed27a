"""What the HTTP transports bring along of the machine and of earlier answers: nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest

from ipfs_accel_async import Client, UnexpectedRedirectError
from ipfs_accel_async.transport._aiohttp import OPEN, ssl_context
from tests.transport.raw_server import raw_server, read_request, response

pytestmark = pytest.mark.sockets
PLACES = ("{other}/steal", "//{host}/steal", "/elsewhere", "elsewhere", "http://ok@{host}/steal", "file:///etc/passwd")


@asynccontextmanager
async def client_of(kind: str, url: str) -> AsyncIterator[Client]:
    """A client over the default HTTP client, or one passed in that would follow redirects."""
    library: Any = {"default": None, "httpx": httpx, "httpx2": httpx2}[kind]
    given = library and library.AsyncClient(trust_env=False, follow_redirects=True)
    async with Client(base_urls={"claude": url}, keys={"claude": "sk-CANARY"}, http_client=given, max_retries=2) as ai:
        yield ai
    if given is not None:
        await given.aclose()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", ["default", "httpx", "httpx2"])
async def test_no_redirect_is_followed(kind: str, status: int) -> None:
    """One request, a typed error, and nothing at the place that it leads to, whatever the client does elsewhere."""
    reached: list[bytes] = []

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.read(100))

    async with raw_server(other) as target:
        for place in PLACES:
            asked = 0
            where = place.format(other=target.replace("127.0.0.1", "localhost"), host=target.partition("//")[2])

            async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: str = where) -> None:
                nonlocal asked
                while True:
                    await read_request(reader)
                    asked += 1
                    writer.write(response(b"", f"location: {where}", status=f"{status} Moved"))

            async with raw_server(redirect) as url, client_of(kind, url) as ai:
                with pytest.raises(UnexpectedRedirectError):
                    await ai.chat("claude:m", "hi")
            assert asked == 1
    assert reached == []


async def test_no_cookie_proxy_or_netrc_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """What the environment says of proxies and passwords is for others; what an answer sets is forgotten."""
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append((await read_request(reader))[0].lower())
            writer.write(response(b"{}", "set-cookie: tenant=a; Path=/", "content-type: application/json"))

    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    async with raw_server(script) as url, Client(base_urls={"ollama": url}) as ai:
        for _ in range(3):
            await ai.request("ollama", "GET", "/x")
    assert len(heads) == 3
    assert not [head for head in heads if b"cookie" in head or b"authorization" in head or b"proxy" in head]
    assert all(head.startswith(b"get /x http/1.1\r\n") for head in heads)


async def test_there_is_one_tls_context_and_it_checks_certificates() -> None:
    """Made once for all clients of the process; neither names nor certificates go unchecked."""
    import ssl

    assert ssl_context() is ssl_context()
    assert ssl_context().verify_mode == ssl.CERT_REQUIRED
    assert ssl_context().check_hostname
    assert "SSLKEYLOGFILE" not in os.environ


async def test_a_closed_client_leaves_no_session_open() -> None:
    """Those that are open are known, for the end of the process and for forks."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(response(b"{}"))

    before = sum(not session.closed for session in OPEN)
    async with raw_server(script) as url:
        async with Client(base_urls={"ollama": url}) as ai:
            await ai.request("ollama", "GET", "/x")
            assert sum(not session.closed for session in OPEN) == before + 1
        assert sum(not session.closed for session in OPEN) == before
