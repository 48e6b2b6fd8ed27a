"""A threshold that learns from samples: it rises until wrong hits are as rare as they are meant to be."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

Z95 = 1.959964
STEP = 0.001
"""How far above a wrong hit it rises: more than a similarity differs from one machine to another."""
KEPT = 10_000
"""Samples that count; the oldest goes first."""


class Estimate(NamedTuple):
    """A rate and its 95 % interval.

    Args:
        rate: Wrong ones of those that were judged; 0 of none.
        low: Lower end.
        high: Upper end: 1 while nothing was judged.
        judged: How many.
        wrong: How many of them.
    """

    rate: float
    low: float
    high: float
    judged: int
    wrong: int


def wilson(wrong: int, judged: int, z: float = Z95) -> Estimate:
    """A rate with its Wilson score interval, which stays honest for rare events and few samples.

    Args:
        wrong: From 0 to `judged`.
        judged: From 0.
        z: Standard deviations to either side.
    """
    if not judged:
        return Estimate(0.0, 0.0, 1.0, 0, 0)
    rate = wrong / judged
    scale = 1 + z * z / judged
    middle = (rate + z * z / (2 * judged)) / scale
    half = z * math.sqrt(rate * (1 - rate) / judged + z * z / (4 * judged * judged)) / scale
    low = max(0.0, middle - half) if wrong else 0.0
    return Estimate(rate, low, min(1.0, middle + half) if wrong < judged else 1.0, judged, wrong)


class Threshold:
    """The least similarity of a hit.

    Args:
        value: To begin with; it never falls by itself.
        target: Most wrong hits of all, from 0 to 1.

    Attributes:
        value: Now. Above 1 nothing is near enough any more.
    """

    def __init__(self, value: float, target: float) -> None:
        self.value = value
        self.target = target
        self._samples: deque[tuple[float, bool]] = deque(maxlen=KEPT)

    @property
    def estimate(self) -> Estimate:
        """Wrong hits among the samples that would still be hits."""
        counted = [wrong for similarity, wrong in self._samples if similarity >= self.value]
        return wilson(sum(counted), len(counted))

    def judged(self, similarity: float, *, wrong: bool) -> bool:
        """Take one sample in, and rise as far as the samples ask for; whether it has risen.

        A single wrong hit raises it, as long as there are not enough right ones beside it to keep the target: wrong
        answers cost more than missed ones.
        """
        self._samples.append((similarity, wrong))
        before = self.value
        while self.estimate.rate > self.target:
            lowest = min(near for near, bad in self._samples if bad and near >= self.value)
            self.value = lowest + STEP
        return self.value > before
