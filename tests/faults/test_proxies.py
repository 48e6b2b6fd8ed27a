"""Group C, proxies: those that refuse, and those that nobody asked for."""

from __future__ import annotations

import httpx
import pytest

from ipfs_accel_async.errors import CallError
from tests.canary import leaks
from tests.faults.http import answer
from tests.faults.scenarios import scenario
from tests.faults.script import close, send
from tests.faults.server import FaultServer
from tests.faults.watching import watched

pytestmark = pytest.mark.sockets


@scenario("C11")
@pytest.mark.parametrize("words", ["407 Proxy Authentication Required", "502 Bad Gateway", "nonsense"])
async def test_a_proxy_that_refuses(words: str) -> None:
    """The tunnel is not made: a typed error that shows neither the key nor the proxy's password."""
    reply = answer(b"", status=words) if words != "nonsense" else b"nonsense\r\n\r\n"
    async with FaultServer() as proxy:
        proxy.always = (send(reply), close())
        through = f"http://user:pass-0123456789@127.0.0.1:{proxy.port}"
        async with httpx.AsyncClient(proxy=through, trust_env=False) as given:
            urls = {"openai": "https://server.invalid/v1"}
            async with watched(proxy, http_client=given, max_retries=0, base_urls=urls) as ai:
                with pytest.raises(CallError) as caught:
                    await ai.chat("openai:m", "hi")
                assert "pass-0123456789" not in f"{caught.value!r}{vars(caught.value)}"
                assert leaks(caught.value) == []
        assert b"CONNECT" in proxy.requests[0].head
        assert b"CANARY" not in proxy.requests[0].head


@scenario("C12")
async def test_the_environments_proxy_is_not_asked(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY and the like change nothing: the proxy gets no connection."""
    async with FaultServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with watched(server) as ai:
            assert (await ai.chat("openai:m", "hi")).text == "hello"
        assert proxy.accepted == 0
