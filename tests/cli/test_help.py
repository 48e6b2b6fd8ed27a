"""Help and version: quick, and complete."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ipfs_accel_async import __version__

COMMANDS = (
    "demo",
    "chat",
    "embed",
    "models",
    "providers",
    "simulate",
    "llvm-serve",
    "doctor",
    "bench",
    "cache",
    "keys",
)


@pytest.mark.parametrize("args", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(run: Any, args: list[str]) -> None:
    """Without arguments the help is shown too."""
    result = run(*args)
    assert result.exit_code == 0
    assert all(f" {command} " in result.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Any, command: str) -> None:
    """With a sentence and its options."""
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"ipfs-accel {command}" in result.stdout.replace("root", "ipfs-accel")
    assert "--help" in result.stdout


def test_version(run: Any) -> None:
    """One line, the package's version."""
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"ipfs-accel {__version__}\n")


def test_heavy_libraries_load_on_first_use_and_those_of_the_command_line_only_with_it() -> None:
    """Help loads neither numpy nor aiohttp; importing the package loads neither typer nor rich."""
    code = (
        "import sys, ipfs_accel_async\n"
        "early = {'typer', 'rich'} & sys.modules.keys()\n"
        "import ipfs_accel_async.cli.app\n"
        "late = {'numpy', 'aiohttp', 'httpx'} & sys.modules.keys()\n"
        "sys.exit(f'{early} {late}' if early or late else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_package_runs_as_a_module() -> None:
    """``python -m ipfs_accel_async`` is the command."""
    command = [sys.executable, "-m", "ipfs_accel_async", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"ipfs-accel {__version__}\n"
