"""Over how many requests a crowd is spread: over as many as the service really answers side by side."""

from __future__ import annotations

from math import ceil

LEAST = 128
"""Items that are worth a request of their own at a service that answers requests side by side, or is not known yet."""

LEAST_IN_TURN = 384
"""The same at a service that answers one request after the other."""

NEVER = 10**12


class Spreading:
    """What is known of one service, and the size of requests that follows from that.

    Requests that leave together come back together, or one after the other as from a single device. The latter gets two
    at a time, so that it never idles, and each as large as can be; the former as many as there are places.

    Attributes:
        overlap: From 0, one after the other, to 1, side by side; None while nothing is known.
    """

    __slots__ = ("_crowds", "overlap")

    def __init__(self) -> None:
        self.overlap: float | None = None
        self._crowds = 0

    def share(self, waiting: int, aloft: int, places: int) -> int:
        """Items of a request, for all that wait or are under way to be spread evenly.

        Args:
            waiting: Items that wait.
            aloft: Items under way: who sent them is likely to send as many again.
            places: Requests that may be under way at once.
        """
        known = waiting + aloft
        width, least = self._bounds(places)
        return -(-known // max(1, min(width, known // least)))

    def enough(self, aloft: int, places: int) -> int:
        """How many must wait beside those `aloft` for a request to have its share; more than ever wait for never."""
        width, least = self._bounds(places)
        found = NEVER
        for requests in range(2, width + 1):
            found = min(found, max(1, -(-aloft // (requests - 1)), requests * least - aloft))
            if requests * least > 2 * aloft:
                break  # more requests would need more who wait
        return found

    def _bounds(self, places: int) -> tuple[int, int]:
        """The most requests at once, and the least items of one."""
        if self.overlap is None:
            return min(places, 2), LEAST
        width = min(places, 2 + ceil(self.overlap * (places - 2)))
        return width, round(LEAST_IN_TURN - self.overlap * (LEAST_IN_TURN - LEAST))

    def learn(self, overlap: float) -> None:
        """How much a crowd of requests overlapped, from 0 to 1; half of what was known before is kept.

        Of the first one nothing is: much is loaded and connected in its time, which hides what the service does.
        """
        self._crowds += 1
        self.overlap = overlap if self.overlap is None or self._crowds == 2 else (self.overlap + overlap) / 2


class Crowd:
    """Requests that left in the same moment when nothing else was under way, and when each of them came back.

    Args:
        requests: How many they are, at least two.
        spreading: Is told when the last one is back. If one fails it never is.
    """

    __slots__ = ("_first", "_left", "_others", "_spreading")

    def __init__(self, requests: int, spreading: Spreading) -> None:
        self._left = requests
        self._others = requests - 1
        self._first: float | None = None
        self._spreading = spreading

    def back(self, took: float) -> None:
        """One of them has its answer.

        Args:
            took: Seconds from when it was sent to when the last byte was there.
        """
        if self._first is None:
            self._first = took
        self._left -= 1
        if not self._left and self._first > 0:
            behind = (took / self._first - 1) / self._others  # 1: each one waited for all before it
            self._spreading.learn(min(1.0, max(0.0, 1 - behind)))
