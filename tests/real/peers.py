"""Servers that nobody here wrote: installed in virtual environments of their own, started on free ports, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENVIRONMENT = dict(os.environ)
"""As it was when tests were collected: they hide the machine's proxies and home, without which nothing installs."""
INSTALL = ENVIRONMENT.get("REAL_SERVERS_INSTALL") == "1"
INSTALL_SECONDS = 900
SCRIPTS = Path(__file__).parent / "servers"
_DIRECT = build_opener(ProxyHandler({}))


def default_home() -> Path:
    """Where the virtual environments are kept: REAL_SERVERS_HOME, or a folder in the user's cache."""
    cache = ENVIRONMENT.get("XDG_CACHE_HOME") or Path(ENVIRONMENT.get("HOME", "~")).expanduser() / ".cache"
    return Path(ENVIRONMENT.get("REAL_SERVERS_HOME") or Path(cache) / "ipfs-accel-real-servers")


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that has a peer's packages."""

    home: Path

    @property
    def bin(self) -> Path:
        """Where its commands are."""
        return self.home / "bin"

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.bin / "python")


def environment(name: str, requirements: Sequence[str], *, home: Path | None = None) -> Environment:
    """The environment of a peer, made now if REAL_SERVERS_INSTALL is 1; the test is skipped where it is absent.

    Args:
        name: Of its folder.
        requirements: As pip takes them; another list makes it anew.
        home: Folder that holds it.
    """
    made = Environment((home or default_home()) / name)
    mark = made.home / "requirements.txt"
    wanted = "\n".join(requirements) + "\n"
    if mark.is_file() and mark.read_text("utf-8") == wanted:
        return made
    if not INSTALL:
        pytest.skip(f"{name} is not installed: REAL_SERVERS_INSTALL=1 installs {', '.join(requirements)} by pip")
    if sys.platform == "win32":
        pytest.skip(f"{name} is run on POSIX systems only")
    venv.create(made.home, with_pip=True, clear=True)
    command = [made.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
    try:
        subprocess.run(command, check=True, env=ENVIRONMENT, timeout=INSTALL_SECONDS, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        pytest.skip(f"{name} cannot be installed here: {last[:200]}")
    except subprocess.TimeoutExpired:
        pytest.skip(f"{name} could not be installed within {INSTALL_SECONDS} s")
    mark.write_text(wanted, "utf-8")
    return made


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Peer:
    """A server in a process group of its own; a context manager that starts it and ends all of it.

    Args:
        command: What to run; ``{port}`` in it stands for the port.
        log: File for what it writes.
        health: Path that answers with 2xx as soon as it serves.
        port: Where it listens; a free one if 0.
        env: Beside the environment of the tests; ``{port}`` is replaced here too.
        seconds: How long it may take to start.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        health: str = "/",
        port: int = 0,
        env: Mapping[str, str] | None = None,
        seconds: float = 120.0,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._command = [part.replace("{port}", str(self.port)) for part in command]
        self._env = {name: value.replace("{port}", str(self.port)) for name, value in (env or {}).items()}
        self._health = health
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        plain = {name: value for name, value in ENVIRONMENT.items() if not name.lower().endswith("_proxy")}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**plain, **self._env},
                cwd=self.log.parent,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        for sign, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                break  # the whole group is gone
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        process.wait()
        end = time.monotonic() + 10
        while self._listens() and time.monotonic() < end:  # what it started may take a moment longer to go
            time.sleep(0.02)

    def _listens(self) -> bool:
        with socket.socket() as asking:
            asking.settimeout(1)
            return asking.connect_ex(("127.0.0.1", self.port)) == 0

    def _wait(self) -> None:
        end = time.monotonic() + self._seconds
        while not self._serves():
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"{self._command[0]} ended before it served:\n{self._tail()}")
            if time.monotonic() > end:
                raise RuntimeError(f"{self._command[0]} does not serve after {self._seconds} s:\n{self._tail()}")
            time.sleep(0.1)

    def _serves(self) -> bool:
        try:
            with _DIRECT.open(self.url + self._health, timeout=5) as answer:
                return 200 <= answer.status < 300
        except HTTPError as error:
            error.close()
            return False
        except OSError:
            return False

    def _tail(self) -> str:
        return self.log.read_text("utf-8", "replace")[-2_000:]
