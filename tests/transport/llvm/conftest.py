"""An engine with two workers, whose processes are counted when it is closed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async.transport.llvm import Engine
from tests.transport.llvm.kernels import add, linear, temperamental

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

needs_llvmlite = pytest.mark.skipif(
    importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed: pip install llvmlite"
)


COUNTABLE = Path(f"/proc/self/task/{os.getpid()}/children").exists()


def worker_ids() -> set[int]:
    """The process ids of this process's workers."""
    children = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that ended meanwhile; its children went to another one
            children |= {int(child) for child in (task / "children").read_text().split()}
    return {child for child in children if _is_worker(Path(f"/proc/{child}/cmdline"))}


def _is_worker(line: Path) -> bool:
    try:
        return b"transport.llvm.worker" in line.read_bytes()
    except OSError:
        return False


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    """Three models behind two workers; nothing of it is left after the test."""
    async with Engine([add(), linear(), temperamental()], workers=2, time_limit=20.0) as made:
        yield made
    if COUNTABLE:
        assert worker_ids() == set()
