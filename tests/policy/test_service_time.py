"""Service time: an average that forgets, and a prediction that is silent when unsure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.service_time import ServiceTime


def told(*values: float, samples: int = 1) -> ServiceTime:
    """A service time that has seen these."""
    made = ServiceTime(samples=samples)
    for value in values:
        made.add(value)
    return made


def test_too_few_values_say_nothing() -> None:
    """One value short of enough, there is neither a mean nor a prediction."""
    made = told(*[1.0] * 19, samples=20)
    assert made.mean is None
    assert made.predicted_wait(1_000, 1) is None
    made.add(1.0)
    assert (made.mean, made.predicted_wait(10, 1)) == (1.0, 10.0)


@pytest.mark.parametrize(
    ("ahead", "places", "wait"), [(0, 1, None), (4, 5, None), (5, 5, 2.0), (15, 5, 6.0), (3, 1, 6.0)]
)
def test_the_wait_is_what_goes_first_over_the_places(ahead: int, places: int, wait: float | None) -> None:
    """Calls ahead times the mean over the places; fewer ahead than places is unsure."""
    assert told(2.0).predicted_wait(ahead, places) == wait


def test_the_first_values_weigh_the_same() -> None:
    """Until the weight of the latest value is reached it is the plain mean: no single value rules."""
    assert told(10.0, 0.0, 0.0, 0.0).mean == pytest.approx(2.5)


def test_an_outage_is_forgotten() -> None:
    """Fifty quick calls after ten that took minutes bring the mean down to seconds."""
    assert (told(*[300.0] * 10, *[1.0] * 50).mean or 0.0) < 3.0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=100))
def test_the_mean_stays_among_the_values(values: list[float]) -> None:
    """It is never below the least nor above the greatest value."""
    mean = told(*values).mean
    assert mean is not None
    assert min(values) - 1e-6 <= mean <= max(values) + 1e-6


@pytest.mark.parametrize("bad", [{"samples": 0}, {"weight": 0.0}, {"weight": 1.1}])
def test_bad_settings_are_refused(bad: dict[str, float]) -> None:
    """A setting out of range is a ValueError."""
    with pytest.raises(ValueError, match="service time"):
        ServiceTime(**bad)  # type: ignore[arg-type]
