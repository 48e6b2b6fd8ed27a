"""One limit of a service: paced by a token bucket, and never more in any window than the service counts."""

from __future__ import annotations

from typing import Any

from ipfs_accel_async.policy.bucket import TokenBucket
from ipfs_accel_async.policy.sliding import Entry, SlidingWindow

MINUTE, DAY = 60.0, 86_400.0
REFILLS = 0.9
"""Share of an even refill's time from which on a stated reset is one; a shorter one is the end of a window."""


class Allowance:
    """So much of one kind a window.

    A minute's allowance is spread: `burst_seconds` of its rate may go at once, the rest goes evenly. A day's is not, as
    who has a thousand requests a day may want them in the morning.

    Args:
        name: ``rpm``, ``tpd`` and so on.
        kind: What counts: ``requests``, ``tokens``, ``input`` or ``output``.
        limit: So much a window, above 0.
        window: Seconds.
        burst_seconds: See above.
        learnt: Whether the service told the limit, and nobody set it.
        now: The time.

    Attributes:
        limit: What holds now: what was set, or what the service says if that is less.
        kind: See above.
        window: See above.
    """

    __slots__ = ("_bucket", "_burst_seconds", "_set", "_window", "kind", "limit", "name", "window")

    def __init__(
        self,
        name: str,
        kind: str,
        limit: float,
        window: float,
        burst_seconds: float,
        *,
        learnt: bool = False,
        now: float = 0.0,
    ) -> None:
        self.name = name
        self.kind = kind
        self.limit = limit
        self.window = window
        self._set = None if learnt else limit
        self._burst_seconds = burst_seconds
        self._window = SlidingWindow(limit, window)
        self._bucket: TokenBucket | None = None
        if window <= MINUTE:
            self._bucket = TokenBucket(limit / window, self._burst(limit), depth=limit, now=now)

    def ready_at(self, cost: float, now: float) -> float:
        """The first instant at which `cost` may be taken; infinity when it never may."""
        at = self._window.ready_at(cost, now)
        return at if self._bucket is None else max(at, self._bucket.ready_at(cost))

    def charge(self, amount: float, now: float) -> Entry:
        """Take `amount`, and return the entry for :meth:`adjust`."""
        if self._bucket is not None:
            self._bucket.charge(amount, now)
        return self._window.charge(amount, now)

    def adjust(self, entry: Entry, change: float, now: float) -> None:
        """Correct an earlier charge by `change`, up or down."""
        self._window.adjust(entry, change, now)
        if self._bucket is not None:
            if change > 0:
                self._bucket.charge(change, now)
            else:
                self._bucket.refund(-change, now)

    def follow(self, limit: float, now: float) -> None:
        """The service states its limit: it holds where it is less than what was set, and where nothing was."""
        limit = limit if self._set is None else min(limit, self._set)
        if limit == self.limit:
            return
        self.limit = self._window.limit = limit
        if self._bucket is not None:
            self._bucket.resize(limit / self.window, self._burst(limit), limit, now)

    def lower(self, remaining: float, reset: float | None, now: float) -> None:
        """The service states what is left: count no more than that.

        A limit that refills evenly is whole again after just the time that what is missing takes to refill; where the
        reset comes sooner than that, the service counts in fixed windows, and nothing comes back before their end.

        Args:
            remaining: Units.
            reset: Seconds until the limit is whole again.
            now: When this was said.
        """
        refill = (1 - remaining / self.limit) * self.window
        fixed = reset is not None and reset < REFILLS * refill
        self._window.lower(remaining, now, now + (reset if fixed and reset is not None else self.window / self.limit))
        if self._bucket is not None:
            self._bucket.lower(remaining, now)

    def state(self, now: float) -> dict[str, Any]:
        """Its size, what may go at once, what is left in its window, and how long that is in seconds."""
        left = self._window.remaining(now)
        at_once = left if self._bucket is None else min(left, self._bucket.level(now))
        return {"limit": self.limit, "at_once": at_once, "remaining": left, "window": self.window}

    def _burst(self, limit: float) -> float:
        return max(min(limit, 1.0), limit * min(self._burst_seconds / self.window, 1.0))
