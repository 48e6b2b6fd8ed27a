"""The breaker's table of transitions, case by case."""

from __future__ import annotations

import pytest

from ipfs_accel_async.policy.breaker import Breaker


def opened(at: float = 0.0, **settings) -> Breaker:
    breaker = Breaker(failure_threshold=1, **settings)
    breaker.record(breaker.try_acquire(at), "failed", at)
    return breaker


def fail(breaker: Breaker, now: float, times: int = 1) -> None:
    for _ in range(times):
        breaker.record(breaker.try_acquire(now), "failed", now)


def test_it_opens_exactly_at_the_threshold():
    """Four failures in a row leave it closed, the fifth opens it."""
    breaker = Breaker()
    fail(breaker, 1, times=4)
    assert breaker.state(1) == "closed"
    fail(breaker, 2)
    assert breaker.state(2) == "open"
    assert breaker.try_acquire(2) is None
    assert (breaker.opened, list(breaker.changes)) == (1, [("open", 2)])


def test_a_success_starts_the_count_anew():
    """Only consecutive failures count."""
    breaker = Breaker()
    for _ in range(20):
        fail(breaker, 0, times=4)
        breaker.record(breaker.try_acquire(0), "ok", 0)
    assert breaker.state(0) == "closed"


@pytest.mark.parametrize("outcome", ["ignored", "throttled"])
def test_cancellations_and_429s_leave_a_closed_breaker_alone(outcome):
    """A storm of either neither opens it nor excuses the failures around it."""
    breaker = Breaker()
    fail(breaker, 0, times=4)
    for _ in range(10_000):
        breaker.record(breaker.try_acquire(0), outcome, 0)
    assert breaker.state(0) == "closed"
    fail(breaker, 0)
    assert breaker.state(0) == "open"


def test_it_becomes_half_open_when_the_reset_timeout_is_over():
    """The boundary is exact, and refused_for counts down to it."""
    breaker = opened(10.0)
    assert breaker.refused_for(10) == 30
    assert breaker.refused_for(39.5) == 0.5
    assert breaker.try_acquire(39.999) is None
    assert breaker.state(40) == "half-open"
    assert breaker.refused_for(40) is None
    assert breaker.try_acquire(40).probe


def test_the_change_to_half_open_is_dated_when_it_was_due():
    """The record does not depend on when somebody looked."""
    breaker = opened()
    assert breaker.state(500) == "half-open"
    assert list(breaker.changes) == [("open", 0), ("half-open", 30)]
    assert breaker.open_seconds(500) == 30


@pytest.mark.parametrize("permits", [1, 3])
def test_a_thousand_callers_get_exactly_the_permitted_probes(permits):
    """When it turns half-open only the permitted probes pass; everyone else is refused."""
    breaker = opened(half_open_permits=permits)
    taken = [breaker.try_acquire(30) for _ in range(1000)]
    assert sum(permit is not None for permit in taken) == permits
    assert breaker.refused_for(30) > 0


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("ok", "closed"), ("throttled", "closed"), ("failed", "open"), ("ignored", "half-open")],
)
def test_what_a_probe_decides(outcome, state):
    """An answer closes it, a failure opens it again, a cancelled probe decides nothing."""
    breaker = opened()
    breaker.record(breaker.try_acquire(30), outcome, 31)
    assert breaker.state(31) == state


def test_a_cancelled_probe_gives_its_permit_back():
    """However many probes are cancelled, the next call can probe: it is never wedged."""
    breaker = opened()
    for _ in range(100):
        breaker.record(breaker.try_acquire(30), "ignored", 30)
    assert breaker.try_acquire(30) is not None
    assert breaker.try_acquire(30) is None


def test_a_failed_probe_opens_it_for_a_whole_timeout():
    """The second opening counts from the probe's failure."""
    breaker = opened()
    breaker.record(breaker.try_acquire(30), "failed", 35)
    assert breaker.state(64.9) == "open"
    assert breaker.state(65) == "half-open"
    assert breaker.opened == 2
    assert breaker.open_seconds(65) == 60


