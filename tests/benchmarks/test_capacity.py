"""The benchmarks of capacity on a small scale: their promises hold there too, as their seconds are virtual ones."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import fairness
from benchmarks.adaptive import KNEE, run
from tests.virtual_loop import VirtualLoop


@pytest.mark.parametrize(("kind", "more"), [("refuses", {}), ("queues", {}), ("slows", {"latency_tolerance": 1.2})])
def test_what_is_found_is_near_the_best(kind: str, more: dict[str, float]) -> None:
    """At least four fifths of what the right number serves, beginning included."""
    best, _, _ = run(kind, 30.0, max_concurrent_requests=KNEE)
    found, _, limit = run(kind, 30.0, max_concurrent_requests=200, adaptive_concurrency=True, **more)
    assert found >= 0.8 * best
    assert limit < 70


@pytest.mark.parametrize("way", ["tenants", "priorities, 6 places reserved"])
def test_people_hardly_notice_a_flood(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slowest calls take at most twice as long beside three hundred that wait."""
    monkeypatch.setattr(fairness, "FLOOD", 300)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        alone = runner.run(fairness.measure(way, 60, flooded=False))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        beside = runner.run(fairness.measure(way, 60, flooded=True))
    assert beside <= 2 * alone
