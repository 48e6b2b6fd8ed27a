"""What the benchmarks share: processes on their own cores, alternating rounds, medians, a table, one JSON line."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
FILES = 8192
Row = dict[str, float]


def pin(core: int) -> None:
    """Keep this process on one core, where the system can and has it."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


def raise_file_limit() -> None:
    """Allow a socket for each of a thousand calls in flight."""
    try:
        import resource  # not on Windows, which has no such limit
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def environment() -> dict[str, str]:
    """The environment of children: no proxies, no downloads, the checkout importable."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    return kept | {"PYTHONPATH": path, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}


@contextmanager
def server(prefix: str = "", module: str = "benchmarks.server") -> Iterator[str]:
    """The benchmark server in its own process, for a block; its base URL.

    Args:
        prefix: Put before ``/v1``, to slow it down.
        module: The server.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}{prefix}/v1"
    finally:
        process.communicate(timeout=30)  # the end of its input ends it


def child(command: Sequence[str]) -> Any:
    """Run Python with a command line in a fresh process and give the JSON of its last line.

    Raises:
        RuntimeError: It failed; the message is the end of what it said.
    """
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, env=environment(), cwd=ROOT, check=False
    )
    if done.returncode:
        message = f"{command} failed:\n{done.stderr[-2000:]}"
        raise RuntimeError(message)
    return json.loads(done.stdout.splitlines()[-1])


class Worker:
    """One client in one mode, in its own process, which waits between rounds.

    Args:
        client: Name of the client.
        job: Further arguments of ``benchmarks.worker``.

    Attributes:
        absent: Whether the library is not installed.
    """

    def __init__(self, client: str, job: Mapping[str, Any]) -> None:
        arguments = json.dumps({"client": client, **job})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            cwd=ROOT,
        )
        self.absent = "absent" in self._read()

    def round(self) -> Row:
        """Measure once more.

        Raises:
            RuntimeError: The worker has ended; its own words are on standard error.
        """
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Row:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a worker ended early; see above")
        row: Row = json.loads(line)
        return row

    def stop(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)


def alternate(clients: Sequence[str], job: Mapping[str, Any], rounds: int) -> dict[str, Row]:
    """Let the clients measure in turn, round after round, and give the medians of each.

    Turns of a second spread whatever else the machine does over all of them. A client whose library is not installed
    is skipped, with a word.

    Args:
        clients: Their names.
        job: What each does.
        rounds: How often.
    """
    workers: dict[str, Worker] = {}
    try:
        for name in clients:
            workers[name] = Worker(name, job)
            if workers[name].absent:
                print(f"{name}: skipped, not installed", file=sys.stderr)
        rows: dict[str, list[Row]] = {name: [] for name, worker in workers.items() if not worker.absent}
        for _ in range(rounds):
            for name, found in rows.items():
                found.append(workers[name].round())
    finally:
        for worker in workers.values():
            worker.stop()
    return {name: {figure: median(row[figure] for row in found) for figure in found[0]} for name, found in rows.items()}


@dataclass(frozen=True)
class Promise:
    """A figure and its bound.

    Args:
        name: What is compared, as ``ours/aiohttp``.
        value: What was measured.
        bound: What it may be at most, or at least.
        least: Whether the bound is the least.
    """

    name: str
    value: float
    bound: float
    least: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is kept."""
        return self.value >= self.bound if self.least else self.value <= self.bound

    def __str__(self) -> str:
        word = "at least" if self.least else "at most"
        return f"{self.name}: {self.value:.2f} ({word} {self.bound:g}: {'holds' if self.holds else 'BROKEN'})"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table, numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(head), *(len(row[place]) for row in cells)) for place, head in enumerate(heads)]
    print("| " + " | ".join(head.ljust(width) for head, width in zip(heads, widths, strict=True)) + " |")
    print("|" + "|".join("-" * (width + 1) + (":" if place else "-") for place, width in enumerate(widths)) + "|")
    for row in cells:
        texts = [
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("| " + " | ".join(texts) + " |")


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def conclude(name: str, figures: Mapping[str, Any], promises: Sequence[Promise]) -> None:
    """Print what was promised and, as the last line, everything as JSON."""
    print()
    for promise in promises:
        print(promise)
    line = {
        "benchmark": name,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU",
        "figures": figures,
        "promises": {
            promise.name: {
                "value": round(promise.value, 3),
                "at least" if promise.least else "at most": promise.bound,
                "holds": promise.holds,
            }
            for promise in promises
        },
    }
    print(json.dumps(line))