def test_results_of_an_earlier_generation_change_nothing():
    """Calls that began before it opened neither close a half-open breaker nor open it again."""
    breaker = Breaker(failure_threshold=2)
    early = [breaker.try_acquire(0) for _ in range(4)]
    fail(breaker, 0, times=2)
    breaker.record(early[0], "ok", 1)
    assert breaker.state(1) == "open"
    probe = breaker.try_acquire(30)
    breaker.record(early[1], "ok", 31)
    breaker.record(early[2], "failed", 31)
    assert breaker.state(31) == "half-open"
    breaker.record(probe, "ok", 32)
    breaker.record(early[3], "failed", 33)
    fail(breaker, 33)
    assert breaker.state(33) == "closed"


def test_a_permit_counts_once():
    """Recording the same permit again is ignored."""
    breaker = Breaker(failure_threshold=2)
    permit = breaker.try_acquire(0)
    for _ in range(5):
        breaker.record(permit, "failed", 0)
    assert breaker.state(0) == "closed"


def test_giving_a_probe_back_twice_frees_one_permit():
    """A double release cannot admit an additional probe."""
    breaker = opened()
    permit = breaker.try_acquire(30)
    breaker.record(permit, "ignored", 30)
    breaker.record(permit, "ignored", 30)
    assert breaker.try_acquire(30) is not None
    assert breaker.try_acquire(30) is None


def test_forcing_it_open_and_closed():
    """Both forces work from every state and drop the results of calls under way."""
    breaker = Breaker(failure_threshold=1)
    under_way = breaker.try_acquire(0)
    breaker.force_close(0)
    breaker.record(under_way, "failed", 0)
    assert breaker.state(0) == "closed"
    breaker.force_open(1)
    breaker.force_open(11)
    assert breaker.state(40) == "open"
    assert breaker.state(41) == "half-open"
    breaker.force_open(42)
    breaker.force_close(50)
    assert breaker.state(50) == "closed"
    assert breaker.open_seconds(60) == 48
    assert breaker.opened == 2
    states = [state for state, _ in breaker.changes]
    assert states == ["open", "half-open", "open", "closed"]


def test_history_is_bounded():
    """However often it flaps, changes keeps the latest few."""
    breaker = opened(history=3)
    for cycle in range(1, 1000):
        breaker.record(breaker.try_acquire(cycle * 30), "failed", cycle * 30)
    assert len(breaker.changes) == 3
    assert breaker.opened == 1000


def test_the_listener_hears_every_change_in_order():
    """on_change gets state and time, after the change is visible."""
    heard = []
    breaker = Breaker(failure_threshold=1, on_change=lambda state, at: heard.append((state, at, breaker.state(at))))
    fail(breaker, 1)
    breaker.record(breaker.try_acquire(40), "ok", 41)
    assert heard == [("open", 1, "open"), ("half-open", 31, "half-open"), ("closed", 41, "closed")]


def test_a_listener_that_raises_breaks_nothing():
    """The exception reaches the caller; the change holds, and the probe's permit is still there to take."""

    def complain(state: str, at: float) -> None:
        raise LookupError(state)

    breaker = Breaker(failure_threshold=1, on_change=complain)
    with pytest.raises(LookupError):
        fail(breaker, 0)
    assert breaker.state(0) == "open"
    with pytest.raises(LookupError):
        breaker.try_acquire(30)
    probe = breaker.try_acquire(30)
    with pytest.raises(LookupError):
        breaker.record(probe, "ok", 30)
    assert breaker.state(30) == "closed"


def test_a_listener_may_call_the_breaker():
    """A listener that closes it at once leaves it closed and working."""
    breaker = Breaker(failure_threshold=1)
    breaker.on_change = lambda state, at: breaker.force_close(at) if state == "open" else None
    fail(breaker, 0, times=3)
    assert breaker.state(0) == "closed"
    assert breaker.opened == 3
    assert breaker.try_acquire(0) is not None


@pytest.mark.parametrize(
    "settings",
    [
        {"failure_threshold": 0},
        {"half_open_permits": 0},
        {"history": 0},
        {"reset_timeout": -1},
        {"reset_timeout": float("inf")},
        {"reset_timeout": float("nan")},
    ],
)
def test_bad_settings_are_refused(settings):
    """Settings out of range fail when built."""
    with pytest.raises(ValueError, match="must be"):
        Breaker(**settings)
