"""The starting and stopping of real peers itself, with the standard library's own server as one."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.real import peers
from tests.real.peers import Peer, environment, free_port

if TYPE_CHECKING:
    from pathlib import Path

SERVER = [sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
PARENT = (
    "import subprocess, sys; subprocess.run([sys.executable, '-m', 'http.server', sys.argv[1], '--bind', '127.0.0.1'])"
)


@pytest.mark.parametrize("command", [SERVER, [sys.executable, "-c", PARENT, "{port}"]])
def test_a_peer_serves_and_is_gone(command: list[str], tmp_path: Path) -> None:
    """With all that it started: nothing listens on the port afterwards."""
    with Peer(command, tmp_path / "log", seconds=30) as peer, urlopen(peer.url) as answer:
        assert answer.status == 200
    with pytest.raises(URLError):
        urlopen(peer.url)


def test_a_peer_that_ends_is_told_with_its_words(tmp_path: Path) -> None:
    """Not waited for until the time is up."""
    with (
        pytest.raises(RuntimeError, match=r"ended before it served:\nwrong"),
        Peer([sys.executable, "-c", "print('wrong')"], tmp_path / "log"),
    ):
        pass


def test_a_peer_that_never_serves_is_stopped(tmp_path: Path) -> None:
    """Its time is bounded, and it does not outlive the attempt."""
    mark = f"mark-{free_port()}"
    command = [sys.executable, "-c", "import time; time.sleep(600)", mark]
    with pytest.raises(RuntimeError, match=r"does not serve after 0.5 s"), Peer(command, tmp_path / "log", seconds=0.5):
        pass
    assert mark not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def test_what_is_not_installed_is_skipped_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is to be installed, which is then tried; a list that changed counts as not installed."""
    monkeypatch.setattr(peers, "INSTALL", False)
    with pytest.raises(pytest.skip.Exception, match="REAL_SERVERS_INSTALL=1 installs six"):
        environment("nobody", ["six"], home=tmp_path)
    made = tmp_path / "nobody"
    made.mkdir()
    (made / "requirements.txt").write_text("six\n")
    assert environment("nobody", ["six"], home=tmp_path).python == str(made / "bin" / "python")
    with pytest.raises(pytest.skip.Exception, match="six, attrs"):
        environment("nobody", ["six", "attrs"], home=tmp_path)


def test_ports_are_free() -> None:
    """And not all the same."""
    assert len({free_port() for _ in range(5)}) > 1
