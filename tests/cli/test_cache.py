"""``ipfs-accel cache``: what a file holds, and emptying it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ipfs_accel_async.cache.disk import DiskStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A cache of three answers."""
    path = tmp_path / "answers.db"

    async def fill() -> None:
        store = DiskStore(path)
        for number in range(3):
            await store.set(f"key-{number}", b"x" * 500, 1e6, ("openai:m", f"job={number}"))
        await store.aclose()

    asyncio.run(fill())
    return path


def test_it_tells_what_there_is(run: Any, file: Path) -> None:
    """In words, and as JSON; looking changes nothing."""
    assert run("cache", "stats", str(file)).stdout == "3 answers, 1,500 bytes\n"
    assert json.loads(run("cache", "stats", str(file), "--json").stdout) == {
        "file": str(file),
        "entries": 3,
        "bytes": 1_500,
    }


def test_it_drops_what_has_a_tag_and_then_everything(run: Any, file: Path) -> None:
    """And says how much that was."""
    assert run("cache", "invalidate", str(file), "job=1").stdout == "1 dropped\n"
    assert run("cache", "invalidate", str(file), "never").stdout == "0 dropped\n"
    assert run("cache", "clear", str(file)).stdout == "2 dropped\n"
    assert run("cache", "stats", str(file)).stdout == "0 answers, 0 bytes\n"


@pytest.mark.parametrize("command", [("stats",), ("clear",), ("invalidate", "x")])
def test_what_is_no_cache_is_told_in_one_line(run: Any, tmp_path: Path, command: tuple[str, ...]) -> None:
    """A file that is not there is not made; one that is something else is not touched."""
    name, *rest = command
    result = run("cache", name, str(tmp_path / "none.db"), *rest)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert not (tmp_path / "none.db").exists()
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear Sir or Madam, " * 100)
    result = run("cache", name, str(letter), *rest)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert letter.read_text() == "Dear Sir or Madam, " * 100
