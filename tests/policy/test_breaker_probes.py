"""Probes that hang, streams that have begun, and first tokens that are slow."""

from __future__ import annotations

from typing import Any

import pytest

from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.policy.failures import FailureRate
from ipfs_accel_async.policy.permit import Permit


def half_open(**more: Any) -> Breaker:
    """A breaker that opened at 0 and half-opens at 10; a probe may take 5."""
    settings: dict[str, Any] = {
        "failure_threshold": 1,
        "reset_timeout": 10.0,
        "max_reset_timeout": 80.0,
        "probe_timeout": 5.0,
    }
    breaker = Breaker(**{**settings, **more})
    breaker.record(taken(breaker, 0.0), "failed", 0.0)
    assert breaker.state(9.9) == "open"
    return breaker


def taken(breaker: Breaker, now: float) -> Permit:
    """A permit, which there is."""
    permit = breaker.try_acquire(now)
    assert permit is not None
    return permit


def test_a_probe_that_hangs_has_failed_at_the_end_of_its_time() -> None:
    """Open from that instant on, whoever looks when, for twice as long."""
    breaker = half_open()
    taken(breaker, 12.0)
    assert breaker.state(16.9) == "half-open"
    assert breaker.try_acquire(16.9) is None
    assert breaker.state(17.0) == "open"
    assert breaker.refused_for(20.0) == 17.0
    assert breaker.changes[-1] == ("open", 17.0)
    assert breaker.opened == 2
    assert breaker.open_seconds(20.0) == 13.0


def test_nobody_need_look_in_time() -> None:
    """Looked at long after, it was open from then to then, and has been half-open since."""
    breaker = half_open()
    taken(breaker, 12.0)
    assert breaker.state(500.0) == "half-open"
    assert list(breaker.changes)[-3:] == [("half-open", 10.0), ("open", 17.0), ("half-open", 37.0)]
    assert breaker.refused_for(500.0) is None


@pytest.mark.parametrize("outcome", ["ok", "throttled"])
def test_what_comes_back_after_all_closes_it(outcome: Any) -> None:
    """Whether it is open or half-open again by then; the next time it opens it is for the first wait."""
    for late in (18.0, 100.0):
        breaker = half_open()
        probe = taken(breaker, 12.0)
        assert breaker.state(17.0) == "open"
        breaker.record(probe, outcome, late)
        assert breaker.state(late) == "closed"
        breaker.record(probe, "failed", late)
        assert breaker.state(late) == "closed"
        breaker.record(taken(breaker, late), "failed", late)
        assert breaker.refused_for(late) == 10.0


@pytest.mark.parametrize("outcome", ["failed", "ignored"])
def test_what_fails_after_its_time_changes_nothing_more(outcome: Any) -> None:
    """It has failed already."""
    breaker = half_open()
    probe = taken(breaker, 12.0)
    breaker.record(probe, outcome, 20.0)
    assert (breaker.state(20.0), breaker.opened, breaker.refused_for(20.0)) == ("open", 2, 17.0)
    breaker.record(probe, "ok", 21.0)
    assert breaker.state(21.0) == "open"


def test_a_probe_that_was_given_back_does_not_hang() -> None:
    """Cancelled by its caller: half-open, however long nobody calls, and the next probe has its own time."""
    breaker = half_open()
    breaker.record(taken(breaker, 12.0), "ignored", 13.0)
    assert breaker.state(400.0) == "half-open"
    taken(breaker, 400.0)
    assert breaker.state(404.9) == "half-open"
    assert breaker.state(405.0) == "open"


def test_of_several_probes_the_oldest_counts() -> None:
    """With two out, the time is up when the first one's is; both may still come back."""
    breaker = half_open(half_open_permits=2)
    taken(breaker, 12.0)
    second = taken(breaker, 14.0)
    assert breaker.state(17.0) == "open"
    breaker.record(second, "ok", 18.0)
    assert breaker.state(18.0) == "closed"


def test_forced_open_it_stays_open_whatever_comes_back() -> None:
    """Somebody's word counts more than a late answer."""
    breaker = half_open()
    probe = taken(breaker, 12.0)
    assert breaker.state(17.0) == "open"
    breaker.force_open(18.0)
    breaker.record(probe, "ok", 19.0)
    assert breaker.state(19.0) == "open"
    assert breaker.refused_for(19.0) == 9.0


