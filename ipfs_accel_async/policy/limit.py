"""How many calls a service takes at once, found by trying: additive increase, multiplicative decrease."""

from __future__ import annotations

from typing import Literal

Verdict = Literal["ok", "dropped", "ignored"]

CUT = 0.7
NEAR = 0.9  # of the limit that was last too much: up to there it grows fast, then slowly
RECENT = 0.1  # weight of a new first token among the latest


class AdaptiveLimit:
    """A limit on calls in flight that falls when the service drops some and grows while it does not.

    - A drop (429, 503, 529, a timeout) cuts it to 0.7 of what it was, once for all calls that were under way then: the
      drops of calls that began before the cut say nothing about the limit after it.
    - It grows by one with as many successes as it allows calls, so once in the time that a call takes; by one with
      each success while it has never been too much, or is well below what was. Only calls of a time when at least half
      of it was in use count: what was not tried was not shown.
    - Durations say nothing, as they are those of the answers. Where `tolerance` is given, it does not grow while the
      time to the first token is longer than the best by that factor, but falls by one as slowly as it would grow: for a
      service that slows down instead of dropping. At the lowest limit what it takes then is the best from then on.

    Args:
        initial: Limit to begin with.
        least: Lowest limit, at least 1.
        most: Highest limit.
        tolerance: Growth of the time to first token that is still taken for none, above 1; None: not looked at.

    Attributes:
        limit: Calls that may be in flight now.
        in_flight: Calls that are.
        cuts: How often it was cut; calls carry it, as the number of their time.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(self, *, initial: int = 8, least: int = 1, most: int = 1_000, tolerance: float | None = None) -> None:
        if not 1 <= least <= most:
            raise ValueError("an adaptive limit needs 1 <= least <= most")
        if tolerance is not None and not tolerance > 1:
            raise ValueError("tolerance must be above 1")
        self.limit = min(max(initial, least), most)
        self.in_flight = 0
        self.cuts = 0
        self._least = least
        self._most = most
        self._tolerance = tolerance
        self._fast_below = float("inf") if tolerance is None else 0.0  # first tokens tell late
        self._successes = 0
        self._best: float | None = None
        self._recent = 0.0

    def try_take(self) -> int | None:
        """The number of the time that a call belongs to, for `settle`; None where there is no place."""
        if self.in_flight >= self.limit:
            return None
        self.in_flight += 1
        return self.cuts

    def settle(self, time: int, verdict: Verdict) -> None:
        """A call has ended. Called once for each that was taken.

        Args:
            time: What `try_take` gave.
            verdict: ``ignored`` for those that say nothing: cancelled, never sent, or refused for what they were.
        """
        used = self.in_flight * 2 >= self.limit
        self.in_flight -= 1
        if verdict == "dropped" and time == self.cuts:
            self.cuts += 1
            self._fast_below = int(self.limit * NEAR)
            self._successes = 0
            self.limit = max(int(self.limit * CUT), self._least)
        elif verdict == "ok" and used:
            self._successes += 1
            slow = self.slow
            if self._successes >= self.limit or (self.limit < self._fast_below and not slow):
                self._successes = 0
                if not slow:
                    self.limit = min(self.limit + 1, self._most)
                elif self.limit > self._least:
                    self.limit -= 1
                else:
                    self._best = self._recent

    def first_token(self, seconds: float) -> None:
        """A call has its first token."""
        if self._best is None:
            self._best = self._recent = seconds
        self._recent += (seconds - self._recent) * RECENT
        self._best = min(self._recent, self._best)

    @property
    def slow(self) -> bool:
        """Whether the first tokens of late are later than the best by more than is tolerated."""
        return self._tolerance is not None and self._best is not None and self._recent > self._tolerance * self._best
