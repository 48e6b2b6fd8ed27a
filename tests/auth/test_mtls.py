"""Mutual TLS: a server that wants a certificate, authorities of one's own, and files that nobody shows."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from ipfs_accel_async import Client, ConfigError, TransportError
from ipfs_accel_async.tls import TLS
from tests.canary import CANARY, leaks, shows
from tests.transport.raw_server import raw_server, read_request, response

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.sockets

PLACE = CANARY.replace("/", "_")
BODY = json.dumps({"choices": [{"message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}).encode()


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """The authority of both sides."""
    return trustme.CA()


@pytest.fixture
def files(ca: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """Its certificate, and one that a client shows, in a folder that must not come out."""
    folder = tmp_path / PLACE
    folder.mkdir()
    mine = ca.issue_cert("client@example.org", common_name="client-of-the-test")
    found = {name: str(folder / f"{name}.pem") for name in ("ca_file", "cert_file", "key_file")}
    ca.cert_pem.write_to_path(found["ca_file"])
    mine.cert_chain_pems[0].write_to_path(found["cert_file"])
    mine.private_key_pem.write_to_path(found["key_file"])
    return found


class Server:
    """Answers chats of those who show a certificate; keeps whose."""

    def __init__(self, ca: trustme.CA) -> None:
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.verify_mode = ssl.CERT_REQUIRED
        ca.configure_trust(self.context)
        ca.issue_cert("127.0.0.1").configure_cert(self.context)
        self.names: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Every request of a connection."""
        while True:
            await read_request(reader)
            shown: Any = writer.get_extra_info("peercert")
            self.names.append(dict(pair[0] for pair in shown["subject"])["commonName"])
            writer.write(response(BODY, "Content-Type: application/json"))
            await writer.drain()


async def ask(url: str, own: Any = None, **common: Any) -> str:
    """One chat with a server there."""
    providers = {"openai": {"base_url": f"{url}/v1", "max_retries": 0, **({} if own is None else {"tls": own})}}
    async with Client(keys={"openai": "sk-a"}, providers=providers, **common) as ai:
        return (await ai.chat("openai:m", "hi")).text


def loaded(files: dict[str, str]) -> ssl.SSLContext:
    """A context that somebody made himself."""
    made = ssl.create_default_context(cafile=files["ca_file"])
    made.load_cert_chain(files["cert_file"], files["key_file"])
    return made


WAYS: dict[str, Callable[[dict[str, str]], Any]] = {
    "mapping": lambda files: files,
    "TLS": lambda files: TLS(**files),
    "context": loaded,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("of", ["client", "provider"])
async def test_a_server_that_wants_a_certificate_gets_it(
    ca: trustme.CA, files: dict[str, str], way: str, of: str
) -> None:
    """Whether the client or one provider has it, as files or as a context."""
    server, tls = Server(ca), WAYS[way](files)
    async with raw_server(server, ssl=server.context) as url:
        answer = await (ask(url, tls) if of == "provider" else ask(url, tls=tls))
    assert answer == "ok"
    assert server.names == ["client-of-the-test"]


async def test_certificate_and_key_may_be_one_file(ca: trustme.CA, files: dict[str, str]) -> None:
    """With the key encrypted, and its password given."""
    key = load_pem_private_key(Path(files["key_file"]).read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"the word"))
    both = Path(files["cert_file"])
    both.write_bytes(both.read_bytes() + locked)
    server = Server(ca)
    async with raw_server(server, ssl=server.context) as url:
        own = {"ca_file": files["ca_file"], "cert_file": str(both), "password": "the word"}
        assert await ask(url, own) == "ok"


async def test_one_client_shows_each_server_what_is_its_own(ca: trustme.CA, files: dict[str, str]) -> None:
    """Two providers with two certificates, at one address: connections are not shared between them."""
    other = ca.issue_cert("other@example.org", common_name="the-other")
    folder = Path(files["ca_file"]).parent
    other.private_key_and_cert_chain_pem.write_to_path(str(folder / "other.pem"))
    server = Server(ca)
    async with raw_server(server, ssl=server.context) as url:
        common = {"base_url": f"{url}/v1", "max_retries": 0}
        second = {"ca_file": files["ca_file"], "cert_file": str(folder / "other.pem")}
        providers = {"openai": {**common, "tls": files}, "vllm": {**common, "tls": second}}
        async with Client(keys={"openai": "sk-a"}, providers=providers) as ai:
            for model in ("openai:m", "vllm:m", "openai:m"):
                await ai.chat(model, "hi")
    assert server.names == ["client-of-the-test", "the-other", "client-of-the-test"]


@pytest.mark.parametrize("fault", ["no certificate", "of another authority", "server unknown"])
async def test_without_the_right_certificate_there_is_no_answer(
    ca: trustme.CA, files: dict[str, str], fault: str
) -> None:
    """A typed error; neither key nor path comes out."""
    server = Server(ca)
    own: dict[str, str] = dict(files)
    if fault == "no certificate":
        own = {"ca_file": files["ca_file"]}
    elif fault == "server unknown":
        del own["ca_file"]
    else:
        stranger = trustme.CA().issue_cert("client@example.org")
        stranger.cert_chain_pems[0].write_to_path(files["cert_file"])
        stranger.private_key_pem.write_to_path(files["key_file"])
    async with raw_server(server, ssl=server.context) as url:
        with pytest.raises(TransportError) as caught:
            await ask(url, own)
    assert server.names == []
    assert leaks(caught.value, forms={PLACE}) == []