def test_closing_forgets_who_was_late() -> None:
    """A late answer does not close what has opened anew since."""
    breaker = half_open()
    late = taken(breaker, 12.0)
    breaker.record(taken(breaker, 40.0), "ok", 41.0)
    breaker.record(taken(breaker, 42.0), "failed", 42.0)
    breaker.record(late, "ok", 43.0)
    assert breaker.state(43.0) == "open"


def test_without_a_time_probes_may_take_for_ever() -> None:
    """The default of the policy."""
    breaker = half_open(probe_timeout=float("inf"))
    taken(breaker, 12.0)
    assert breaker.state(1e9) == "half-open"


@pytest.mark.parametrize("wrong", [{"probe_timeout": 0.0}, {"slow_after": 0.0}, {"probe_timeout": float("nan")}])
def test_times_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    """Said when it is made."""
    with pytest.raises(ValueError, match="must be above 0"):
        Breaker(**wrong)


def test_a_probe_that_has_begun_has_answered() -> None:
    """A stream's first token closes it; its end says nothing more."""
    breaker = half_open()
    probe = taken(breaker, 12.0)
    breaker.begun(probe, 1.0, 13.0)
    assert breaker.state(13.0) == "closed"
    breaker.record(probe, "failed", 100.0)
    assert breaker.state(100.0) == "closed"


def test_a_probe_that_begins_late_closes_it_too() -> None:
    """As one that ends late does."""
    breaker = half_open()
    probe = taken(breaker, 12.0)
    assert breaker.state(17.0) == "open"
    breaker.begun(probe, 8.0, 20.0)
    assert breaker.state(20.0) == "closed"


def slow_rule(**more: Any) -> Breaker:
    """Opens when half of at least four first tokens of late took more than 2 s."""
    return half_open(slow=FailureRate(rate=0.5, calls=4), slow_after=2.0, **more)


def closed(**more: Any) -> Breaker:
    """The same, closed."""
    breaker = slow_rule(**more)
    breaker.record(taken(breaker, 12.0), "ok", 12.0)
    return breaker


def test_slow_first_tokens_open_it() -> None:
    """Two of four, the last one slow; exactly the limit is not slow."""
    breaker = closed()
    for seconds in (2.0, 2.1, 1.0):
        breaker.begun(taken(breaker, 13.0), seconds, 13.0)
    assert breaker.state(13.0) == "closed"
    breaker.begun(taken(breaker, 13.0), 9.0, 13.0)
    assert breaker.state(13.0) == "open"
    assert breaker.refused_for(13.0) == 10.0


def test_samples_of_another_time_do_not_count() -> None:
    """A stream that began before it opened says nothing, nor do those counted before."""
    breaker = closed()
    stale = [taken(breaker, 13.0) for _ in range(9)]
    breaker.record(taken(breaker, 13.0), "failed", 13.0)
    breaker.record(taken(breaker, 24.0), "ok", 24.0)
    for permit in stale:
        breaker.begun(permit, 9.0, 25.0)
    assert breaker.state(25.0) == "closed"
    for _ in range(3):
        breaker.begun(taken(breaker, 25.0), 9.0, 25.0)
    assert breaker.state(25.0) == "closed"
    breaker.begun(taken(breaker, 25.0), 9.0, 25.0)
    assert breaker.state(25.0) == "open"


def test_a_slow_probe_has_failed() -> None:
    """It opens again, for longer; a quick one closes."""
    breaker = slow_rule()
    breaker.begun(taken(breaker, 12.0), 3.0, 15.0)
    assert (breaker.state(15.0), breaker.refused_for(15.0)) == ("open", 20.0)
    breaker = slow_rule()
    breaker.begun(taken(breaker, 12.0), 1.0, 13.0)
    assert breaker.state(13.0) == "closed"


def test_without_the_rule_first_tokens_say_nothing() -> None:
    """However late."""
    breaker = Breaker()
    for _ in range(100):
        breaker.begun(taken(breaker, 1.0), 1e6, 1.0)
    assert breaker.state(1.0) == "closed"
    assert not breaker.pristine
