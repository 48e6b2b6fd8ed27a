"""Many answers at once are put into the semantic cache bit by bit: the loop has other work."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import numpy as np

from ipfs_accel_async import Client, MockTransport, SemanticCache
from ipfs_accel_async.answers import Reply
from ipfs_accel_async.middleware import semantic
from ipfs_accel_async.semantic import similar
from ipfs_accel_async.types import Target
from tests.semantic.asking import ByWords

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

MANY = 500


async def steps(cache: SemanticCache, work: Awaitable[int]) -> tuple[int, int]:
    """What `work` gives, and the most entries that came between two turns of the loop."""
    task, most, held = asyncio.ensure_future(work), 0, 0
    while not task.done():
        await asyncio.sleep(0)
        most, held = max(most, cache.stats()["entries"] - held), cache.stats()["entries"]
    return await task, most


async def test_a_file_is_read_bit_by_bit(tmp_path: Path) -> None:
    """Five hundred entries of it in parts."""
    reply = Reply(target=Target("openai", "m"), text="yes", finish_reason="stop")
    cache, again = (SemanticCache("openai:e") for _ in range(2))
    for number, vector in enumerate(np.random.default_rng(0).standard_normal((MANY, 8))):
        cache.keep(b"", f"What is {number} plus one?", vector, reply)
    await cache.save(tmp_path / "answers")
    assert await steps(again, again.load(tmp_path / "answers")) == (MANY, similar.AT_ONCE)


async def test_known_answers_are_kept_bit_by_bit(tmp_path: Path) -> None:
    """However many the embedder takes in one request."""
    path, cache = tmp_path / "answers.jsonl", SemanticCache(ByWords())
    lines = ({"prompt": f"What is {number} plus one?", "answer": str(number + 1)} for number in range(MANY))
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    transport = MockTransport(lambda _: MockTransport.reply({}))
    async with Client(transport=transport, keys={"openai": "k"}, semantic_cache=cache) as ai:
        assert await steps(cache, ai.cache.warm("openai:m", path, temperature=0)) == (MANY, semantic.TURN)
