"""What every test gets: virtual time, no network beyond loopback, none of the machine's credentials."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import os
import shutil
import socket
import ssl
from typing import TYPE_CHECKING, Any

import certifi
import pytest
from hypothesis import HealthCheck, settings

from tests.virtual_loop import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
    from pathlib import Path

    from tests.gathering import Crews

settings.register_profile(
    "ipfs_accel",
    deadline=None,
    max_examples=60,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],  # a loaded machine is not a finding
)
settings.load_profile("ipfs_accel")

PROVIDER_PREFIXES = (
    "ANTHROPIC_",
    "AZURE_",
    "AWS_",
    "CLAUDE_",
    "GEMINI_",
    "GOOGLE_",
    "GROQ_",
    "HF_",
    "HUGGING_FACE_",
    "IPFS_ACCEL_",
    "LLVM_",
    "OLLAMA_",
    "OPEA_",
    "OPENAI_",
    "OVMS_",
    "S3_",
    "TEI_",
    "TGI_",
    "VLLM_",
)


HIDDEN_ENDINGS = ("_PROXY", "_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
MOST_PROCESSES = 4
"""A container may see more cores than it gets, and each process imports and collects everything."""


class NetworkBlockedError(RuntimeError):
    """A test tried to leave the machine.

    Not an OSError, so that no code under test takes it for an ordinary connection failure.
    """


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the whole suite on all cores, where pytest-xdist is installed; what is named on the command line, in place.

    A file stays in one process, so its servers start once. ``-n 0`` keeps everything in one process, as ``--pdb`` does.
    """
    option = config.option
    whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    if not whole or option.collectonly or hasattr(config, "workerinput") or not config.pluginmanager.hasplugin("xdist"):
        return
    if option.numprocesses is None and option.dist == "no":
        option.numprocesses, option.dist = "auto", "loadfile"
        option.maxprocesses = option.maxprocesses or MOST_PROCESSES
        option.loadscopereorder = False  # files with few tests are the long ones: they would come last


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is collected out of the garbage collector's way: it would look at all of it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run async tests in virtual time unless they are marked ``sockets``."""
    if item.get_closest_marker("sockets"):
        return {"sockets": asyncio.SelectorEventLoop}
    return {"virtual": VirtualLoop}


def is_loopback(host: object) -> bool:
    """Whether reaching the host stays on this machine."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None or host in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(str(host).split("%", 1)[0])
    except ValueError:
        return str(host).endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def is_ip_address(host: object) -> bool:
    """Whether the host is an address already, so that resolving it asks nobody."""
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


def refuse_remote(sock: socket.socket, address: Any) -> None:
    """Raise unless the socket is local or its peer is loopback."""
    if sock.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(address[0]):
        raise NetworkBlockedError(f"tests use loopback only: refused to connect to {address[0]!r}")


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Block connections and name look-ups that leave the machine; ``*.invalid`` fails as DNS would."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        refuse_remote(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        refuse_remote(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_loopback(host) and not is_ip_address(host):
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
            if name.rstrip(".").endswith(".invalid"):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            raise NetworkBlockedError(f"tests use loopback only: refused to look up {name!r}")
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_public_authorities() -> Iterator[None]:
    """Leave the public authorities' certificates unread: some 10 ms for each client that is built, for nobody here."""
    load = ssl.SSLContext.load_verify_locations
    public = certifi.where()

    def guarded_load(self: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        if cafile != public:
            load(self, cafile, capath, cadata)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_verify_locations", guarded_load)
        yield


@pytest.fixture(scope="session", autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Hide the machine's keys, proxies, authorities and home from the whole session, wider fixtures included."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(PROVIDER_PREFIXES) or name.upper().endswith(HIDDEN_ENDINGS):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("USERPROFILE", str(home))
        yield home


@pytest.fixture(autouse=True)
def own_home(empty_home: Path, request: pytest.FixtureRequest) -> None:
    """Give each test a home directory of its own: its ``tmp_path`` if it has one, an empty one otherwise."""
    if "tmp_path" in request.fixturenames:
        home, patch = str(request.getfixturevalue("tmp_path")), request.getfixturevalue("monkeypatch")
        patch.setenv("HOME", home)
        patch.setenv("USERPROFILE", home)
    elif any(empty_home.iterdir()):  # a test before this one wrote into it
        shutil.rmtree(empty_home)
        empty_home.mkdir()


@pytest.fixture
async def a_crew() -> AsyncIterator[Crews]:
    """Makes gatherings with a service each, and ends what is left of them."""
    from tests.gathering import Crew

    made: list[Crew] = []

    def make(*args: Any, **more: Any) -> Crew:
        made.append(Crew(*args, **more))
        return made[-1]

    yield make
    for crew in made:
        await crew.end()
