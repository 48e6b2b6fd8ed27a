"""What every test gets: virtual time, no network beyond loopback, none of the machine's credentials."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.virtual_loop import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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


class NetworkBlockedError(RuntimeError):
    """A test tried to leave the machine.

    Not an OSError, so that no code under test takes it for an ordinary connection failure.
    """


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
def no_machine_credentials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide the machine's keys, proxies and home from the whole session, wider fixtures included."""
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(PROVIDER_PREFIXES) or name.upper().endswith("_PROXY"):
                patch.delenv(name)
        patch.setenv("HOME", home)
        patch.setenv("USERPROFILE", home)
        yield


@pytest.fixture(autouse=True)
def own_home(no_machine_credentials: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Give each test a home directory of its own: its ``tmp_path``."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
