"""What is measured of a model: calls, seconds, compilations."""

from __future__ import annotations

from collections import deque
from typing import Any

WINDOW = 1024
"""Percentiles are of the last so many calls."""


class Measures:
    """Of one model; all of it is counted, nothing is estimated."""

    def __init__(self) -> None:
        self.count = 0
        self.rows = 0
        self.failures = 0
        self.total_seconds = 0.0
        self.compilations = 0
        self.compile_seconds = 0.0
        self.cache_hits = 0
        self._recent: deque[float] = deque(maxlen=WINDOW)

    def ran(self, seconds: float, rows: int) -> None:
        """Count a call that succeeded, the seconds that its code ran, and the rows that it ran over."""
        self.count += 1
        self.rows += rows
        self.total_seconds += seconds
        self._recent.append(seconds)

    def failed(self) -> None:
        """Count a call that did not."""
        self.failures += 1

    def compiled(self, seconds: float | None) -> None:
        """Count a compilation, or None for an object that was there already."""
        if seconds is None:
            self.cache_hits += 1
        else:
            self.compilations += 1
            self.compile_seconds += seconds

    def snapshot(self) -> dict[str, Any]:
        """As JSON has it; seconds are null before the first call."""
        ordered = sorted(self._recent)
        return {
            "count": self.count,
            "rows": self.rows,
            "failures": self.failures,
            "total_seconds": self.total_seconds,
            "mean_seconds": self.total_seconds / self.count if self.count else None,
            "p50_seconds": _percentile(ordered, 50),
            "p95_seconds": _percentile(ordered, 95),
            "compilations": self.compilations,
            "compile_seconds": self.compile_seconds,
            "cache_hits": self.cache_hits,
        }


def _percentile(ordered: list[float], percent: int) -> float | None:
    """By nearest rank: a time that really was."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None