def changed(files: dict[str, str], change: str) -> Any:
    """The files with one thing wrong."""
    own: dict[str, Any] = dict(files)
    if change == "missing":
        own["key_file"] += CANARY
    elif change == "no key":
        del own["key_file"]
    elif change == "no certificate":
        del own["cert_file"]
    elif change == "strange key":
        trustme.CA().issue_cert("a@example.org").private_key_pem.write_to_path(own["key_file"])
    elif change == "locked key":
        key = load_pem_private_key(Path(own["key_file"]).read_bytes(), None)
        locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
        Path(own["key_file"]).write_bytes(locked)
        own["password"] = CANARY
    elif change == "locked key, no password":
        changed(files, "locked key")
    elif change == "no authority":
        Path(own["ca_file"]).write_text(CANARY)
    elif change == "a number":
        own["ca_file"] = 3
    else:
        own["cert"] = own.pop("cert_file")
    return own


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("missing", "the file that key_file names cannot be read: FileNotFoundError"),
        ("no key", "cert_file and key_file are no certificate"),
        ("no certificate", "key_file and password go with cert_file"),
        ("strange key", "cert_file and key_file are no certificate"),
        ("locked key", "or the password is wrong"),
        ("locked key, no password", "or the password is wrong"),
        ("no authority", "ca_file has no certificate in PEM"),
        ("a number", "ca_file is a path, not int"),
        ("wrong name", "a mapping with ca_file, cert_file"),
    ],
)
def test_files_that_cannot_serve_are_refused_when_the_client_is_made(
    files: dict[str, str], change: str, said: str
) -> None:
    """One line that says which; no path, no password, and no question at the terminal."""
    own = changed(files, change)
    with pytest.raises(ConfigError, match=said) as caught:
        Client(providers={"openai": {"tls": own}})
    assert "\n" not in str(caught.value)
    assert leaks(caught.value, frames=False) == []
    assert leaks(caught.value, frames=False, forms={PLACE}) == []


def test_files_and_a_context_are_two_ways(files: dict[str, str]) -> None:
    """One of them."""
    with pytest.raises(ConfigError, match="pass a context or files, not both") as caught:
        TLS(context=ssl.create_default_context(), **files)
    assert leaks(caught.value, forms={PLACE}) == []


def test_a_client_of_ones_own_has_its_own(files: dict[str, str]) -> None:
    """Settings that would do nothing are refused."""
    with pytest.raises(ConfigError, match="tls is of the default client"):
        Client(http_client=httpx.AsyncClient(), tls=files)


def test_an_endpoint_has_that_of_its_provider(files: dict[str, str]) -> None:
    """One of its own would be left out, so it is refused."""
    client = Client(keys={"openai": "a"}, providers={"openai": {"endpoints": [{"url": "https://a", "tls": files}]}})
    with pytest.raises(ConfigError, match="'tls' is no setting of an endpoint"):
        client._engine.provider("openai")


async def test_a_file_of_settings_may_have_it(ca: trustme.CA, files: dict[str, str], tmp_path: Path) -> None:
    """As a table; its password stands elsewhere, or the file is its owner's alone."""
    path, server = tmp_path / "accel.toml", Server(ca)
    lines = "".join(f'{name} = "{value}"\n' for name, value in files.items())
    async with raw_server(server, ssl=server.context) as url:
        path.write_text(f'[keys]\nopenai = "env:NO_KEY_OF"\n[base_urls]\nopenai = "{url}/v1"\n[tls]\n{lines}')
        path.chmod(0o644)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NO_KEY_OF", "sk-a")
            async with Client.from_config(path) as ai:
                assert (await ai.chat("openai:m", "hi")).text == "ok"
    path.write_text(f'[tls]\n{lines}password = "{CANARY}"\n')
    with pytest.raises(ConfigError, match="chmod 600"):
        Client.from_config(path)


async def test_a_renewed_certificate_is_shown_after_a_reload(
    ca: trustme.CA, files: dict[str, str], tmp_path: Path
) -> None:
    """The files are read again, and new connections are made with what is in them."""
    path, server = tmp_path / "accel.toml", Server(ca)
    lines = "".join(f'{name} = "{value}"\n' for name, value in files.items())
    async with raw_server(server, ssl=server.context) as url:
        path.write_text(f'[keys]\nopenai = "sk-a"\n[base_urls]\nopenai = "{url}/v1"\n[tls]\n{lines}')
        path.chmod(0o600)
        async with Client.from_config(path) as ai:
            await ai.chat("openai:m", "hi")
            renewed = ca.issue_cert("client@example.org", common_name="renewed")
            renewed.cert_chain_pems[0].write_to_path(files["cert_file"])
            renewed.private_key_pem.write_to_path(files["key_file"])
            ai.reload()
            await ai.chat("openai:m", "hi")
    assert server.names == ["client-of-the-test", "renewed"]


def test_nothing_shows_the_files(files: dict[str, str]) -> None:
    """Neither the value nor the settings that have it."""
    tls = TLS(**files)
    client = Client(tls=tls)
    settings = client._engine.provider("ollama").settings
    texts = [repr(tls), str(tls), repr(settings), str(settings.model_dump()), repr(client), repr(tls._shown)]
    assert not any(shows(text, {PLACE}) for text in texts)
