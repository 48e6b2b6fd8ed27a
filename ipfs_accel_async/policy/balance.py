"""Which of several endpoints is asked first, and which next when that one has no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from ipfs_accel_async.policy.replica import Replica

Strategy = Literal["p2c", "weighted", "least-loaded", "latency", "cheapest", "prefix"]

SLACK = 1.25
"""A replica may have this much more than its share of the load, and is still asked for what it has cached."""


class Balancer:
    """Orders replicas by preference; those that are ejected come last, and so are asked when no other is left.

    ``p2c``: of two at random the one with less load times latency (power of two choices with peak EWMA; Mitzenmacher,
    "The Power of Two Choices in Randomized Load Balancing"). ``weighted``: in turn, by weight, evenly spread (nginx's
    smooth weighted round robin). ``least-loaded``: fewest calls in flight for its weight. ``latency``: the fastest;
    one that was never asked comes first. ``cheapest``: the lowest price, among equals the least loaded. ``prefix``: the
    one that had the same beginning of a prompt before, unless it has clearly more than its share of the load.

    Args:
        strategy: One of these.
        rng: For ``p2c``.
    """

    def __init__(self, strategy: Strategy, rng: random.Random) -> None:
        self.strategy = strategy
        self._rng = rng
        self._turn = 0

    def order(self, replicas: Sequence[Replica], now: float, avoid: str = "", home: str = "") -> list[Replica]:
        """All replicas, the one to ask first in front.

        Args:
            replicas: At least one.
            now: Loop time.
            avoid: Name of one that has just failed: it comes after the others.
            home: For ``prefix``, the name of the one that has the beginning of the prompt; empty if none has.
        """
        ranked = self._ranked(replicas, home)
        ranked.sort(key=lambda replica: (replica.ejected_until > now) * 2 + (replica.name == avoid))  # stable
        return ranked

    def took(self, replica: Replica, replicas: Sequence[Replica]) -> None:
        """Note that the choice fell on `replica`."""
        self._turn += 1
        replica.taken_at = self._turn
        replica.in_flight += 1
        if self.strategy == "weighted":
            for other in replicas:
                other.current += other.weight
            replica.current -= sum(other.weight for other in replicas)

    def _ranked(self, replicas: Sequence[Replica], home: str) -> list[Replica]:
        if self.strategy == "weighted":
            return sorted(replicas, key=lambda one: -(one.current + one.weight))
        if self.strategy == "latency":
            return sorted(replicas, key=lambda one: (one.latency.value or 0.0, load(one), one.taken_at))
        if self.strategy == "cheapest":
            return sorted(replicas, key=lambda one: (one.price, load(one), one.taken_at))
        if self.strategy == "p2c":
            ranked = sorted(replicas, key=cost)
            if len(ranked) > 2:
                first, second = sorted(self._rng.sample(range(len(ranked)), 2))
                ranked = [
                    ranked[first],
                    ranked[second],
                    *(r for at, r in enumerate(ranked) if at not in {first, second}),
                ]
            return ranked
        ranked = sorted(replicas, key=lambda one: (load(one), one.taken_at))
        if self.strategy == "prefix" and home:
            share = SLACK * (sum(one.in_flight for one in replicas) + 1) / sum(one.weight for one in replicas)
            for place, one in enumerate(ranked):
                if one.name == home and one.in_flight <= share * one.weight:
                    ranked.insert(0, ranked.pop(place))
                    break
        return ranked


def load(replica: Replica) -> float:
    """Calls in flight for its weight."""
    return replica.in_flight / replica.weight


def cost(replica: Replica) -> tuple[float, float]:
    """What one more call would wait there: latency times the calls before it and itself; unknown counts as none."""
    return (replica.latency.value or 0.0) * (replica.in_flight + 1) / replica.weight, load(replica)
