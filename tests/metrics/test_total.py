"""The sum of several meters: what one meter would say that had counted all of their calls."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Usage
from ipfs_accel_async.metrics.meter import MAX_MODELS, OTHER, Meter, total
from ipfs_accel_async.metrics.report import report
from ipfs_accel_async.policy.window import Rate, Samples

ENDS = st.lists(
    st.tuples(
        st.sampled_from(["openai", "groq", "ollama"]),
        st.sampled_from(["a", "b"]),
        st.integers(0, 64).map(lambda eighths: eighths / 8),
        st.integers(0, 200),
        st.sampled_from([None, None, "ServerError"]),  # of two that are as frequent, either is the most common
        st.sampled_from([None, Usage(10, 5, 15, 4, 2, 3)]),
    ),
    max_size=60,
)


def meter(name: str = "all") -> Meter:
    """One that starts at 0."""
    return Meter(name, 0.0, 1_700_000_000.0)


@given(ENDS)
def test_a_total_is_what_one_meter_would_have_counted(
    ends: list[tuple[Any, ...]],
) -> None:
    """Counters, extremes, quantiles, rates, models, errors and tokens: the same report."""
    one = meter()
    several: dict[str, Meter] = {}
    now = 0.0
    for provider, model, seconds, at, error, usage in sorted(ends, key=lambda end: end[3]):
        now = float(at)
        for counting in (one, several.setdefault(provider, meter(provider))):
            counting.ended(model, seconds, now, error, usage)
            counting.queue_time.add(seconds / 2)
            counting.retries += 1
            counting.retry_causes["ServerError"] += 1
            counting.hedges += 2
            counting.batched += 3
    for moment in (now, now + 30.0, now + 600.0):
        made = report(total("all", 0.0, 1_700_000_000.0, several.values()), [], [], moment)
        assert made == report(one, [], [], moment)


def test_a_total_leaves_its_parts_as_they_are() -> None:
    """Two reports in a row are the same."""
    part = meter("openai")
    part.ended("m", 2.0, 5.0, None, Usage(10, 5, 15))
    before = report(part, [], [], 9.0)
    for _ in range(2):
        assert report(total("all", 0.0, part.since, [part, meter("groq")]), [], [], 9.0)["total_requests"] == 1
    assert report(part, [], [], 9.0) == before
    assert list(part.latency.latest) == [2.0]


def test_a_total_of_nothing_is_empty() -> None:
    """A client that has called nobody."""
    assert report(total("all", 0.0, 0.0, []), [], [], 1.0) == report(Meter("all", 0.0, 0.0), [], [], 1.0)


def test_a_total_has_no_more_models_than_a_meter() -> None:
    """Names beyond that share one entry, and none of their calls is lost."""
    parts = [meter("openai"), meter("groq")]
    for number in range(MAX_MODELS):
        parts[0].ended(f"a{number}", 1.0, 0.0, None, None)
        parts[1].ended(f"b{number}", 1.0, 0.0, None, None)
    made = total("all", 0.0, 0.0, parts)
    assert (len(made.models), made.models[OTHER].requests) == (MAX_MODELS + 1, MAX_MODELS)
    assert made.models[OTHER].latency.count == MAX_MODELS


def test_samples_take_up_others() -> None:
    """The latest of both are seen, and what comes later pushes the oldest out."""
    mine, other = Samples(4), Samples(4)
    for value in (5.0, 6.0):
        mine.add(value)
    for value in (1.0, 2.0, 3.0):
        other.add(value)
    mine.absorb(other)
    mine.absorb(Samples(4))
    assert (mine.count, mine.total, mine.min, mine.max, mine.quantile(0.5)) == (5, 17.0, 1.0, 6.0, 3.0)
    for value in range(10, 17):
        mine.add(float(value))
    assert (mine.latest.maxlen, list(mine.latest)) == (7, [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0])


def test_rates_of_different_ages_together() -> None:
    """The oldest one's age counts, a second without events too."""
    young, old = Rate(), Rate()
    old.add(0.0, 6)
    old.add(3.0, 0)
    young.add(9.0, 4)
    assert Rate.together([young, old]).per_second(9.0) == 1.0
    assert Rate.together([]).per_second(9.0) == 0.0
