"""The examples run as they stand, on real sockets, against the simulator."""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import re
import runpy
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from aiohttp import web

from ipfs_accel_async.simulator import simulate
from tests.docs.simulated import environment, in_a_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from ipfs_accel_async.simulator import Simulator

pytestmark = pytest.mark.sockets

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SERVICES = ("fastapi_service", "aiohttp_service")
PATIENCE = 20.0
QUESTION = "model=openai:gpt-4.1-mini&prompt=Name+three+primes."


@pytest.fixture
def sim(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """All twins in another thread, and the variables that point at them."""
    with in_a_thread() as running:
        for name, value in environment(running.base_urls).items():
            monkeypatch.setenv(name, value)
        yield running


async def becomes(true: Callable[[], Any]) -> None:
    """Let the loop turn until the condition holds."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0)


@asynccontextmanager
async def served(name: str) -> AsyncIterator[int]:
    """The example's service on a free port, as its docstring says it is run."""
    app = runpy.run_path(str(EXAMPLES / f"{name}.py"))["app"]
    if isinstance(app, web.Application):
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()
    else:
        server = uvicorn.Server(uvicorn.Config(app, port=0, ws="none", log_config=None))
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve())
            try:
                await becomes(lambda: server.started)
                yield server.servers[0].sockets[0].getsockname()[1]
            finally:
                server.should_exit = True


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_answers_and_streams(name: str, sim: Simulator) -> None:
    """The service gives the answer whole under /chat and in pieces under /stream."""
    async with asyncio.timeout(PATIENCE), served(name) as port, httpx.AsyncClient() as browser:
        whole = (await browser.get(f"http://127.0.0.1:{port}/chat?{QUESTION}")).raise_for_status().json()
        pieces = (await browser.get(f"http://127.0.0.1:{port}/stream?{QUESTION}")).raise_for_status().text
    assert whole["text"] == pieces != ""
    assert sim.requests[-1].body["stream"] is True


@pytest.mark.parametrize("name", SERVICES)
async def test_a_browser_that_leaves_cancels_the_upstream_call(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the browser leaves inside a stream, the provider sees its client leave and no permit stays taken."""
    async with asyncio.timeout(PATIENCE), simulate("openai", faults="stall@1500") as sim:
        for variable, value in environment(sim.base_urls).items():
            monkeypatch.setenv(variable, value)
        async with served(name) as port, httpx.AsyncClient() as browser:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET /stream?{QUESTION} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert await reader.readuntil(b"Synthetic")  # the first token has come through
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()
            await becomes(lambda: sim.requests[-1].disconnected)
            after = (await browser.get(f"http://127.0.0.1:{port}/chat?{QUESTION}")).raise_for_status().json()
        assert after["queue"]["active_requests"] == 0
        assert after["queue"]["max_active_requests"] == 1


def test_the_script_answers_every_line(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script prints an answer under each question, in order, and says what it took."""
    questions = [f"What is {number} squared?" for number in range(30)]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(questions)))
    runpy.run_path(str(EXAMPLES / "script.py"), run_name="__main__")
    shown = capsys.readouterr()
    assert shown.out.splitlines()[::2] == questions
    assert "Error" not in shown.out
    assert re.fullmatch(r"30 calls, \d+ tokens\n", shown.err)
    assert len(sim.requests) == 30
    assert sim.peak_in_flight <= 20


def test_the_notebook_runs_cell_by_cell(sim: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Each cell runs as in Jupyter: in one namespace and one loop, with ``await`` at the top level."""
    cells = re.split(r"^# %%.*$", (EXAMPLES / "notebook.py").read_text("utf-8"), flags=re.MULTILINE)
    assert len(cells) > 5
    namespace: dict[str, Any] = {}

    async def run() -> None:
        for cell in cells:
            code = compile(cell, "notebook.py", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
            made = eval(code, namespace)
            if inspect.iscoroutine(made):
                await made

    asyncio.run(run())
    assert namespace["likeness"].shape == (3, 3)
    assert namespace["stream"].reply.text in capsys.readouterr().out
    assert [seen.provider for seen in sim.requests] == ["openai", "claude", "openai"]


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_short(name: str) -> None:
    """A service is under 40 lines."""
    assert len((EXAMPLES / f"{name}.py").read_text("utf-8").splitlines()) < 40
