"""At most so much in any window of so many seconds: what the strictest service counts."""

from __future__ import annotations

from bisect import insort
from collections import deque

SLOTS = 200
"""Parts of a window; what it counts leaves one or two of them later than it must."""

Entry = list[float]
"""The instant at which it leaves the window, and its amount."""


class SlidingWindow:
    """Counts what was taken in the last `window` seconds, in constant memory.

    A token bucket alone lets a full bucket and its refill go in one window; a service that counts strictly refuses
    that. Entries are kept by slots, and a slot leaves one to two slots late: up to that much may the network delay one
    request more than another without the service counting both in one window.

    Args:
        limit: Most that is taken in any window, above 0.
        window: Its length in seconds.
        slots: Parts of it, from 1: more are more exact, and take more memory.

    Attributes:
        limit: See above; it may be changed.
        window: See above.
        total: What counts now. It may pass `limit` by what was charged.

    Raises:
        ValueError: A setting is out of its range.
    """

    __slots__ = ("_entries", "_now", "_slot", "_slots", "limit", "total", "window")

    def __init__(self, limit: float, window: float, *, slots: int = SLOTS) -> None:
        if not (limit > 0 and 0 < window < float("inf") and slots >= 1):
            raise ValueError("a sliding window needs a limit and finite seconds above 0, and slots from 1")
        self.limit = limit
        self.window = window
        self.total = 0.0
        self._slot = window / slots
        self._slots = slots
        self._now = float("-inf")
        self._entries: deque[Entry] = deque()

    def remaining(self, now: float) -> float:
        """What may still be taken; below 0 after a charge."""
        self._pass(now)
        return self.limit - self.total

    def ready_at(self, cost: float, now: float) -> float:
        """The first instant at which `cost` may be taken, `now` if it may at once; infinity when it never may."""
        if now > self._now:
            self._pass(now)
        over = self.total + cost - self.limit
        if over <= 0:
            return now
        if cost > self.limit:
            return float("inf")
        for leaves, amount in self._entries:
            over -= amount
            if over <= 0:
                return leaves
        return self._entries[-1][0] if self._entries else now  # rounding of fractional amounts

    def charge(self, amount: float, now: float) -> Entry:
        """Count `amount`, whatever there is already, and return the entry for :meth:`adjust`."""
        if now > self._now:
            self._pass(now)
        leaves = (now // self._slot + self._slots + 2) * self._slot
        last = self._entries[-1] if self._entries else None
        if last is not None and last[0] >= leaves:
            entry = last
            entry[1] += amount
        else:
            entry = [leaves, amount]
            self._entries.append(entry)
        self.total += amount
        return entry

    def adjust(self, entry: Entry, change: float, now: float) -> None:
        """Count more or less at the time of an earlier charge, if that is still in the window.

        The debt that more makes ends at one limit: a service that counts nonsense must not stop everything for long.
        """
        self._pass(now)
        if entry[0] > self._now:
            change = min(change, max(2 * self.limit - self.total, 0.0))
            entry[1] += change
            self.total += change

    def lower(self, remaining: float, now: float, until: float) -> None:
        """Leave at most `remaining` to take until `until`, at most one window away. Never leaves more than there is."""
        over = self.remaining(now) - max(remaining, 0.0)
        until = min(until, self._now + self.window)
        if over <= 0 or until <= self._now:
            return
        if len(self._entries) < 4 * self._slots:
            insort(self._entries, [until, over])
        else:  # told anew by each of many answers: the memory stays constant
            self._entries[-1][1] += over
        self.total += over

    def _pass(self, now: float) -> None:
        """Let go what has left the window; time that runs backwards stands still."""
        if now <= self._now:
            return
        self._now = now
        entries = self._entries
        while entries and entries[0][0] <= now:
            self.total -= entries.popleft()[1]
        if not entries:
            self.total = 0.0  # rounding does not add up
