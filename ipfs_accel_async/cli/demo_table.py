"""How the demo shows itself: bars while it runs, tables when it is done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ipfs_accel_async.cli.demo_run import Row
from ipfs_accel_async.policy.window import Samples

_STATES = {"open": "red", "half-open": "yellow", "closed": "green"}
SIMULATED = "All answers came from the built-in simulator on this machine; no real model was called."


class Bars:
    """A bar a backend. On anything but a terminal it stays silent.

    Args:
        console: Where to draw.
        totals: Calls by backend.
    """

    def __init__(self, console: Console, totals: Mapping[str, int]) -> None:
        self.progress = Progress(
            TextColumn("{task.description}", style="bold"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[notes]}", style="yellow"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._bars = {
            name: self.progress.add_task(name.ljust(max(map(len, totals))), total=total, notes=_notes(0, 0))
            for name, total in totals.items()
        }
        self._retried: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def ended(self, row: Row) -> None:
        """Move the bar of a call that ended."""
        name = row.job.provider
        self._retried[name] += row.attempts > 1
        self._failed[name] += not row.ok
        self.progress.update(self._bars[name], advance=1, notes=_notes(self._retried[name], self._failed[name]))


def counted(number: int, word: str) -> str:
    """A number with its word, in the plural where it is one."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _notes(retried: int, failed: int) -> str:
    return f"{retried:3} retried {failed:2} failed"


def results(rows: Sequence[Row]) -> Table:
    """A line a backend, and their sum."""
    names = list(dict.fromkeys(row.job.provider for row in rows))
    table = Table(box=box.SIMPLE_HEAD, show_footer=True, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    lines = [_line(name, [row for row in rows if row.job.provider == name]) for name in names]
    total = _line("all", rows)
    for index, title in enumerate(("backend", "calls", "ok", "retried", "failed", "p50 ms", "p95 ms", "tokens")):
        left = title in {"backend", "failed"}
        table.add_column(
            title,
            footer=total[index],
            justify="left" if left else "right",
            style="bold" if title == "backend" else "",
            no_wrap=True,
        )
    for line in lines:
        table.add_row(*line)
    return table


def _line(name: str, rows: Sequence[Row]) -> tuple[str | Text, ...]:
    latency = Samples(max(1, len(rows)))
    for row in rows:
        if row.ok:
            latency.add(row.latency_ms)
    failures = Counter(row.error for row in rows if not row.ok)
    return (
        name,
        f"{len(rows):,}",
        Text(f"{sum(row.ok for row in rows):,}", "green"),
        f"{sum(row.attempts > 1 for row in rows):,}",
        Text("\n".join(f"{count} {error}" for error, count in failures.most_common()) or "-", "red" * bool(failures)),
        f"{latency.quantile(0.5):,.0f}",
        f"{latency.quantile(0.95):,.0f}",
        f"{sum(row.usage.total_tokens for row in rows):,}",
    )


def breaker_changes(report: Mapping[str, Any]) -> Table | None:
    """When which breaker opened, tried and closed, in seconds from the start; None when none did."""
    started = datetime.fromisoformat(report["timestamp"]).timestamp() - report["uptime_seconds"]
    by_scope: dict[str, Text] = {}
    for change in report["circuit_breaker"]["state_changes"]:
        line = by_scope.setdefault(change["scope"], Text())
        at = datetime.fromisoformat(change["at"]).timestamp() - started
        line.append("  " if line else "").append(f"{at:.2f}s ", "dim").append(change["state"], _STATES[change["state"]])
    if not by_scope:
        return None
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("circuit breaker", style="bold", no_wrap=True)
    table.add_column("state changes, seconds from the start")
    for scope, line in sorted(by_scope.items()):
        table.add_row(scope, line)
    return table


def notes(rows: Sequence[Row], faults: Mapping[str, int]) -> list[str]:
    """What a reader should know of these numbers, in sentences."""
    kinds = Counter(row.job.kind for row in rows)
    priorities = Counter(row.job.priority.name for row in rows)
    held = sum(row.held > 0 and row.ok for row in rows)
    cut = sum(row.error == "StreamIncompleteError" for row in rows)
    said = [
        f"Sent: {kinds['unary']} unary, {kinds['stream']} streamed, {kinds['embed']} embedding calls, "
        f"{kinds['infer']} inferences, {kinds['object']} objects stored and read back; priority "
        + ", ".join(f"{name} {priorities[name]}" for name in ("HIGH", "NORMAL", "LOW"))
        + ".",
        "Faults injected: " + (", ".join(f"{name} x{faults[name]}" for name in sorted(faults)) or "none") + ".",
    ]
    if held:
        said.append(
            f"{counted(held, 'call')} waited for an open circuit breaker, which spares a failing service, and then"
            " went through."
        )
    if cut:
        said.append(
            f"{counted(cut, 'stream')} cut after the first token: StreamIncompleteError, with the partial text. Such a"
            " call is not sent again: its caller has read the beginning, and a second answer may begin differently."
        )
    return said
