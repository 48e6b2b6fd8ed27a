"""Limits at their very edges, each by itself, and what a service says of limits that nobody set."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.allowance import DAY, MINUTE, Allowance
from ipfs_accel_async.policy.quota import Cost, Limits, Quota, Reservation

Reading = tuple[str, float | None, float | None, float | None]


class Saying:
    """What an answer said."""

    def __init__(self, *said: Reading) -> None:
        self.said = said

    def readings(self) -> tuple[Reading, ...]:
        """All of it."""
        return self.said


def left(quota: Quota, now: float = 0.0) -> dict[str, float]:
    """What is left of each limit."""
    return {name: state["remaining"] for name, state in quota.state(now).items() if name != "held_seconds"}


@pytest.mark.parametrize("name", ["rpm", "rpd", "tpm", "tpd", "input_tpm", "output_tpm"])
def test_each_limit_is_one_by_itself(name: str) -> None:
    """It counts its own kind, for its own time; tokens have to be counted for some of them only."""
    quota = Quota(limits := Limits(**{name: 100.0}, burst_seconds=60.0))
    assert (limits.any, limits.tokens, quota.counts_tokens) == (True, name[0] != "r", name[0] != "r")
    assert isinstance(quota.try_take(Cost(2, input=16, output=32, cached=8), 0.0), Reservation)
    used = {"rpm": 2, "rpd": 2, "tpm": 48, "tpd": 48, "input_tpm": 8, "output_tpm": 32}[name]
    assert left(quota) == {name: 100 - used}
    assert quota.state(0.0)[name]["window"] == (DAY if name.endswith("d") else MINUTE)
    assert (quota.limit_of(name), quota.cost_of(name, Cost(2, 16, 32, 8))) == (100.0, used)


def test_no_limit_is_none() -> None:
    """Nothing has to be counted, everything goes, and a call is one request."""
    quota = Quota(Limits())
    assert (Limits().any, Limits().tokens, quota.counts_tokens) == (False, False, False)
    assert isinstance(quota.try_take(Cost(10**9, 10**9, 10**9), 0.0), Reservation)
    assert quota.too_large(Cost(10**9)) is None
    assert (Cost().requests, Cost().tokens, Cost().uncached) == (1, 0, 0)
    assert quota.state(0.0) == {"held_seconds": 0.0}


def test_what_just_fits_is_not_too_large() -> None:
    """One more is, and the first limit that it passes is named."""
    quota = Quota(Limits(rpm=2, tpm=10, output_tpm=5))
    assert quota.too_large(Cost(2, input=5, output=5)) is None
    assert quota.too_large(Cost(2, input=6, output=5)) == "tpm"
    assert quota.too_large(Cost(3, input=6, output=6)) == "rpm"
    assert quota.too_large(Cost(1, input=0, output=6)) == "output_tpm"
    assert quota.try_take(Cost(3), 0.0) == float("inf")


def test_the_latest_instant_of_all_limits_is_the_one_to_ask_again() -> None:
    """Of two limits and a park; nothing is taken before."""
    quota = Quota(Limits(rpm=60, tpm=600, burst_seconds=1.0))
    assert isinstance(quota.try_take(Cost(1, input=40), 0.0), Reservation)
    assert quota.try_take(Cost(1, input=10), 0.0) == pytest.approx(4.0)
    assert left(quota) == {"rpm": 59, "tpm": 560}
    quota.park(9.0)
    quota.park(8.0)
    assert quota.try_take(Cost(1, input=10), 5.0) == 9.0
    assert (quota.state(5.0)["held_seconds"], quota.state(10.0)["held_seconds"]) == (4.0, 0.0)
    assert isinstance(quota.try_take(Cost(1), 9.0), Reservation)
    quota.park(20.0)
    quota.release()
    assert isinstance(quota.try_take(Cost(1), 11.0), Reservation)


def test_a_limit_that_nobody_set_is_learnt() -> None:
    """If it is one and may be; later the service may raise it, and lower it."""
    quota = Quota(Limits(burst_seconds=60.0))
    quota.calibrate(Saying(("rpm", 0.0, None, None), ("tpm", None, None, None)), 0.0)
    quota.calibrate(Saying(("rpm", 9.0, None, None)), 0.0, learn=False)
    assert left(quota) == {}
    quota.calibrate(Saying(("rpm", 0.5, None, None)), 0.0)
    assert (quota.limit_of("rpm"), quota.counts_tokens) == (0.5, False)
    quota.calibrate(Saying(("rpm", 30.0, None, None), ("tpd", 100.0, 40.0, None)), 0.0)
    assert (quota.limit_of("rpm"), quota.limit_of("tpd"), quota.counts_tokens) == (30.0, 100.0, True)
    assert left(quota) == {"rpm": 30.0, "tpd": 40.0}
    assert quota.state(0.0)["tpd"]["window"] == DAY
    quota.calibrate(Saying(("rpd", 5.0, None, None)), 0.0)
    assert quota.counts_tokens


def test_a_learnt_limit_begins_full_and_in_the_pace_of_the_others() -> None:
    """As much may go at once as of any: six seconds of sixty a minute are six, from the instant it is told."""
    quota = Quota(Limits())
    quota.calibrate(Saying(("rpm", 60.0, None, None)), 1_000.0)
    assert quota.state(1_000.0)["rpm"]["at_once"] == pytest.approx(6.0)
    assert quota.state(1_000.0)["rpm"]["remaining"] == 60.0


@pytest.mark.parametrize(
    ("remaining", "reset", "until"),
    [(0.0, 10.0, 110.0), (0.9, 10.0, 110.0), (1.0, 10.0, 0.0), (0.0, None, 0.0), (0.0, 500.0, 160.0)],
)
def test_a_limit_that_is_spent_and_has_no_size_holds_all(remaining: float, reset: float | None, until: float) -> None:
    """Until it is whole again, but for no more than a minute; what is said after it counts too."""
    quota = Quota(Limits(rpm=60))
    quota.calibrate(Saying(("rpm", None, None, None), ("tpm", None, remaining, reset), ("rpm", None, 7.0, None)), 100.0)
    assert max(quota.held_until, 0.0) == until
    assert left(quota, 100.0) == {"rpm": 7.0}


def test_what_was_not_used_comes_back_of_each_kind() -> None:
    """And what was used beyond it is charged; if nothing was sent all comes back."""
    quota = Quota(Limits(rpm=60, tpm=600, input_tpm=600, output_tpm=600, burst_seconds=60.0))
    taken = quota.try_take(Cost(1, input=100, output=50), 0.0)
    assert isinstance(taken, Reservation)
    taken.settle(Cost(1, input=110, output=20, cached=60), 0.0)
    assert left(quota) == {"rpm": 59, "tpm": 470, "input_tpm": 550, "output_tpm": 580}
    taken = quota.try_take(Cost(1, input=100, output=50), 0.0)
    assert isinstance(taken, Reservation)
    taken.settle(None, 0.0)
    assert left(quota) == {"rpm": 59, "tpm": 470, "input_tpm": 550, "output_tpm": 580}
    with pytest.raises(RuntimeError, match=r"^a reservation is settled once$"):
        taken.settle(None, 0.0)


def test_an_allowance_knows_what_it_is() -> None:
    """Its name, its kind and its bounds; of a window of a minute the burst is bounded, of a longer one it is not."""
    minute = Allowance("tpm", "tokens", 600.0, MINUTE, 6.0)
    longer = Allowance("tph", "tokens", 600.0, MINUTE + 1, 6.0)
    assert (minute.name, minute.kind, minute.limit, minute.window) == ("tpm", "tokens", 600.0, MINUTE)
    assert (minute.state(0.0)["at_once"], longer.state(0.0)["at_once"]) == (pytest.approx(60.0), 600.0)
    assert Allowance("rpm", "requests", 0.5, MINUTE, 6.0).state(0.0)["at_once"] == 0.5


def test_a_learnt_limit_follows_upwards_and_a_set_one_does_not() -> None:
    """The pace follows too."""
    for learnt, limit in ((True, 120.0), (False, 60.0)):
        allowance = Allowance("rpm", "requests", 60.0, MINUTE, 60.0, learnt=learnt)
        allowance.charge(60, 0.0)
        allowance.follow(120.0, 0.0)
        assert allowance.limit == limit
        assert allowance.ready_at(1, 0.0) == pytest.approx(60.0 / limit if learnt else 60.6)
