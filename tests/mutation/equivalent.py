"""Mutants that change nothing anyone could notice, each with the reason; they do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mutation.mutants import Mutant

NO_STEP = "the loop over what has passed has no step then"

PARTS = "parts = [Member(call, one, form.weigh(one), gathering.loop.create_future(), whole={}) for one in pieces]"

BEST = "return self.each.index(rank, least.index(rank) << BLOCK)"
FROM_START = "no place before it has that number: it takes longer"

EQUIVALENT: dict[str, list[tuple[str, str, str]]] = {
    "batcher.py": [
        (
            "if not part.future.cancel() and not part.future.cancelled():",
            "if part.future.cancel() and not part.future.cancelled():",
            "to cancel a future that has failed keeps the loop from hearing of it as well",
        ),
        (
            PARTS.format("False"),
            PARTS.format("None"),
            "None is as false as False",
        ),
    ],
    "policy/breaker.py": [
        ("self._generation += 1", "self._generation -= 1", "only tells periods apart"),
        ("self._generation += 1", "self._generation += 2", "only tells periods apart"),
        (
            "whole = min(self._reset_timeout * 2.0 ** min(self._reopened, 60), self._longest)",
            "whole = min(self._reset_timeout * 2.0 ** min(self._reopened, 61), self._longest)",
            "the longest wait is reached long before; this keeps the power from overflowing",
        ),
    ],
    "policy/budget.py": [("if behind <= 0:", "if behind < 0:", NO_STEP)],
    "policy/ranks.py": [
        ("if rank <= least[block]:", "if rank < least[block]:", "the next branch finds the same number then"),
        (BEST, "return self.each.index(rank, )", FROM_START),
        (BEST, "return self.each.index(rank, least.index(rank) >> BLOCK)", FROM_START),
    ],
    "policy/spread.py": [
        (
            "if len(self._failing) < self._models:",
            "if len(self._failing) <= self._models:",
            "one more name is kept, of a set whose size is enough already",
        )
    ],
    "policy/window.py": [
        ("if value < self._min:", "if value <= self._min:", "puts an equal value in its place"),
        ("if value > self._max:", "if value >= self._max:", "puts an equal value in its place"),
        ("self._second = 0", "self._second = 1", "it is set with the first amount, and not read before"),
        (
            "if second > self._second or self._first is None:",
            "if second >= self._second or self._first is None:",
            NO_STEP,
        ),
        ("if second > self._second:", "if second >= self._second:", NO_STEP),
        (
            "elif second - self._second >= self._seconds:",
            "elif second - self._second > self._seconds:",
            "the loop of the other branch empties all buckets then, one by one",
        ),
    ],
}
"""By file: what stands there, what it became, and why that changes nothing."""


def reason(mutant: Mutant) -> str:
    """Why a mutant changes nothing; empty if it changes something."""
    if mutant.was and mutant.became.replace('INF")', 'inf")') == mutant.was:
        return "infinity, in capitals"
    for was, became, why in EQUIVALENT.get(mutant.file, []):
        if (mutant.was, mutant.became) == (was, became):
            return why
    return ""
