"""What is known of a replica: its latency and its failures."""

from __future__ import annotations

from math import exp

import pytest

from ipfs_accel_async.policy.ejection import Ejection
from ipfs_accel_async.policy.replica import WINDOW, PeakEwma, Replica, Tally


def test_a_slow_answer_shows_at_once_and_fades_slowly() -> None:
    """The average jumps to a peak and comes down by what time has passed."""
    latency = PeakEwma(decay=10.0)
    assert latency.value is None
    latency.add(0.1, 0.0)
    latency.add(2.0, 1.0)
    assert latency.value == 2.0
    latency.add(0.1, 11.0)
    share = exp(-1.0)
    assert latency.value == pytest.approx(2.0 * share + 0.1 * (1 - share))
    latency.add(0.1, 11.0)
    assert latency.value == pytest.approx(2.0 * share + 0.1 * (1 - share))


def test_a_tally_forgets_after_its_window() -> None:
    """Two halves roll; after a whole window of silence nothing is left."""
    tally = Tally()
    tally.add(True, 0.0)
    tally.add(False, 1.0)
    assert tally.counts(WINDOW / 2 - 0.1) == (2, 1)
    tally.add(False, WINDOW / 2)
    assert tally.counts(WINDOW / 2) == (3, 1)
    assert tally.counts(WINDOW) == (1, 0)
    assert tally.counts(WINDOW * 3) == (0, 0)
    tally.add(True, WINDOW * 3)
    tally.forget()
    assert tally.counts(WINDOW * 3) == (0, 0)


def played(failures: list[int], calls: int = 20) -> list[Replica]:
    """Replicas with as many calls each, of which so many failed."""
    replicas = []
    for number, failed in enumerate(failures):
        one = Replica(str(number))
        for call in range(calls):
            one.tally.add(call < failed, 1.0)
        replicas.append(one)
    return replicas


def test_the_one_that_fails_more_than_the_others_is_ejected() -> None:
    """Its share is above theirs by the margin; it is out for a while, each time in a row for longer."""
    ejection = Ejection(seconds=30.0, longest=50.0)
    replicas = played([10, 1, 0])
    assert ejection.judge(replicas[0], replicas, 1.0)
    assert replicas[0].ejected_until == 31.0
    assert not ejection.judge(replicas[0], replicas, 1.0)
    for _ in range(20):
        replicas[0].tally.add(True, 31.0)
        replicas[1].tally.add(False, 31.0)
    assert ejection.judge(replicas[0], replicas, 31.0)
    assert replicas[0].ejected_until == 81.0


def test_good_calls_after_the_return_forget_the_past() -> None:
    """A window of good answers makes the next ejection a first one."""
    ejection = Ejection(calls=5)
    replicas = played([10, 0])
    assert ejection.judge(replicas[0], replicas, 1.0)
    for _ in range(4):
        replicas[0].tally.add(False, 40.0)
        ejection.recovered(replicas[0], 40.0)
    assert replicas[0].ejections == 1
    replicas[0].tally.add(False, 40.0)
    ejection.recovered(replicas[0], 40.0)
    assert replicas[0].ejections == 0


@pytest.mark.parametrize(
    ("failures", "calls"),
    [
        pytest.param([20], 20, id="the only one"),
        pytest.param([20, 20, 20], 20, id="all fail alike"),
        pytest.param([5, 2, 2], 20, id="within the margin"),
        pytest.param([9, 0, 0], 9, id="too few calls"),
    ],
)
def test_who_is_not_ejected(failures: list[int], calls: int) -> None:
    """The last one, one like the others, and one of which little is known stay."""
    replicas = played(failures, calls)
    assert not Ejection().judge(replicas[0], replicas, 1.0)
    assert replicas[0].ejected_until < 1.0


def test_at_most_half_are_out_at_a_time() -> None:
    """Of four, two can be ejected, the third cannot."""
    ejection = Ejection()
    replicas = played([20, 20, 20, 0])
    replicas[3].tally.forget()
    for _ in range(500):
        replicas[3].tally.add(False, 1.0)
    assert [ejection.judge(one, replicas, 1.0) for one in replicas[:3]] == [True, True, False]


@pytest.mark.parametrize("wrong", [{"calls": 0}, {"margin": 0.0}, {"margin": 1.0}, {"seconds": 0.0}, {"longest": 1.0}])
def test_an_ejection_checks_its_settings(wrong: dict[str, float]) -> None:
    """Values that make no sense are refused when it is made."""
    with pytest.raises(ValueError, match="ejection"):
        Ejection(**wrong)  # type: ignore[arg-type]
