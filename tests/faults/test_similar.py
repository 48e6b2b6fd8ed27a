"""Group D, of the cache that answers questions in other words: what is no vector, and what is no same question."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import SemanticCache
from ipfs_accel_async.answers import Reply
from ipfs_accel_async.types import Target
from tests.faults.scenarios import scenario
from tests.faults.virtual import says
from tests.faults.watching import watched
from tests.semantic.asking import EMBEDDER, MODEL, Service
from tests.semantic.labelled import pairs, recorded


class Alike:
    """An embedder to which all is the same: the worst there is."""

    def encode(self, texts: list[str]) -> np.ndarray:
        """One vector for all."""
        return np.ones((len(texts), 8), np.float32)


def embedding(*numbers: Any) -> Any:
    """An answer of the embedder."""
    return says({"object": "list", "data": [{"index": 0, "embedding": list(numbers)}], "model": "e"})


@scenario("D05")
@pytest.mark.parametrize(
    "bad",
    [(0.0, 0.0), (1e39, 1.0), (1.0,), (), (None, 1.0), ("NaN", 1.0)],
    ids=["0", "inf", "1", "none", "null", "NaN"],
)
async def test_a_vector_that_is_none_is_a_miss(bad: tuple[Any, ...]) -> None:
    """Of zeros, too large, of another dimension, empty, no numbers: the model is asked, and what was kept stays."""
    server = Service()
    cache = SemanticCache(EMBEDDER, threshold=0.0, shadow=0.0)
    async with watched(server, semantic_cache=cache, max_retries=0, single_flight=False) as ai:
        server.broken = embedding(0.6, 0.8)
        await ai.chat(MODEL, "How do I cancel my order?", temperature=0)
        server.broken = embedding(*bad)
        assert not (await ai.chat(MODEL, "How do I cancel my order?", temperature=0)).cached
        server.broken = embedding(0.6, 0.8)
        assert (await ai.chat(MODEL, "How can I cancel my order?", temperature=0)).cached
        assert ai.cache.stats()["semantic"]["entries"] == 1


@scenario("D05")
@pytest.mark.parametrize("threshold", [0.0, 1.0])
async def test_no_vector_makes_another_question_the_same(threshold: float) -> None:
    """To an embedder to which all is alike, at either end of the threshold: every hard pair is a miss."""
    server = Service()
    hard = [pair for pair in pairs() if not pair.same]
    cache = SemanticCache(Alike(), threshold=threshold, shadow=0.0)
    async with watched(server, semantic_cache=cache, single_flight=False) as ai:
        for number, pair in enumerate(hard):
            tags = {"namespace": str(number)}
            await ai.chat(MODEL, pair.a, temperature=0, tags=tags)
            reply = await ai.chat(MODEL, pair.b, temperature=0, tags=tags)
            assert not reply.cached, pair
    assert len(server.asked) == 2 * len(hard)


@scenario("D05")
async def test_numbers_and_negations_are_read() -> None:
    """The pairs of the row, with the vectors of a real model and no threshold at all."""
    vectors = recorded()
    row = [pair for pair in pairs() if pair.kind in {"number", "negation", "direction"}]
    assert max(float(vectors[pair.a] @ vectors[pair.b]) for pair in row) > 0.95
    cache = SemanticCache(Alike())
    reply = Reply(target=Target("openai", "m"), text="yes", finish_reason="stop")
    for number, pair in enumerate(row):
        space = str(number).encode()
        assert cache.keep(space, pair.a, vectors[pair.a], reply)
        assert await cache.find(space, pair.b, vectors[pair.b], 0.0) is None
