"""Quotas: several windows granted together or not at all, settled to what was used."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.quota import Cost, Limits, Quota, Reservation


def taken(quota: Quota, cost: Cost, now: float) -> Reservation:
    """A reservation that must succeed."""
    found = quota.try_take(cost, now)
    assert isinstance(found, Reservation)
    return found


def left(quota: Quota, name: str, now: float = 0.0) -> float:
    """What is left of a limit in its window."""
    return float(quota.state(now)[name]["remaining"])


def test_without_limits_everything_goes() -> None:
    """Also at once, and without end."""
    quota = Quota(Limits())
    for _ in range(1_000):
        taken(quota, Cost(1, 10**9, 10**9), 0.0).settle(Cost(1, 1, 1), 0.0)
    assert not quota.counts_tokens
    assert not Limits().any


@pytest.mark.parametrize(
    ("limits", "cost"),
    [
        (Limits(rpm=60, burst_seconds=60), Cost(1)),
        (Limits(rpd=60), Cost(1)),
        (Limits(tpm=6_000, burst_seconds=60), Cost(1, 60, 40)),
        (Limits(tpd=6_000), Cost(1, 60, 40)),
        (Limits(input_tpm=3_600, burst_seconds=60), Cost(1, 60, 40)),
        (Limits(output_tpm=2_400, burst_seconds=60), Cost(1, 60, 40)),
    ],
)
def test_each_limit_lets_its_number_go_and_no_more(limits: Limits, cost: Cost) -> None:
    """Sixty calls fit in each of these windows; the next one waits for the window to pass."""
    quota = Quota(limits)
    for _ in range(60):
        taken(quota, cost, 0.0)
    at = quota.try_take(cost, 0.0)
    window = 86_400.0 if limits.rpd or limits.tpd else 60.0
    assert isinstance(at, float)
    assert window < at <= window * 1.02


def test_a_minute_is_spread_and_a_day_is_not() -> None:
    """A tenth of a minute's requests go at once and the rest at their rate; a day's may all go in the morning."""
    quota = Quota(Limits(rpm=60))
    for _ in range(6):
        taken(quota, Cost(), 0.0)
    assert quota.try_take(Cost(), 0.0) == 1.0
    assert quota.try_take(Cost(), 0.999) == 1.0
    taken(quota, Cost(), 1.0)
    daily = Quota(Limits(rpd=1_000))
    for _ in range(1_000):
        taken(daily, Cost(), 0.0)


def test_a_rate_below_one_request_a_burst_still_lets_one_go() -> None:
    """Two requests a minute: one now, one in half a minute."""
    quota = Quota(Limits(rpm=2))
    taken(quota, Cost(), 0.0)
    assert quota.try_take(Cost(), 0.0) == 30.0


def test_all_or_nothing() -> None:
    """When one limit is short none is touched, and the instant is that of the last one to have room."""
    quota = Quota(Limits(rpm=600, tpm=6_000, burst_seconds=1))
    taken(quota, Cost(1, 100), 0.0)
    before = quota.state(0.0)
    assert quota.try_take(Cost(1, 100), 0.0) == 1.0
    assert quota.state(0.0) == before


def test_a_large_cost_within_the_limit_goes_and_is_paid_off() -> None:
    """A prompt of half a minute's tokens is not refused for passing the burst; what follows waits for it."""
    quota = Quota(Limits(tpm=6_000))
    taken(quota, Cost(1, 3_000), 0.0)
    assert quota.try_take(Cost(1, 100), 0.0) == pytest.approx(25.0)


def test_a_cost_above_a_limit_is_named_at_once() -> None:
    """It would wait for ever; the tightest name comes first."""
    quota = Quota(Limits(rpm=10, tpm=1_000, output_tpm=100))
    assert quota.try_take(Cost(1, 2_000), 0.0) == math.inf
    assert quota.too_large(Cost(1, 2_000)) == "tpm"
    assert quota.too_large(Cost(1, 500, 101)) == "output_tpm"
    assert quota.too_large(Cost(1, 900, 100)) is None
    assert (quota.limit_of("tpm"), quota.cost_of("tpm", Cost(1, 900, 99))) == (1_000, 999)


