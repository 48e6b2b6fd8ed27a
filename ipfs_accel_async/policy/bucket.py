"""The token bucket: so much at once, so much a second, and the very instant at which more may go.

It is kept as one number, the instant at which it was or will be empty, as in the generic cell rate algorithm (ITU-T
I.371): nothing drips, nothing is polled, and what it says it will do at an instant it does at that instant.
"""

from __future__ import annotations


class TokenBucket:
    """Refills evenly, holds at most `burst`, starts full. Times are one monotone clock's, in seconds.

    What costs more than `burst` goes when the bucket is full and leaves it in debt, which is paid off before anything
    else goes. In any span of w seconds no more is taken than ``max(burst, depth) + rate * w``, and what is given back.

    Args:
        rate: Units a second, above 0.
        burst: Most units that it holds, above 0.
        depth: The largest cost that is ever granted, and the largest debt; default: `burst`.
        now: The time.

    Attributes:
        rate: See above.
        burst: See above.
        depth: See above.

    Raises:
        ValueError: A setting is out of its range.
    """

    __slots__ = ("_empty", "burst", "depth", "rate")

    def __init__(self, rate: float, burst: float, *, depth: float | None = None, now: float = 0.0) -> None:
        _check(rate, burst)
        self.rate = rate
        self.burst = burst
        self.depth = burst if depth is None else max(depth, burst)
        self._empty = now - burst / rate

    def level(self, now: float) -> float:
        """Units that are there; below 0 in debt."""
        return min(self.burst, (now - self._empty) * self.rate)

    def ready_at(self, cost: float) -> float:
        """The first instant at which `cost` may be taken, past or future; infinity when it is above `depth`."""
        if cost > self.burst:
            return self._empty + self.burst / self.rate if cost <= self.depth else float("inf")
        return self._empty + cost / self.rate

    def try_take(self, cost: float, now: float) -> float | None:
        """Take `cost` and return None, or take nothing and return the instant at which to ask again."""
        at = self.ready_at(cost)
        if at > now:
            return at
        self.charge(cost, now)
        return None

    def charge(self, amount: float, now: float) -> None:
        """Take `amount` whatever is there: what was used beyond what was reserved. Debt ends at `depth`."""
        before = self._empty
        after = max(before, now - self.burst / self.rate) + amount / self.rate
        deepest = now + self.depth / self.rate
        self._empty = after if after <= deepest else max(before, deepest)

    def refund(self, amount: float, now: float) -> None:
        """Put back what was not used; what does not fit is lost."""
        self._empty = max(self._empty, now - self.burst / self.rate) - amount / self.rate
        self._clamp(now)

    def lower(self, level: float, now: float) -> None:
        """Hold at most `level` units now. Never more than there are."""
        self._empty = max(self._empty, now - level / self.rate)

    def resize(self, rate: float, burst: float, depth: float, now: float) -> None:
        """Go on with other bounds; what is there stays there, as far as it fits.

        Raises:
            ValueError: `rate` or `burst` is not above 0.
        """
        _check(rate, burst)
        level = self.level(now)
        self.rate, self.burst, self.depth = rate, burst, max(depth, burst)
        self._empty = now - max(min(level, burst), -self.depth) / rate

    def _clamp(self, now: float) -> None:
        self._empty = max(self._empty, now - self.burst / self.rate)


def _check(rate: float, burst: float) -> None:
    if not (0 < rate < float("inf") and 0 < burst < float("inf")):
        raise ValueError("a token bucket needs a rate and a burst above 0, both finite")
