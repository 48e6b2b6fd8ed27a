"""Quantiles and rates at the edges: rounding, and what is refused."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.window import Rate, Samples


@pytest.mark.parametrize(("q", "value"), [(0.5 + 3e-11, 5), (0.5 + 3e-10, 6), (0.5 - 3e-11, 5), (0.5, 5)])
def test_a_billionth_of_a_rank_is_rounding(q: float, value: float) -> None:
    """More than that is the next rank."""
    samples = Samples()
    for number in range(1, 11):
        samples.add(number)
    assert samples.quantile(q) == value


def test_the_latest_1024_values_are_seen_if_nothing_is_said() -> None:
    """The one before them counts in the extremes alone."""
    samples = Samples()
    for value in (0, *[1] * 1024):
        samples.add(value)
    assert (samples.quantile(0), samples.min) == (1, 0)


@pytest.mark.parametrize("q", [-0.1, 1.1, float("nan")])
def test_a_quantile_out_of_range_is_refused(q: float) -> None:
    """In one line, with the range."""
    with pytest.raises(ValueError, match=r"^a quantile is between 0 and 1$"):
        Samples().quantile(q)


@pytest.mark.parametrize(("made", "says"), [(Samples, "size must be at least 1"), (Rate, "seconds must be at least 1")])
def test_a_size_below_one_is_refused(made: type, says: str) -> None:
    """In one line, with the range."""
    with pytest.raises(ValueError, match=f"^{says}$"):
        made(0)
