"""The thresholds of a semantic cache: one a namespace, each learning from its own samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.policy.threshold import Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping


MOST = 1_000
"""Namespaces that learn by themselves; further ones share the threshold of calls without a namespace."""


class Thresholds:
    """Thresholds by namespace, made on first use.

    Args:
        usual: To begin with.
        others: Of namespaces that begin with another.
        target: Most wrong hits of all.
    """

    def __init__(self, usual: float, others: Mapping[str, float], target: float) -> None:
        self._usual = usual
        self._target = target
        self._known = {name: Threshold(value, target) for name, value in others.items()}

    def of(self, namespace: str) -> Threshold:
        """The threshold of a namespace, with what shadow mode has learned."""
        found = self._known.get(namespace)
        if found is None:
            if namespace and len(self._known) >= MOST:
                return self.of("")
            found = self._known[namespace] = Threshold(self._usual, self._target)
        return found

    def stats(self) -> dict[str, dict[str, Any]]:
        """Of each namespace its threshold, and of what was judged the rate of false hits with its 95 % interval."""
        told = {}
        for name, one in self._known.items():
            rate, low, high, judged, wrong = one.estimate
            told[name] = {
                "threshold": one.value,
                "judged": judged,
                "false_hits": wrong,
                "false_hit_rate": rate,
                "interval": [low, high],
            }
        return told
