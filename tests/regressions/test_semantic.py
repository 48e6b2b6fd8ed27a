"""What clients of this kind are known to get wrong: number 9, answers to questions that nobody asked.

The numbers are those of the list in ``docs/design/0002-operations.md``.
"""

from __future__ import annotations

import itertools

import pytest

from ipfs_accel_async import ConfigError, SemanticCache
from ipfs_accel_async.answers import Reply
from ipfs_accel_async.types import Target
from tests.faults.watching import watched
from tests.semantic.asking import AGAIN, ASKED, MODEL, ByWords, Service, vector_of
from tests.semantic.unrelated import prompts

REPLY = Reply(target=Target("openai", "m"), text="yes", finish_reason="stop")


async def test_9_ten_thousand_other_prompts_are_never_answered() -> None:
    """Each is asked of a cache that holds all before it, by vectors that take a question by its words: no hit."""
    cache = SemanticCache(ByWords(), max_entries=10_000)
    near = 0
    for prompt in prompts(10_000):
        vector = vector_of(prompt, 256)
        assert await cache.find(b"", prompt, vector, 0.85) is None, prompt
        cache.keep(b"", prompt, vector, REPLY)
    stats = cache.stats()
    near = sum(stats["refused"].values())
    assert (stats["hits"], stats["misses"], stats["entries"]) == (0, 10_000, 10_000)
    assert near > 1_000  # so many were near enough, and it was the words that told them apart


def test_9_without_an_embedder_it_refuses() -> None:
    """There is no made-up vector to fall back to."""
    with pytest.raises(ConfigError, match="real embedder"):
        SemanticCache(None)  # type: ignore[arg-type]


async def test_9_without_one_only_equal_requests_are_hits() -> None:
    """The exact cache alone: the same words are, others are not."""
    server = Service()
    async with watched(server, cache="on") as ai:
        cached = [(await ai.chat(MODEL, asked, temperature=0)).cached for asked in (ASKED, ASKED, AGAIN)]
    assert cached == [False, True, False]


def test_9_the_prompts_are_all_different() -> None:
    """Ten thousand of them, none asked twice."""
    made = list(itertools.islice(prompts(10_000), 10_000))
    assert len(set(made)) == 10_000
