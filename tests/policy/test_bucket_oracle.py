"""The token bucket against an exact oracle in fractions, and its bound in every window."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.bucket import TokenBucket
from tests.policy.bucket_histories import Oracle, histories

HISTORIES = 3_000
"""Of these; ``python -m tests.soak.limits`` plays 100,000."""


def test_thousands_of_histories_agree_with_the_oracle() -> None:
    """Every grant, refusal, instant and level; and in no window more than burst, refill and what came back."""
    assert histories(HISTORIES) == []


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 10**6)), max_size=40),
)
def test_any_rate_stays_within_rounding_of_the_oracle(rate: int, burst: int, steps: list[tuple[float, int]]) -> None:
    """Where floats round, the level is off by parts of a billionth, and so is the bound of a window."""
    bucket = TokenBucket(rate / 60, float(burst))
    oracle = Oracle(Fraction(rate, 60), Fraction(burst), Fraction(burst))
    now, taken = 0.0, []
    for pause, cost in steps:
        now += pause
        close = abs(bucket.level(now) - cost) < 1e-6 * burst
        if bucket.try_take(cost, now) is None:
            taken.append((now, cost))
            oracle.charge(Fraction(cost), Fraction(now))
        elif not close:
            assert cost > burst or oracle.look(Fraction(now)) < cost
        assert abs(bucket.level(now) - float(oracle.look(Fraction(now)))) <= 1e-6 * burst
    for first, (start, _) in enumerate(taken):
        total = 0
        for end, cost in taken[first:]:
            total += cost
            assert total <= (burst + (end - start) * rate / 60) * (1 + 1e-9)
