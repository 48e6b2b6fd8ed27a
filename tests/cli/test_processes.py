"""simulate and bench, and how a process ends: real processes, real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sockets

COMMAND = (sys.executable, "-m", "ipfs_accel_async")


@contextmanager
def started(*args: str) -> Iterator[subprocess.Popen[str]]:
    """A running command."""
    process = subprocess.Popen([*COMMAND, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_simulator_serves_until_it_is_interrupted(run: Any, key: str) -> None:
    """Its faults strike in order; Ctrl-C ends it quietly with 130."""
    with started("simulate", "openai", "--fault", "400", "--json") as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["base_urls"]["openai"]
        codes = [run("chat", "openai:m", "Hello", "--base-url", url).exit_code for _ in range(2)]
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=20)
    assert codes == [1, 0]
    assert (process.returncode, out, errors) == (130, "", "")


def test_a_simulator_prints_lines_to_paste(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that it prints are those that the client reads."""
    with started("simulate", "openai", "claude", "--rpm", "100") as process:
        assert process.stdout is not None
        lines = takewhile(lambda line: not line.startswith("Then: "), iter(process.stdout.readline, ""))
        exports = [line for line in lines if line.startswith("export ")]
        for line in exports:
            for pair in line.partition("#")[0].split()[1:]:
                monkeypatch.setenv(*pair.split("=", 1))
        answers = [run("chat", f"{name}:m", "Hello") for name in ("openai", "claude")]
    assert len(exports) == 2
    assert [answer.exit_code for answer in answers] == [0, 0]


def test_bench_tells_throughput_latency_and_cost() -> None:
    """Against a simulator of its own, which is gone afterwards."""
    command = [*COMMAND, "bench", "--requests", "40", "--concurrency", "10", "--stream", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    figures = json.loads(done.stdout)
    assert figures["calls_per_second"] > 0
    assert 0 < figures["p50_ms"] <= figures["p95_ms"] <= figures["p99_ms"]
    assert figures["cpu_us_per_call"] > 0
    assert figures["errors"] == {}


def test_bench_of_a_server_without_chats_asks_for_vectors() -> None:
    """Text embeddings of TEI, say."""
    command = [*COMMAND, "bench", "--provider", "hf_tei", "--requests", "5", "--concurrency", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["errors"] == {}


def test_bench_against_a_server_that_is_not_there_is_an_error(run: Any) -> None:
    """Told once, before any load."""
    result = run("bench", "--provider", "ollama", "--base-url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ollama:bench: no connection")


def test_a_reader_that_leaves_is_no_error() -> None:
    """`ipfs-accel ... | head` ends without a word."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "doctor", "--offline"], stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writer)
    assert done.stderr == b""


def test_interrupting_the_demo_is_quiet() -> None:
    """Ctrl-C in the middle of the calls: 130, no traceback."""
    with started("demo") as process:
        assert process.stdout is not None
        assert "60 prompts" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "")
