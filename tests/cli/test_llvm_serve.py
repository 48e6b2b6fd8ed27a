"""``ipfs-accel llvm-serve`` as a process."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.transport.llvm.kernels import ADD, SUM_OF_SQUARES, add

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed"),
]
COMMAND = (sys.executable, "-m", "ipfs_accel_async", "llvm-serve", "--port", "0")
EXECUTE = {"code": SUM_OF_SQUARES, "options": {"args": [3]}}


@contextmanager
def started(*args: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A running server."""
    process = subprocess.Popen(
        [*COMMAND, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def post(base_url: str, path: str, body: Any, token: str | None = None) -> httpx.Response:
    """One request."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.post(base_url + path, json=body, headers=headers, trust_env=False, timeout=60)


def test_it_serves_a_directory_until_it_is_interrupted(tmp_path: Path) -> None:
    """Models run without a token, code with the one that it prints; Ctrl-C ends it and its workers quietly."""
    (tmp_path / "add.json").write_text(json.dumps(add().manifest()))
    (tmp_path / "add.ll").write_text(ADD)
    with started("--models", str(tmp_path), "--json") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        url = told["base_url"]
        assert url.startswith("http://127.0.0.1:")
        assert post(url, "/models/add/infer", {"input": {"a": 1, "b": 2}}).json()["outputs"] == {"c": 3.0}
        assert post(url, "/execute", EXECUTE).status_code == 401
        assert post(url, "/execute", EXECUTE, told["token"]).json()["result"] == 14
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (130, "", "")


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_token_that_is_given_is_not_printed(way: str) -> None:
    """By option or by variable."""
    token = "token-canary-0123456789"
    args = ["--token", token] if way == "option" else []
    with started(*args, **({} if args else {"LLVM_API_KEY": token})) as process:
        assert process.stdout is not None
        lines = []
        while line := process.stdout.readline():
            lines.append(line)
            if line.startswith("export LLVM_API_URL="):
                break
        url = lines[-1].strip().partition("=")[2]
        assert post(url, "/execute", EXECUTE, token).json()["result"] == 14
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert token not in "".join(lines) + out + errors


def test_a_token_that_is_made_up_is_printed_once() -> None:
    """As the line that gives it to a client."""
    with started() as process:
        assert process.stdout is not None
        lines: list[str] = []
        while line := process.stdout.readline():
            lines.append(line)
            if line.startswith("export LLVM_API_KEY="):
                break
        token = lines[-1].partition("=")[2].split()[0]
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert "".join([*lines, out]).count(token) == 1


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--host", "0.0.0.0"], "which other machines can reach, set a token"),
        (["--models", "/does/not/exist"], "is not there"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_bad_input_is_told_in_a_line(args: list[str], told: str) -> None:
    """And nothing is served."""
    done = subprocess.run([*COMMAND, *args], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
