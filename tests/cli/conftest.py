"""Runs of the command line, and a simulator in a thread for those that need a server."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ipfs_accel_async.cli.app import app
from ipfs_accel_async.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Run a command line: ``run("chat", "openai:m", piped="...", env={...})``."""

    def invoke(*args: str, piped: str | bytes | None = None, env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(app, list(args), input=piped, env={"COLUMNS": "100", **(env or {})})

    return invoke


class Served:
    """A simulator on a loop of its own, in a thread."""

    def __init__(self, **options: Any) -> None:
        self.sim = Simulator(**options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._wait(self.sim.start())

    def _wait(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def close(self) -> None:
        """Stop the server and end the thread."""
        self._wait(self.sim.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def served() -> Iterator[Simulator]:
    """All twins."""
    server = Served()
    yield server.sim
    server.close()


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """An OpenAI key in the environment."""
    value = "sk-simulated-0123456789abcdef"
    monkeypatch.setenv("OPENAI_API_KEY", value)
    return value
