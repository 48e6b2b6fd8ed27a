"""The thresholds of the namespaces."""

from __future__ import annotations

from ipfs_accel_async.semantic.thresholds import MOST, Thresholds


def test_each_namespace_learns_for_itself() -> None:
    """One that rises leaves the others; each keeps its own beginning."""
    made = Thresholds(0.8, {"legal": 0.95}, 0.0)
    assert made.of("a").judged(0.9, wrong=True)
    assert (made.of("a").value > 0.9, made.of("b").value, made.of("legal").value) == (True, 0.8, 0.95)
    assert set(made.stats()) == {"a", "b", "legal"}


def test_namespaces_without_end_take_no_memory_without_end() -> None:
    """Beyond so many they share one threshold, and what was known stays."""
    made = Thresholds(0.8, {}, 0.0)
    made.of("0").judged(0.9, wrong=True)
    for number in range(2 * MOST):
        made.of(str(number))
    assert len(made.stats()) <= MOST + 1
    assert made.of(str(2 * MOST)) is made.of("")
    assert made.of("0").value > 0.9
