"""Bounded statistics: latency quantiles over recent samples, rates over recent seconds."""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Samples:
    """Counts, sums and extremes over all time; quantiles over the latest `size` values.

    While it is empty every figure is 0.0; `count` tells that apart from real zeros.

    Args:
        size: How many of the latest values the quantiles see.

    Attributes:
        count: Values added so far.
        total: Their sum.
        latest: What the quantiles see.

    Raises:
        ValueError: `size` is below 1.
    """

    __slots__ = ("_max", "_min", "_remember", "count", "latest", "total")

    def __init__(self, size: int = 1024) -> None:
        if size < 1:
            raise ValueError("size must be at least 1")
        self.latest: deque[float] = deque(maxlen=size)
        self._remember = self.latest.append
        self._min = float("inf")
        self._max = float("-inf")
        self.count = 0
        self.total = 0.0

    def add(self, value: float) -> None:
        """Add one value."""
        self.count += 1
        self.total += value
        if value < self._min:
            self._min = value
        if value > self._max:
            self._max = value
        self._remember(value)

    def absorb(self, other: Samples) -> None:
        """Add all that another series has; the quantiles see the latest values of both."""
        if other.count:
            self.count += other.count
            self.total += other.total
            self._min = min(self._min, other.min)
            self._max = max(self._max, other.max)
            self.latest = deque((*self.latest, *other.latest), (self.latest.maxlen or 0) + len(other.latest))
            self._remember = self.latest.append

    @property
    def min(self) -> float:
        """The smallest value of all time."""
        return self._min if self.count else 0.0

    @property
    def max(self) -> float:
        """The largest value of all time."""
        return self._max if self.count else 0.0

    @property
    def avg(self) -> float:
        """The mean of all time."""
        return self.total / self.count if self.count else 0.0

    def quantile(self, q: float) -> float:
        """The nearest-rank quantile of the latest values.

        Args:
            q: 0 to 1; 0.5 is the median.

        Raises:
            ValueError: `q` is out of its range.
        """
        if not 0 <= q <= 1:
            raise ValueError("a quantile is between 0 and 1")
        return _nearest_rank(sorted(self.latest), q)

    def summary(self) -> dict[str, float]:
        """``avg``, ``min``, ``max`` of all time and ``p50``, ``p90``, ``p95``, ``p99`` of the latest values."""
        ordered = sorted(self.latest)
        return {
            "avg": self.avg,
            "min": self.min,
            "max": self.max,
            "p50": _nearest_rank(ordered, 0.50),
            "p90": _nearest_rank(ordered, 0.90),
            "p95": _nearest_rank(ordered, 0.95),
            "p99": _nearest_rank(ordered, 0.99),
        }


def _nearest_rank(ordered: list[float], q: float) -> float:
    if not ordered:
        return 0.0
    # 0.07 * 100 is a hair above 7 in binary; rounding first keeps the rank exact.
    rank = ceil(round(q * len(ordered), 9))
    return ordered[max(rank, 1) - 1]


class Rate:
    """Amount a second over a sliding window of one-second buckets, in constant memory.

    Args:
        seconds: Length of the window in whole seconds.

    Raises:
        ValueError: `seconds` is below 1.
    """

    __slots__ = ("_buckets", "_first", "_second", "_seconds")

    def __init__(self, seconds: int = 60) -> None:
        if seconds < 1:
            raise ValueError("seconds must be at least 1")
        self._seconds = seconds
        self._buckets = [0.0] * seconds
        self._first: int | None = None
        self._second = 0

    def add(self, now: float, amount: float = 1) -> None:
        """Count an amount at `now`; a time before the latest one counts as the latest."""
        second = int(now)
        if second > self._second or self._first is None:
            self._move_to(second)
        self._buckets[self._second % self._seconds] += amount

    @property
    def amounts(self) -> list[tuple[int, float]]:
        """Second and amount of each bucket since the first, oldest first."""
        if self._first is None:
            return []
        oldest = max(self._first, self._second - self._seconds + 1)
        return [(second, self._buckets[second % self._seconds]) for second in range(oldest, self._second + 1)]

    @classmethod
    def together(cls, several: Iterable[Rate]) -> Rate:
        """The sum of several series over windows of a minute."""
        made = cls()
        for second, amount in sorted(pair for one in several for pair in one.amounts):
            made.add(second, amount)
        return made

    def per_second(self, now: float) -> float:
        """The mean over the window, the current second included.

        A younger series is divided by its own age in begun seconds, so a rate does not creep up for a minute.
        """
        if self._first is None:
            return 0.0
        second = int(now)
        if second > self._second:
            self._move_to(second)
        return sum(self._buckets) / min(self._seconds, self._second - self._first + 1)

    def _move_to(self, second: int) -> None:
        if self._first is None:
            self._first = second
        elif second - self._second >= self._seconds:
            self._buckets = [0.0] * self._seconds
        else:
            for passed in range(self._second + 1, second + 1):
                self._buckets[passed % self._seconds] = 0.0
        self._second = second
