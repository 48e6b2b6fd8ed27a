"""The faulty server as its clients see it: a process that is started, asked and ended."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from types import TracebackType

ROOT = Path(__file__).parents[2]
LONGEST = 2**26
"""Of a line that it says: the ids of a hundred thousand calls take some five million bytes."""


class Peer:
    """Runs ``python -m tests.soak.faulty`` while it is open.

    Args:
        seed: Of its faults.
        share: Of the requests that meet one.
        slow: Most seconds that a good answer takes, twice.
    """

    def __init__(self, seed: int, *, share: float, slow: float) -> None:
        self._given = ("--share", str(share), "--slow", str(slow), "--seed", str(seed))
        self._process: Process
        self.url = ""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.soak.faulty", *self._given),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST,
        )
        self.url = f"http://127.0.0.1:{await self._hear()}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _hear(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(await self._process.stdout.readline())

    async def quiet(self) -> dict[str, Any]:
        """What it says of itself once no connection is open, or after ten seconds."""
        assert self._process.stdin is not None
        for _ in range(200):
            self._process.stdin.write(b"tell\n")
            told: dict[str, Any] = await self._hear()
            if not told["open"]:
                break
            await asyncio.sleep(0.05)
        return told

    async def end(self) -> dict[str, int]:
        """End it; the calls that it saw, each with how often."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        seen: dict[str, int] = await self._hear()
        await self._process.wait()
        return seen
