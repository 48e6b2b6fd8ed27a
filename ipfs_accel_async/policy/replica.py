"""What is known of one of several endpoints that serve the same: its load, its speed, its failures."""

from __future__ import annotations

from math import exp

DECAY = 10.0
"""Seconds after which an old latency weighs a third."""
WINDOW = 30.0
"""Seconds over which failures are counted, in two halves."""


class PeakEwma:
    """A latency that jumps up with a slow answer and comes down slowly: a struggling server is seen at once.

    Source: Finagle's peak EWMA load metric (Twitter, "Peak EWMA").

    Args:
        decay: Seconds after which a value weighs a third.
    """

    __slots__ = ("_at", "_decay", "value")

    def __init__(self, decay: float = DECAY) -> None:
        self._decay = decay
        self._at = 0.0
        self.value: float | None = None

    def add(self, seconds: float, now: float) -> None:
        """Count an answer that took `seconds`."""
        known = self.value
        if known is None or seconds >= known:
            self.value = seconds
        else:
            share = exp(-max(now - self._at, 0.0) / self._decay)
            self.value = known * share + seconds * (1.0 - share)
        self._at = now


class Tally:
    """Answers and failures of the last half minute or so: the running half and the one before it."""

    __slots__ = ("_begun", "_now", "_old")

    def __init__(self) -> None:
        self._begun = 0.0
        self._old = (0, 0)
        self._now = [0, 0]

    def add(self, failed: bool, now: float) -> None:
        """Count one call."""
        self._turn(now)
        self._now[0] += 1
        self._now[1] += failed

    def counts(self, now: float) -> tuple[int, int]:
        """Calls, and how many of them failed."""
        self._turn(now)
        return self._old[0] + self._now[0], self._old[1] + self._now[1]

    def forget(self) -> None:
        """Begin anew."""
        self._old, self._now = (0, 0), [0, 0]

    def _turn(self, now: float) -> None:
        if now - self._begun < WINDOW / 2:
            return
        late = now - self._begun >= WINDOW
        self._old = (0, 0) if late else (self._now[0], self._now[1])
        self._now = [0, 0]
        self._begun = now


class Replica:
    """One endpoint of several.

    Args:
        name: What it is called.
        weight: Its share of the calls, beside those of the others; above 0.
        price: What a call costs there, in any unit; only compared.

    Attributes:
        in_flight: Calls under way.
        calls: Calls that ended there, of which `failures` failed; `tokens` is what they used.
        latency: Seconds to the first byte or token.
        tally: Its answers and failures.
        taken_at: Number of the choice that fell on it last.
        current: Place in the smooth weighted round.
        ejected_until: Loop time until which it is only asked when no other is left.
        ejections: How often in a row it was ejected.
    """

    __slots__ = (
        "calls",
        "current",
        "ejected_until",
        "ejections",
        "failures",
        "in_flight",
        "latency",
        "name",
        "price",
        "taken_at",
        "tally",
        "tokens",
        "weight",
    )

    def __init__(self, name: str, weight: float = 1.0, price: float = 0.0) -> None:
        if not weight > 0:
            raise ValueError("a replica's weight is above 0")
        self.name = name
        self.weight = weight
        self.price = price
        self.in_flight = 0
        self.calls = self.failures = self.tokens = 0
        self.latency = PeakEwma()
        self.tally = Tally()
        self.taken_at = 0
        self.current = 0.0
        self.ejected_until = float("-inf")
        self.ejections = 0
