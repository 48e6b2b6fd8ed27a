"""How many retries an endpoint may get: a share of its calls, so that a backend that is down is not asked to death.

After Finagle's RetryBudget (github.com/twitter/finagle) and tower's TpsBudget: deposits and withdrawals over a window.
"""

from __future__ import annotations

BUCKETS = 10


class RetryBudget:
    """Each call deposits `ratio` of a retry, each retry takes one out; a reserve lets rare calls be retried too.

    Args:
        ratio: Retries a call, 0 to 1: 0.2 lets at most 1.2 requests a call reach a backend that is down.
        reserve: Retries a window whatever the calls, at least 0.
        window: Seconds after which deposits and withdrawals are forgotten.

    Raises:
        ValueError: A setting is out of its range.
    """

    __slots__ = ("_calls", "_epoch", "_ratio", "_reserve", "_retries", "_span")

    def __init__(self, *, ratio: float = 0.2, reserve: int = 10, window: float = 10.0) -> None:
        if not 0 <= ratio <= 1 or reserve < 0 or not 0 < window < float("inf"):
            raise ValueError("a retry budget needs 0 <= ratio <= 1, reserve from 0 and a window of finite seconds")
        self._ratio = ratio
        self._reserve = reserve
        self._span = window / BUCKETS
        self._epoch = 0
        self._calls = [0] * BUCKETS
        self._retries = [0] * BUCKETS

    def deposit(self, now: float) -> None:
        """Count a call, not its retries."""
        self._turn(now)
        self._calls[self._epoch % BUCKETS] += 1

    def balance(self, now: float) -> float:
        """Retries that may be taken out now; one that is below 1 allows none."""
        self._turn(now)
        return self._ratio * sum(self._calls) + self._reserve - sum(self._retries)

    def try_withdraw(self, now: float) -> bool:
        """Take one retry out, if there is one."""
        if self.balance(now) < 1 - 1e-9:  # sums of tenths
            return False
        self._retries[self._epoch % BUCKETS] += 1
        return True

    def _turn(self, now: float) -> None:
        """Forget the buckets whose time is over."""
        epoch = int(now / self._span)
        behind = epoch - self._epoch
        if behind <= 0:
            return
        for step in range(1, min(behind, BUCKETS) + 1):
            self._calls[(self._epoch + step) % BUCKETS] = 0
            self._retries[(self._epoch + step) % BUCKETS] = 0
        self._epoch = epoch
