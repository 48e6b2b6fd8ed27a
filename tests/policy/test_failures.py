"""The share of failures over a rolling window, against a list of what happened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.failures import FailureRate


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.5, 1.0, 2.9, 3.0, 29.0, 400.0])), max_size=80),
    st.sampled_from([0.25, 0.5, 1.0]),
    st.integers(1, 6),
)
def test_it_equals_a_list_of_what_happened(events: list[tuple[bool, float]], rate: float, calls: int) -> None:
    """Only calls of the last ten buckets count, only from the fewest calls on, and only a failure can be too many."""
    made = FailureRate(rate=rate, calls=calls, window=30)
    seen: list[tuple[int, bool]] = []
    now = 60.0
    for failed, step in events:
        now += step
        bucket = int(now / 3)
        seen.append((bucket, failed))
        late = [bad for at, bad in seen if at > bucket - 10]
        expected = failed and len(late) >= calls and sum(late) >= rate * len(late)
        assert made.add(failed, now) == expected


def test_forgetting_starts_over() -> None:
    """As when the breaker changes its state."""
    made = FailureRate(rate=0.5, calls=2)
    assert not made.add(True, 0.0)
    assert made.add(True, 0.0)
    made.clear()
    assert not made.add(True, 0.0)


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"rate": 1.1}, {"calls": 0}, {"window": 0}, {"window": float("inf")}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    """When it is built."""
    with pytest.raises(ValueError, match="failure rate"):
        FailureRate(**wrong)  # type: ignore[arg-type]