@pytest.mark.parametrize(
    ("actual", "remaining"),
    [(Cost(1, 20, 30), 9_950), (Cost(1, 3_000, 2_000), 5_000), (Cost(1, 400, 600), 9_000), (None, 10_000)],
)
def test_settling_refunds_or_charges_exactly(actual: Cost | None, remaining: float) -> None:
    """A thousand were reserved; fifty, five thousand, as many, or none at all were used."""
    quota = Quota(Limits(rpm=60, tpm=10_000))
    taken(quota, Cost(1, 400, 600), 0.0).settle(actual, 5.0)
    assert left(quota, "tpm", 5.0) == remaining
    assert left(quota, "rpm", 5.0) == (60 if actual is None else 59)


def test_a_reservation_is_settled_once() -> None:
    """A second time is a mistake of the caller's, not a second refund."""
    reservation = taken(Quota(Limits(rpm=5)), Cost(), 0.0)
    reservation.settle(None, 0.0)
    with pytest.raises(RuntimeError, match="settled once"):
        reservation.settle(None, 0.0)


def test_a_refund_of_long_ago_gives_nothing_back() -> None:
    """What was reserved has left the window by itself."""
    quota = Quota(Limits(tpm=1_000, burst_seconds=60))
    late = taken(quota, Cost(1, 1_000), 0.0)
    taken(quota, Cost(1, 1_000), 70.0)
    late.settle(Cost(1, 10), 71.0)
    assert left(quota, "tpm", 71.0) == 0


def test_cached_input_counts_in_the_sum_and_not_apart() -> None:
    """As the service counts that counts input tokens apart."""
    quota = Quota(Limits(tpm=10_000, input_tpm=10_000))
    taken(quota, Cost(1, 4_000), 0.0).settle(Cost(1, 4_000, 0, cached=3_000), 0.0)
    assert (left(quota, "tpm"), left(quota, "input_tpm")) == (6_000, 9_000)


def test_parking_holds_everything_until_then() -> None:
    """A shorter wish does not shorten a longer one; a release ends it."""
    quota = Quota(Limits(rpm=60))
    quota.park(20.0)
    quota.park(10.0)
    assert quota.try_take(Cost(), 5.0) == 20.0
    assert quota.state(5.0)["held_seconds"] == 15.0
    taken(quota, Cost(), 20.0)
    quota.park(100.0)
    quota.release()
    taken(quota, Cost(), 21.0)


@given(
    st.integers(1, 40),
    st.integers(50, 2_000),
    st.integers(1, 60),
    st.integers(0, 10**6),
)
def test_what_was_used_never_passes_a_limit_in_any_window(rpm: int, tpm: int, burst: int, seed: int) -> None:
    """Whatever is reserved, refunded, and when: as long as nobody uses more than was reserved."""
    rng, quota, now = random.Random(seed), Quota(Limits(rpm=rpm, tpm=tpm, burst_seconds=burst)), 0.0
    used: list[list[float]] = []
    out: list[tuple[Reservation, list[float]]] = []
    for _ in range(80):
        now += rng.choice((0.0, 0.01, 0.5, 3.0, rng.random() * 30))
        if out and rng.random() < 0.5:
            reservation, entry = out.pop(rng.randrange(len(out)))
            share = rng.choice((None, 0.0, rng.random(), 1.0))
            cost = reservation.cost
            actual = None if share is None else Cost(1, int(cost.input * share), int(cost.output * share))
            entry[1:] = [0, 0] if actual is None else [1, actual.tokens]
            reservation.settle(actual, now)
            continue
        cost = Cost(1, rng.randint(0, tpm // 2), rng.randint(0, tpm // 2))
        found = quota.try_take(cost, now)
        if isinstance(found, Reservation):
            used.append([now, 1, cost.tokens])
            out.append((found, used[-1]))
        elif rng.random() < 0.5:
            assert found > now
            now = found
            assert isinstance(quota.try_take(Cost(0), now), Reservation)
    for start, _, _ in used:
        inside = [entry for entry in used if start <= entry[0] <= start + 60]
        assert sum(entry[1] for entry in inside) <= rpm
        assert sum(entry[2] for entry in inside) <= tpm
