"""Ejections at the edges of their settings, and at the instant at which they end."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.ejection import Ejection
from ipfs_accel_async.policy.replica import Replica


def played(failures: list[int], calls: int = 10) -> list[Replica]:
    """Replicas with as many calls each, of which so many failed."""
    replicas = [Replica(str(number)) for number in range(len(failures))]
    for one, failed in zip(replicas, failures, strict=True):
        for call in range(calls):
            one.tally.add(call < failed, 1.0)
    return replicas


def test_by_default_two_failures_of_ten_are_enough_beside_none() -> None:
    """Out for half a minute then, and its tally begins anew."""
    replicas = played([2, 0, 0])
    assert Ejection().judge(replicas[0], replicas, 1.0)
    assert (replicas[0].ejected_until, replicas[0].ejections) == (31.0, 1)
    assert replicas[0].tally.counts(1.0) == (0, 0)
    replicas = played([1, 0, 0])
    assert not Ejection().judge(replicas[0], replicas, 1.0)


def test_the_margin_is_above_what_the_others_fail_together() -> None:
    """Of twenty calls of theirs four failed, a fifth: two fifths are too many, and less is not."""
    replicas = played([4, 4, 0])
    assert Ejection().judge(replicas[0], replicas, 1.0)
    replicas = played([3, 4, 0])
    assert not Ejection().judge(replicas[0], replicas, 1.0)


def test_by_default_no_ejection_is_longer_than_five_minutes() -> None:
    """Half a minute more each time, ten times."""
    ejection, spans, now = Ejection(), [], 1.0
    one, other = played([0, 0])
    for _ in range(12):
        for _ in range(10):
            one.tally.add(True, now)
            other.tally.add(False, now)
        assert ejection.judge(one, [one, other], now)
        spans.append(one.ejected_until - now)
        now = one.ejected_until
    assert spans == [min(30.0 * number, 300.0) for number in range(1, 13)]


def test_nobody_is_compared_with_those_that_were_never_asked() -> None:
    """They may be worse."""
    one = played([10])[0]
    assert not Ejection().judge(one, [one, Replica("a"), Replica("b")], 1.0)


def test_one_whose_time_is_over_is_not_counted_as_out() -> None:
    """At that very instant another may be ejected; the instant before it may not."""
    for now, out in ((10.0, True), (9.9, False)):
        replicas = played([10, 0])
        replicas[1].ejected_until = 10.0
        assert Ejection().judge(replicas[0], replicas, now) is out


def test_of_three_one_may_be_out_and_of_two_one() -> None:
    """Half of them, rounded down."""
    replicas = played([10, 10, 0])
    assert [Ejection(margin=0.1).judge(one, replicas, 1.0) for one in replicas[:2]] == [True, False]
    replicas = played([10, 0])
    assert Ejection().judge(replicas[0], replicas, 1.0)


def test_the_past_is_forgotten_only_after_good_calls_alone() -> None:
    """As many as say anything, none of them failed, and not while it is out."""
    ejection = Ejection(calls=3)
    one = Replica("a")
    one.ejections, one.ejected_until = 2, 40.0
    for _ in range(3):
        one.tally.add(False, 39.9)
    ejection.recovered(one, 39.9)
    assert one.ejections == 2
    ejection.recovered(one, 40.0)
    assert one.ejections == 0
    one.ejections = 1
    one.tally.add(True, 40.0)
    ejection.recovered(one, 40.0)
    assert one.ejections == 1


@pytest.mark.parametrize(
    "good", [{"calls": 1}, {"seconds": 300.0}, {"seconds": 0.5}, {"margin": 0.999}, {"longest": 30.0}]
)
def test_the_ends_of_each_range_are_in_it(good: dict[str, float]) -> None:
    """One call, a first ejection as long as the longest."""
    Ejection(**good)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"calls": 0}, {"margin": 1}, {"seconds": 0}, {"seconds": -1.0}, {"longest": 29.9}])
def test_what_is_out_of_range_is_told_in_full(wrong: dict[str, float]) -> None:
    """All three ranges in one line."""
    with pytest.raises(ValueError, match=r"^an ejection needs") as caught:
        Ejection(**wrong)  # type: ignore[arg-type]
    words = "an ejection needs calls from 1, a margin between 0 and 1, and seconds up to the longest"
    assert str(caught.value) == words
