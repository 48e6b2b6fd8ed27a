"""Quotas believe the service where it allows less: limits, what is left, and when it comes back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.quota import Cost, Limits, Quota, Reservation


class Told(list[tuple[str, float | None, float | None, float | None]]):
    """What a service said: name, limit, remaining, reset."""

    def readings(self) -> list[tuple[str, float | None, float | None, float | None]]:
        return self


def tell(quota: Quota, *reading: object, now: float = 0.0, learn: bool = True) -> None:
    """One reading."""
    quota.calibrate(Told([reading]), now, learn=learn)  # type: ignore[list-item]


def ready(quota: Quota, now: float = 0.0, cost: Cost | None = None) -> float:
    """When a call may go; `now` if at once."""
    found = quota.try_take(cost or Cost(), now)
    return now if isinstance(found, Reservation) else found


def test_nothing_left_until_the_window_ends() -> None:
    """Remaining 0 and a reset in 20 s, too soon for an even refill: the next grant is then, to the instant."""
    quota = Quota(Limits(rpm=60))
    tell(quota, "rpm", 60, 0, 20.0)
    assert ready(quota) == 20.0
    assert ready(quota, 19.999) == 20.0
    assert ready(quota, 20.0) == 20.0


def test_nothing_left_of_an_even_refill_waits_for_one_unit() -> None:
    """Remaining 0 and whole again in just a minute: a request comes back each second."""
    quota = Quota(Limits(rpm=60))
    tell(quota, "rpm", 60, 0, 60.0)
    assert ready(quota) == 1.0


def test_a_day_that_refills_evenly_is_not_waited_out() -> None:
    """Nothing is left of 14,400 a day, whole again in a day: the next one comes in six seconds."""
    quota = Quota(Limits(rpd=14_400))
    tell(quota, "rpd", 14_400, 0, 86_400.0)
    assert ready(quota) == 6.0


def test_more_than_is_counted_here_changes_nothing() -> None:
    """Downwards only: the service may have counted less than is on its way."""
    quota = Quota(Limits(rpm=60))
    for _ in range(6):
        quota.try_take(Cost(), 0.0)
    before = quota.state(0.0)
    tell(quota, "rpm", 60, 59, 1.0)
    tell(quota, "rpm", 6_000, 5_999, 0.01)
    assert quota.state(0.0) == before


@given(st.integers(0, 200), st.floats(0, 100), st.floats(0, 50))
def test_calibration_never_lets_anything_go_earlier(remaining: int, reset: float, now: float) -> None:
    """Whatever is said, no grant comes sooner than it would have without."""
    plain, told = Quota(Limits(rpm=100, tpm=1_000)), Quota(Limits(rpm=100, tpm=1_000))
    for quota in (plain, told):
        quota.try_take(Cost(1, 400), 0.0)
    tell(told, "rpm", 100, remaining, reset, now=now)
    tell(told, "tpm", 1_000, remaining * 5, reset, now=now)
    cost = Cost(1, 100)
    assert ready(told, now, cost) >= ready(plain, now, cost)


def test_a_limit_that_is_less_than_the_own_one_holds() -> None:
    """And one that grows again holds up to the own one."""
    quota = Quota(Limits(rpm=60))
    tell(quota, "rpm", 30, 30, 0.0)
    assert quota.limit_of("rpm") == 30
    tell(quota, "rpm", 600, 600, 0.0)
    assert quota.limit_of("rpm") == 60


def test_a_limit_that_nobody_set_is_learnt_where_wished() -> None:
    """From then on it is followed up and down."""
    quota = Quota(Limits())
    tell(quota, "tpm", 1_000, 400, 36.0, learn=False)
    assert not quota.counts_tokens
    tell(quota, "tpm", 1_000, 50, 57.0)
    assert (quota.limit_of("tpm"), quota.counts_tokens) == (1_000, True)
    assert quota.state(0.0)["tpm"]["at_once"] == pytest.approx(50)
    tell(quota, "tpm", 5_000, 5_000, 0.0)
    assert quota.limit_of("tpm") == 5_000


def test_nothing_left_of_a_limit_of_unknown_size_parks() -> None:
    """Until it resets, a minute at most."""
    quota = Quota(Limits())
    tell(quota, "rpm", None, 0, 12.0)
    assert ready(quota) == 12.0
    tell(quota, "rpm", None, 0, 7_200.0, now=12.0)
    assert ready(quota, 12.0) == 72.0


def test_what_makes_no_sense_is_ignored() -> None:
    """A limit of 0, and an answer that says nothing."""
    quota = Quota(Limits(rpm=60))
    tell(quota, "rpm", 0, None, None)
    tell(quota, "tpm", 0, 5, 1.0)
    quota.calibrate(Told(), 0.0)
    assert quota.limit_of("rpm") == 60
    assert ready(quota) == 0.0


def test_what_was_said_long_ago_has_refilled_since() -> None:
    """An answer's headers are older than its end: what they say counts from when they came."""
    quota = Quota(Limits(rpm=60))
    quota.try_take(Cost(), 30.0)
    tell(quota, "rpm", 60, 0, 5.0, now=0.0)
    assert ready(quota, 30.0) == 30.0


def test_a_smaller_limit_makes_a_call_too_large() -> None:
    """What fitted the own limit may not fit the service's."""
    quota = Quota(Limits(tpm=10_000))
    assert quota.too_large(Cost(1, 6_000)) is None
    tell(quota, "tpm", 5_000, 5_000, 0.0)
    assert quota.too_large(Cost(1, 6_000)) == "tpm"
    assert quota.try_take(Cost(1, 6_000), 0.0) == math.inf


@pytest.mark.parametrize(
    ("name", "cost", "free"),
    [
        ("tpm", Cost(1, 60, 40), Cost(0)),
        ("input_tpm", Cost(0, 100), Cost(1, 0, 100)),
        ("rpm", Cost(100), Cost(0, 100, 100)),
    ],
)
def test_a_limit_that_was_learnt_counts_what_it_is_of(name: str, cost: Cost, free: Cost) -> None:
    """A hundred a minute of these, and nothing of the others."""
    quota = Quota(Limits(burst_seconds=60.0))
    tell(quota, name, 100, None, None)
    assert quota.too_large(cost) is None
    assert ready(quota, cost=cost) == 0.0
    assert ready(quota, cost=free) == 0.0
    assert ready(quota, cost=cost) > 50.0
