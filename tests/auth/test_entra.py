"""Entra ID: with the official credentials against a loopback endpoint, and with whatever else has their shape."""

from __future__ import annotations

import asyncio
import ssl
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from ipfs_accel_async import Client, ConfigError, MockTransport
from ipfs_accel_async.auth import entra
from ipfs_accel_async.auth.entra import SCOPE
from tests.auth.token_endpoint import TokenEndpoint
from tests.canary import CANARY, leaks, shows

if TYPE_CHECKING:
    from pathlib import Path

OK = {"choices": [{"message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}
TENANT = "11111111-2222-3333-4444-555555555555"
LATER = 4_000_000_000
sockets = pytest.mark.sockets


class Credential:
    """One of the asynchronous credentials' shape."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.scopes: list[str] = []
        self.open = 0
        self._fault = fault

    async def get_token(self, *scopes: str, **_: Any) -> Any:
        self.scopes += scopes
        if self._fault is not None:
            raise self._fault
        return SimpleNamespace(token="entra-token", expires_on=LATER)

    async def __aenter__(self) -> Credential:
        self.open += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self.open -= 1


async def test_azure_openai_gets_the_token_as_bearer() -> None:
    """For the scope of its resource; the credential is asked once for many calls, and stays its owner's to close."""
    mock, credential = MockTransport(lambda _: MockTransport.reply(OK)), Credential()
    urls = {"azure_openai": "https://r.openai.azure.com"}
    async with Client(transport=mock, keys={"azure_openai": entra(credential)}, base_urls=urls) as ai:
        await asyncio.gather(*(ai.chat("azure_openai:deployment", "hi") for _ in range(20)))
    headers = [dict(request.headers) for request in mock.requests]
    assert {bytes(one[b"authorization"]) for one in headers} == {b"Bearer entra-token"}
    assert not any(b"api-key" in one for one in headers)
    assert credential.scopes == [SCOPE]
    assert credential.open == 0


async def test_a_function_makes_a_credential_for_each_token() -> None:
    """Which is closed again, as its connections belong to the loop."""
    made: list[Credential] = []

    def make() -> Credential:
        made.append(Credential())
        return made[-1]

    source = entra(make, "api://gateway/.default")
    assert await source() == "entra-token"
    source.forget()
    await source()
    assert [one.scopes for one in made] == [["api://gateway/.default"]] * 2
    assert [one.open for one in made] == [0, 0]


@sockets
async def test_a_synchronous_credential_is_asked_in_a_thread() -> None:
    """The loop goes on meanwhile."""
    threads: list[int] = []

    class Blocking:
        def get_token(self, *_: str) -> Any:
            threads.append(threading.get_ident())
            return SimpleNamespace(token="from-a-thread", expires_on=LATER)

        def __enter__(self) -> Blocking:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    assert await entra(Blocking())() == "from-a-thread"
    assert await entra(Blocking)() == "from-a-thread"
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("scope", ["", " ", 3, None])
def test_a_scope_is_a_text(scope: Any) -> None:
    """The message has one as an example."""
    with pytest.raises(ConfigError, match="cognitiveservices"):
        entra(Credential(), scope)


def test_a_credential_has_the_shape_of_one() -> None:
    """A string is none: keys are passed as keys."""
    with pytest.raises(ConfigError, match="credential is one of azure") as caught:
        entra(CANARY)
    assert not shows(str(caught.value))


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, not at the first call."""
    monkeypatch.setitem(sys.modules, "azure.identity.aio", None)
    with pytest.raises(ConfigError, match=r"pip install 'ipfs-accel-async\[azure\]'"):
        entra()


async def test_a_refusal_shows_its_code_alone(caplog: pytest.LogCaptureFixture) -> None:
    """The library's text quotes what was refused."""
    caplog.set_level("DEBUG")
    credential = Credential(PermissionError(f"AADSTS7000215: Invalid client secret provided: {CANARY}"))
    mock = MockTransport(lambda _: MockTransport.reply(OK))
    urls = {"azure_openai": "https://r.openai.azure.com"}
    async with Client(transport=mock, keys={"azure_openai": entra(credential)}, base_urls=urls) as ai:
        with pytest.raises(ConfigError, match="Entra ID gave no token: PermissionError AADSTS7000215;") as caught:
            await ai.chat("azure_openai:deployment", "hi")
    assert leaks(caught.value) == []
    assert not shows(caplog.text)
    assert mock.requests == []


async def test_a_credential_that_cannot_be_made_is_a_typed_error() -> None:
    """Without the words of whoever refused."""

    def make() -> Any:
        raise ValueError(f"no such secret {CANARY}")

    with pytest.raises(ConfigError, match="could not be made: ValueError") as caught:
        await entra(make)()
    assert leaks(caught.value) == []


class Loopback:
    """The token endpoint under TLS, and the official credential that asks it."""

    def __init__(self, tmp_path: Path) -> None:
        self.endpoint = TokenEndpoint()
        ca = trustme.CA()
        self.ca_file = str(tmp_path / "ca.pem")
        ca.cert_pem.write_to_path(self.ca_file)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        ca.issue_cert("127.0.0.1").configure_cert(self.context)

    def credential(self, url: str, secret: str) -> Any:
        """Entra ID's client credentials, at a port of this machine."""
        from azure.identity.aio import ClientSecretCredential

        return ClientSecretCredential(
            TENANT, "app", secret, authority=url, connection_verify=self.ca_file, retry_total=0
        )


@sockets
async def test_the_official_credential_works(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A thousand callers are one request; the client secret goes to the endpoint and nowhere else."""
    pytest.importorskip("azure.identity", reason="the extra azure is not installed")
    caplog.set_level("DEBUG")
    loopback = Loopback(tmp_path)
    loopback.endpoint.pause = 0.05
    async with loopback.endpoint.serving(ssl=loopback.context) as url:
        source = entra(lambda: loopback.credential(url, CANARY))
        assert set(await asyncio.gather(*(source() for _ in range(1_000)))) == {"token-1"}
        source.forget()
        assert await source() == "token-2"
    assert [form["client_secret"] for form in loopback.endpoint.forms] == [CANARY] * 2
    assert {form["scope"] for form in loopback.endpoint.forms} == {SCOPE}
    assert not shows(caplog.text)
    assert not shows(repr(source))


@sockets
async def test_what_the_official_credential_refuses_is_typed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the code that Microsoft documents, without the answer, which may quote the secret."""
    pytest.importorskip("azure.identity", reason="the extra azure is not installed")
    loopback = Loopback(tmp_path)
    loopback.endpoint.refusal = {
        "error": "invalid_client",
        "error_description": f"AADSTS7000215: Invalid client secret provided: {CANARY}",
    }
    async with loopback.endpoint.serving(ssl=loopback.context) as url:
        with pytest.raises(ConfigError, match="ClientAuthenticationError AADSTS7000215") as caught:
            await entra(lambda: loopback.credential(url, CANARY))()
    assert leaks(caught.value) == []


async def test_the_default_is_the_librarys_own_chain() -> None:
    """Made for each token, as any other."""
    identity = pytest.importorskip("azure.identity.aio", reason="the extra azure is not installed")
    made: list[Credential] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "DefaultAzureCredential", lambda: made.append(Credential()) or made[-1])
        source = entra()
    assert await source() == "entra-token"
    assert len(made) == 1
