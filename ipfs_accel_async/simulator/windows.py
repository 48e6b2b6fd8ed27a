"""Limits that are counted in windows, as strictly as can be: no refill, no mercy."""

import math
from collections import deque

from .gauge import Gauge


class SlidingLog:
    """At most `capacity` in any `window` seconds, counted exactly."""

    __slots__ = ("_entries", "_spent", "at", "capacity", "window")

    def __init__(self, capacity: int, window: float, now: float) -> None:
        self.capacity, self.window, self.at = capacity, window, now
        self._entries: deque[tuple[float, float]] = deque()
        self._spent = 0.0

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` fits; more than the capacity waits for an empty window."""
        self.at = now
        while self._entries and self._entries[0][0] <= now - self.window:
            self._spent -= self._entries.popleft()[1]
        over = self._spent + min(amount, self.capacity) - self.capacity
        for at, spent in self._entries:
            if over <= 0:
                break
            over -= spent
            if over <= 0:
                return at + self.window - now
        return 0.0

    def spend(self, amount: float) -> None:
        """Count what has passed."""
        self._entries.append((self.at, amount))
        self._spent += amount

    def gauge(self) -> Gauge:
        """Return what is left as the headers tell it; it is full when the last entry has left."""
        reset = self._entries[-1][0] + self.window - self.at if self._entries else 0.0
        return Gauge(self.capacity, max(0, math.floor(self.capacity - self._spent)), max(0.0, reset))


class FixedWindow:
    """At most `capacity` in each of the windows that follow one another from the first request on."""

    __slots__ = ("_began", "_spent", "at", "capacity", "window")

    def __init__(self, capacity: int, window: float, now: float) -> None:
        self.capacity, self.window, self.at = capacity, window, now
        self._began = now
        self._spent = 0.0

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until `amount` fits, which is at once or when the next window begins."""
        self.at = now
        passed = (now - self._began) // self.window
        if passed >= 1:
            self._began += passed * self.window
            self._spent = 0.0
        fits = self._spent + min(amount, self.capacity) <= self.capacity
        return 0.0 if fits else self._began + self.window - now

    def spend(self, amount: float) -> None:
        """Count what has passed."""
        self._spent += amount

    def gauge(self) -> Gauge:
        """Return what is left as the headers tell it."""
        reset = self._began + self.window - self.at if self._spent else 0.0
        return Gauge(self.capacity, max(0, math.floor(self.capacity - self._spent)), max(0.0, reset))
