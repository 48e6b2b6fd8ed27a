"""How long to wait before the next try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

RETRY_AFTER_SPREAD = 0.1  # so that callers told the same instant do not all come back in it


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with jitter that stays inside its maximum.

    Args:
        initial: Seconds before the first retry.
        factor: Growth from one retry to the next, at least 1.
        maximum: Upper bound in seconds, jitter included.
        jitter: Part of the delay, 0 to 1, by which it may be shorter or longer.
        retry_after_cap: Longest wait in seconds that a server may ask for.

    Raises:
        ValueError: A setting is out of its range.
    """

    initial: float = 1.0
    factor: float = 2.0
    maximum: float = 16.0
    jitter: float = 0.2
    retry_after_cap: float = 60.0

    def __post_init__(self) -> None:
        if not 0 <= self.initial <= self.maximum < float("inf"):
            raise ValueError("backoff needs 0 <= initial <= maximum, both finite seconds")
        if not 1 <= self.factor < float("inf"):
            raise ValueError("backoff factor must be at least 1")
        if not 0 <= self.jitter <= 1:
            raise ValueError("backoff jitter must be between 0 and 1")
        if not self.retry_after_cap >= 0:
            raise ValueError("retry_after_cap must not be negative")

    def delay(self, retry: int, rng: random.Random, retry_after: float | None = None) -> float | None:
        """Seconds to wait before a retry, or None when the call must not be retried.

        Args:
            retry: 1 for the first retry, 2 for the second, and so on.
            rng: Source of the jitter.
            retry_after: Seconds the server asked for. The wait is never shorter, and up to 10 % longer. None
                and values that ask for nothing leave the backoff alone; above `retry_after_cap` the result
                is None.

        Raises:
            ValueError: `retry` is below 1.
        """
        if retry < 1:
            raise ValueError("retries count from 1")
        own = self._exponential(retry, rng)
        if retry_after is None or not retry_after > 0:
            return own
        if retry_after > self.retry_after_cap:
            return None
        return max(own, retry_after + retry_after * rng.uniform(0.0, RETRY_AFTER_SPREAD))

    def _exponential(self, retry: int, rng: random.Random) -> float:
        try:
            middle = min(self.initial * float(self.factor) ** (retry - 1), self.maximum)
        except OverflowError:
            middle = self.maximum if self.initial else 0.0
        # Drawing below the maximum, not cutting off at it, keeps capped retries apart as well.
        high = min(middle * (1 + self.jitter), self.maximum)
        return min(rng.uniform(middle * (1 - self.jitter), high), high)
