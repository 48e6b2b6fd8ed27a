"""Google's Application Default Credentials: the official library against a loopback endpoint."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("google.auth.transport.requests", reason="the extra google is not installed")

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.auth.credentials import Credentials, Scoped

from ipfs_accel_async import Client, ConfigError, MockTransport
from ipfs_accel_async.auth import google_adc
from ipfs_accel_async.auth.google import SCOPES
from tests.auth.token_endpoint import TokenEndpoint
from tests.canary import CANARY, leaks, shows

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sockets
VERTEX = "https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/europe-west1"
OK = {"candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP"}]}


@pytest.fixture(scope="module")
def key() -> str:
    """A service account's private key."""
    made = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def account(path: Path, key: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Application Default Credentials be a service account, whose tokens come from `url`."""
    info = {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "k",
        "private_key": key,
        "client_email": "a@p.iam.gserviceaccount.com",
        "token_uri": f"{url}/token",
    }
    path.write_text(json.dumps(info))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))


async def test_vertex_gets_the_token_of_the_default_credentials(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Many calls are one request; the private key signs, and is shown nowhere."""
    caplog.set_level("DEBUG")
    endpoint, mock = TokenEndpoint(), MockTransport(lambda _: MockTransport.reply(OK))
    endpoint.pause = 0.05
    async with endpoint.serving() as url:
        account(tmp_path / "account.json", key, url, monkeypatch)
        source = google_adc()
        async with Client(transport=mock, keys={"gemini": source}, base_urls={"gemini": VERTEX}) as ai:
            await asyncio.gather(*(ai.chat("gemini:gemini-2.5-flash", "hi") for _ in range(30)))
        source.forget()
        assert await source() == "token-2"
    assert {bytes(dict(request.headers)[b"authorization"]) for request in mock.requests} == {b"Bearer token-1"}
    assert [form["grant_type"] for form in endpoint.forms] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"] * 2
    assert not shows(caplog.text + repr(source), {key[100:160], "token-1", "token-2"})


async def test_a_refusal_is_a_typed_error(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the kind of the library's error, without its text, which has the answer in it."""
    endpoint = TokenEndpoint()
    endpoint.refusal = {"error": "invalid_grant", "error_description": CANARY}
    async with endpoint.serving() as url:
        account(tmp_path / "account.json", key, url, monkeypatch)
        with pytest.raises(ConfigError, match="Google gave no token: RefreshError") as caught:
            await google_adc()()
    assert leaks(caught.value) == []


async def test_a_file_that_is_none_is_a_typed_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is does not come out."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / CANARY.replace("/", "_")))
    with pytest.raises(ConfigError, match="DefaultCredentialsError") as caught:
        await google_adc()()
    assert leaks(caught.value) == []


class Own(Credentials, Scoped):
    """Credentials of a caller's own that want scopes; each refresh may be held up."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes_given: Any = None
        self.refreshed = self.at_once = self.most = 0
        self.gate = threading.Event()
        self.gate.set()
        self.expires = True

    requires_scopes = True

    def with_scopes(self, scopes: Any, default_scopes: Any = None) -> Own:
        self.scopes_given = scopes
        return self

    def refresh(self, request: Any) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.gate.wait(10)
        self.refreshed += 1
        self.token = f"own-{self.refreshed}"
        self.expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1) if self.expires else None
        self.at_once -= 1


async def test_credentials_of_ones_own_get_the_scopes() -> None:
    """Where they want some."""
    own = Own()
    source = google_adc(["https://www.googleapis.com/auth/generative-language"], credentials=own)
    assert await source() == "own-1"
    assert own.scopes_given == ("https://www.googleapis.com/auth/generative-language",)


async def test_a_token_without_an_end_is_kept() -> None:
    """Until it is refused."""
    own = Own()
    own.expires = False
    source = google_adc(credentials=own)
    assert [await source(), await source()] == ["own-1", "own-1"]
    source.forget()
    assert await source() == "own-2"


async def test_a_call_that_gives_up_does_not_wait_and_nobody_asks_beside_its_thread() -> None:
    """The next one waits for the thread that was left behind, and takes what that one got."""
    own = Own()
    own.gate.clear()
    source = google_adc(credentials=own)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await source()
    second = asyncio.ensure_future(source())
    await asyncio.sleep(0.05)
    own.gate.set()
    assert await second in {"own-1", "own-2"}
    assert own.most == 1


@pytest.mark.parametrize("scopes", [[], "cloud-platform", [""], [3]])
def test_scopes_are_a_list_of_texts(scopes: Any) -> None:
    """The message has one as an example."""
    with pytest.raises(ConfigError, match=SCOPES[0]):
        google_adc(scopes)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, not at the first call."""
    monkeypatch.setitem(sys.modules, "google.auth.transport.requests", None)
    with pytest.raises(ConfigError, match=r"pip install 'ipfs-accel-async\[google\]'"):
        google_adc()
