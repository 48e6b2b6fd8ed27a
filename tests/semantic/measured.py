"""Counts hits of a semantic cache on labelled pairs: the first question is kept, the second asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ipfs_accel_async.answers import Reply
from ipfs_accel_async.semantic.similar import SemanticCache
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy import float32
    from numpy.typing import NDArray

    from tests.semantic.labelled import Pair

THRESHOLD = 0.85
_REPLY = Reply(target=Target("openai", "m"), text="yes", finish_reason="stop")


class Counted(NamedTuple):
    """Of some pairs: paraphrases and how many of them were hits, other questions and how many were."""

    paraphrases: int
    hits: int
    others: int
    wrong: int
    failures: tuple[Pair, ...] = ()


async def counted(
    pairs: Iterable[Pair], vectors: Mapping[str, NDArray[float32]], threshold: float = THRESHOLD
) -> Counted:
    """Ask all pairs, each in a partition of its own."""
    cache = SemanticCache("openai:recorded", max_entries=10_000)
    seen = {True: [0, 0], False: [0, 0]}
    failures = []
    for number, pair in enumerate(pairs):
        space = number.to_bytes(4, "big")
        assert cache.keep(space, pair.a, vectors[pair.a], _REPLY)
        hit = await cache.find(space, pair.b, vectors[pair.b], threshold)
        seen[pair.same][0] += 1
        seen[pair.same][1] += hit is not None
        if (hit is not None) != pair.same:
            failures.append(pair)
    return Counted(*seen[True], *seen[False], tuple(failures))
