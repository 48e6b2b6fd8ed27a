"""The share of failures among the calls of late."""

from __future__ import annotations

BUCKETS = 10


class FailureRate:
    """Counts calls and failures over a rolling window.

    Args:
        rate: Share of failures, above 0 up to 1, from which it is too many.
        calls: Fewest calls in the window for a share to mean anything, at least 1.
        window: Seconds.

    Raises:
        ValueError: A setting is out of its range.
    """

    __slots__ = ("_calls", "_epoch", "_failed", "_least", "_rate", "_span")

    def __init__(self, *, rate: float = 0.5, calls: int = 20, window: float = 30.0) -> None:
        if not 0 < rate <= 1 or calls < 1 or not 0 < window < float("inf"):
            raise ValueError("a failure rate needs 0 < rate <= 1, calls from 1 and a window of finite seconds")
        self._rate = rate
        self._least = calls
        self._span = window / BUCKETS
        self._epoch = 0
        self._calls = [0] * BUCKETS
        self._failed = [0] * BUCKETS

    def add(self, failed: bool, now: float) -> bool:
        """Count a call that ended; whether there are too many failures now."""
        self._turn(now)
        slot = self._epoch % BUCKETS
        self._calls[slot] += 1
        self._failed[slot] += failed
        if not failed:
            return False
        calls = sum(self._calls)
        return calls >= self._least and sum(self._failed) >= self._rate * calls

    def clear(self) -> None:
        """Forget all."""
        self._calls = [0] * BUCKETS
        self._failed = [0] * BUCKETS

    def _turn(self, now: float) -> None:
        epoch = int(now / self._span)
        if epoch <= self._epoch:
            return
        for step in range(self._epoch + 1, min(epoch, self._epoch + BUCKETS) + 1):
            self._calls[step % BUCKETS] = self._failed[step % BUCKETS] = 0
        self._epoch = epoch
