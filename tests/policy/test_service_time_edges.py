"""Service time at the edges of its settings."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.service_time import ServiceTime


def test_the_first_value_is_the_mean() -> None:
    """To the last digit: nothing was there before it."""
    made = ServiceTime(samples=1)
    made.add(0.1)
    assert made.mean == 0.1


def test_a_weight_of_one_keeps_the_latest_value_only() -> None:
    """The largest weight there is."""
    made = ServiceTime(samples=1, weight=1)
    for seconds in (5.0, 3.0, 8.0):
        made.add(seconds)
    assert made.mean == 8.0


def test_the_refusal_has_the_ranges() -> None:
    """Both, in one line."""
    with pytest.raises(ValueError, match="service time") as caught:
        ServiceTime(samples=0)
    assert str(caught.value) == "a service time needs samples from 1 and a weight above 0, up to 1"
