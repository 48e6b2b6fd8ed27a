"""Runs mutmut on a copy of the tree and tells what became of each mutant."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation.parts import ROOT, judges

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLED = {1, 3}
ENDLESS = {24, -24, 36, 152, 255}
"""Exit codes of a mutant that ran out of time: somebody who runs the tests notices that as well."""
SECONDS = 3600
HURRY = """
from hypothesis import Phase

settings.register_profile("mutation", settings(), phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False)
settings.load_profile("mutation")
"""
"""A mistake that is found need not be made small: that takes most of the time otherwise."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One deliberate mistake.

    Args:
        file: Below the package.
        killed: Some test failed, or never came to its end.
        was: The lines it replaces, without indentation; empty unless it survived.
        became: The lines it puts there.
    """

    file: str
    killed: bool
    was: str = ""
    became: str = ""


def run(file: str, folder: Path, *, processes: int) -> list[Mutant]:
    """Mutate a file in a copy of the tree, one mistake at a time.

    Args:
        file: Below the package.
        folder: Where the copy is made.
        processes: How many mutants are judged at once.

    Raises:
        RuntimeError: The tests do not pass without a mistake, or mutmut did not judge all mutants.
    """
    _copy(file, folder)
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}}
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes)],
        cwd=folder,
        env={**kept, "CI": "1"},  # hypothesis always draws the same then
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found = list(_judged(file, folder)) if not done.returncode else []
    if not found:
        raise RuntimeError(f"mutmut could not judge {file}:\n{done.stdout[-3000:]}{done.stderr}")
    return found


def _copy(file: str, folder: Path) -> None:
    for name in ("ipfs_accel_async", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(HURRY)
    lists = {
        "source_paths": ["ipfs_accel_async"],
        "only_mutate": [f"ipfs_accel_async/{file}"],
        "pytest_add_cli_args_test_selection": judges(file),
        "pytest_add_cli_args": ["-p", "no:cacheprovider"],
    }
    table = "".join(f"{name} = {json.dumps(values)}\n" for name, values in lists.items())
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (folder / "pyproject.toml").write_text(f"{project}\n[tool.mutmut]\n{table}", "utf-8")


def _judged(file: str, folder: Path) -> Iterator[Mutant]:
    meta = folder / "mutants" / "ipfs_accel_async" / f"{file}.meta"
    for name, code in json.loads(meta.read_text("utf-8"))["exit_code_by_key"].items():
        if code is None:
            raise RuntimeError(f"mutmut did not judge {name}")
        killed = code in KILLED | ENDLESS
        yield Mutant(file, killed) if killed else Mutant(file, killed, *_change(folder, name))


def _change(folder: Path, name: str) -> tuple[str, str]:
    shown = subprocess.run(
        [sys.executable, "-m", "mutmut", "show", name], cwd=folder, capture_output=True, text=True, check=True
    )
    lines = [line for line in shown.stdout.splitlines() if not line.startswith(("---", "+++", "#"))]
    was, became = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return was, became
