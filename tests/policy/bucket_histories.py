"""Random histories of a token bucket, and an exact oracle in fractions that replays them."""

from __future__ import annotations

import random
from fractions import Fraction

from ipfs_accel_async.policy.bucket import TokenBucket

INFINITY = Fraction(10**30)


class Oracle:
    """A bucket that drips, in exact arithmetic: as plain as can be."""

    def __init__(self, rate: Fraction, burst: Fraction, depth: Fraction) -> None:
        self.rate, self.burst, self.depth = rate, burst, max(depth, burst)
        self.level, self.at = burst, Fraction(0)

    def look(self, now: Fraction) -> Fraction:
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        return self.level

    def try_take(self, cost: Fraction, now: Fraction) -> Fraction | None:
        level = self.look(now)
        if cost > self.depth:
            return INFINITY
        need = min(cost, self.burst)
        if level < need:
            return now + (need - level) / self.rate
        self.level -= cost
        return None

    def charge(self, amount: Fraction, now: Fraction) -> None:
        level = self.look(now)
        self.level = max(level - amount, min(level, -self.depth))

    def refund(self, amount: Fraction, now: Fraction) -> None:
        self.level = min(self.burst, self.look(now) + amount)

    def lower(self, amount: Fraction, now: Fraction) -> None:
        self.level = min(self.look(now), amount)


def history(seed: int, *, steps: int = 24, refunds: bool = False) -> list[str]:
    """Play one history against the oracle; what went wrong, in words.

    Rates are powers of two and times are sixty-fourths, so that the floats are exact and must agree to the last bit.
    """
    rng = random.Random(seed)
    rate, burst = Fraction(2) ** rng.randint(-4, 6), Fraction(rng.randint(1, 40))
    depth = burst if rng.random() < 0.5 else burst + rng.randint(0, 60)
    bucket, oracle = TokenBucket(float(rate), float(burst), depth=float(depth)), Oracle(rate, burst, depth)
    now, wrong = Fraction(0), []
    taken: list[tuple[Fraction, Fraction]] = []
    back: list[tuple[Fraction, Fraction]] = []
    for _ in range(steps):
        pause = rng.choice((0, 0, 1, 2, 7, 64, 640, 64 * 3600))
        now += Fraction(pause, 64)
        amount = Fraction(rng.randint(0, rng.choice((2, 10, int(depth) + 1))))
        deed = rng.random()
        if deed < 0.75:
            told, exact = bucket.try_take(float(amount), float(now)), oracle.try_take(amount, now)
            if (told is None) != (exact is None):
                wrong.append(f"seed {seed}: {amount} at {now}: {told} instead of {exact}")
            elif told is None:
                taken.append((now, amount))
            elif exact is not None and exact != INFINITY:
                if Fraction(told) != exact:
                    wrong.append(f"seed {seed}: told {told} instead of {exact}")
                if rng.random() < 0.5 and (exact * 64).denominator == 1:
                    now = exact  # go on at just that instant
        elif deed < 0.85 and refunds:
            bucket.refund(float(amount), float(now))
            oracle.refund(amount, now)
            back.append((now, amount))
        elif deed < 0.93:
            bucket.charge(float(amount), float(now))
            oracle.charge(amount, now)
        else:
            bucket.lower(float(amount), float(now))
            oracle.lower(amount, now)
        if Fraction(bucket.level(float(now))) != oracle.look(now):
            wrong.append(f"seed {seed}: level {bucket.level(float(now))} instead of {oracle.level} at {now}")
    return wrong + _over(seed, taken, back, rate, oracle.depth)


def _over(
    seed: int,
    taken: list[tuple[Fraction, Fraction]],
    back: list[tuple[Fraction, Fraction]],
    rate: Fraction,
    depth: Fraction,
) -> list[str]:
    """Windows with more than the bound: what a full bucket and its refill give, and what came back within."""
    for first, (start, _) in enumerate(taken):
        total = Fraction(0)
        for end, amount in taken[first:]:
            total += amount
            bound = depth + rate * (end - start) + sum(more for at, more in back if start <= at <= end)
            if total > bound:
                return [f"seed {seed}: {total} in [{start}, {end}], above {bound}"]
    return []


def histories(count: int, first: int = 0) -> list[str]:
    """What went wrong in `count` histories, those with refunds among them."""
    return [line for seed in range(first, first + count) for line in history(seed, refunds=seed % 3 == 0)]
