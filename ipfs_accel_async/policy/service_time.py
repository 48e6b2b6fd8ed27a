"""How long a place is held, and from that how long a queue will take: to refuse now what could only come too late."""

from __future__ import annotations

SAMPLES = 20
WEIGHT = 0.1


class ServiceTime:
    """A moving average of the seconds that calls hold their place, the latest ones weighing most.

    Args:
        samples: Fewest values that say anything, at least 1.
        weight: Share of the latest value in the average, above 0 up to 1.

    Attributes:
        count: Values added so far.

    Raises:
        ValueError: A setting is out of its range.
    """

    __slots__ = ("_mean", "_samples", "_weight", "count")

    def __init__(self, *, samples: int = SAMPLES, weight: float = WEIGHT) -> None:
        if samples < 1 or not 0 < weight <= 1:
            raise ValueError("a service time needs samples from 1 and a weight above 0, up to 1")
        self._samples = samples
        self._weight = weight
        self._mean = 0.0
        self.count = 0

    def add(self, seconds: float) -> None:
        """Count a place that was given back."""
        self.count += 1
        # the plain mean at first: a single value that weighs all would take long to be forgotten
        self._mean += (seconds - self._mean) * max(self._weight, 1 / self.count)

    @property
    def mean(self) -> float | None:
        """Seconds; None while there are too few values."""
        return self._mean if self.count >= self._samples else None

    def predicted_wait(self, ahead: int, places: int) -> float | None:
        """Seconds until a newcomer gets a place, all of which are taken; None when that is unsure.

        It is unsure while there are too few values, and while fewer wait ahead than there are places: then one short
        call changes everything. What else would lengthen the wait (a shared cap, a limit) is left out: better to let a
        call wait in vain than to refuse one that had its chance.

        Args:
            ahead: Calls that will surely go first.
            places: Calls that are served at a time, at least 1.
        """
        if self.count < self._samples or ahead < places:
            return None
        return self._mean * ahead / places
