"""The semantic cache by itself: what it keeps and finds, how it is bounded, and its files."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import ConfigError, SemanticCache
from ipfs_accel_async.answers import Reply
from ipfs_accel_async.semantic import similar
from ipfs_accel_async.types import Target
from tests.semantic.asking import AGAIN, ASKED, OTHER, ByWords, vector_of

SPACE = b"space"
EMBEDDER = "openai:e"


class Clock:
    """A clock that is set."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def a_cache(**more: Any) -> SemanticCache:
    """A cache with a threshold that the vectors of these tests pass."""
    return SemanticCache(EMBEDDER, **{"clock": Clock(), **more})


def a_reply(text: str = "yes", **more: Any) -> Reply:
    """A whole answer."""
    return Reply(target=Target("openai", "m"), text=text, **{"finish_reason": "stop", **more})


def keep(cache: SemanticCache, question: str, space: bytes = SPACE, **more: Any) -> bool:
    """Keep an answer to a question."""
    return cache.keep(space, question, vector_of(question), a_reply(), **more)


async def finds(cache: SemanticCache, question: str, space: bytes = SPACE, floor: float = 0.5, **more: Any) -> bool:
    """Whether a question is answered."""
    return await cache.find(space, question, vector_of(question), floor, **more) is not None


async def test_only_within_its_partition() -> None:
    """A hundred thousand probes from other partitions: no hit; from its own: one."""
    cache = a_cache()
    keep(cache, ASKED)
    vector = vector_of(ASKED)
    for number in range(100_000):
        assert await cache.find(b"tenant %d" % number, ASKED, vector, 0.5) is None
    assert await finds(cache, ASKED)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
async def test_no_threshold_makes_another_question_the_same(threshold: float) -> None:
    """With 0 the words must still agree; with 1 the vectors must be the same."""
    cache = a_cache()
    keep(cache, ASKED)
    assert await finds(cache, ASKED, floor=threshold)
    assert await finds(cache, AGAIN, floor=threshold) == (threshold < 1)
    assert not await finds(cache, OTHER, floor=threshold)
    assert not await finds(cache, "How do I not cancel my order?", floor=threshold)


@pytest.mark.parametrize("bad", [[np.nan] * 64, [0.0] * 64, [1.0] * 63, [np.inf] * 64, [], [[1.0] * 64]])
async def test_a_vector_that_is_none_neither_keeps_nor_finds(bad: Any) -> None:
    """Not finite, of zeros, of another dimension or shape: a miss, and nothing is kept."""
    cache = a_cache()
    keep(cache, ASKED)
    assert await cache.find(SPACE, ASKED, bad, 0.0) is None
    assert not cache.keep(SPACE, OTHER, bad, a_reply())
    assert cache.stats()["entries"] == 1
    assert cache.stats()["refused"] == {"vector": 1}
    assert await finds(cache, ASKED)


@pytest.mark.parametrize("more", [{"finish_reason": "length"}, {"text": ""}, {"finish_reason": "content_filter"}])
def test_an_answer_that_is_not_whole_is_not_kept(more: Any) -> None:
    """Cut short, empty, held back."""
    cache = a_cache()
    assert not cache.keep(SPACE, ASKED, vector_of(ASKED), a_reply(**more))
    assert cache.stats()["unfit"] == 1


async def test_entries_have_their_time() -> None:
    """After `ttl` seconds, or from the future, they are none."""
    clock = Clock()
    cache = a_cache(ttl=60.0, clock=clock)
    keep(cache, ASKED)
    clock.now += 59
    assert await finds(cache, AGAIN)
    assert not await finds(cache, AGAIN, max_age=58)
    clock.now += 1
    assert not await finds(cache, AGAIN)
    assert cache.stats()["entries"] == 0
    keep(cache, ASKED)
    clock.now -= 1
    assert not await finds(cache, AGAIN)


async def test_it_is_bounded_and_what_is_used_stays() -> None:
    """Over `max_entries` the one that was used longest ago goes, over all partitions."""
    cache = a_cache(max_entries=3)
    for number in range(3):
        keep(cache, f"What is {number} plus ten?", bytes([number]))
    assert await finds(cache, "What is 0 plus ten?", bytes([0]))
    keep(cache, ASKED)
    assert cache.stats()["entries"] == 3
    assert cache.stats()["evictions"] == 1
    assert not await finds(cache, "What is 1 plus ten?", bytes([1]))
    assert await finds(cache, "What is 0 plus ten?", bytes([0]))


async def test_a_question_has_one_answer() -> None:
    """The latest; no entry is left of the one before."""
    cache = a_cache()
    for text in ("old", "new"):
        cache.keep(SPACE, ASKED, vector_of(ASKED), a_reply(text))
    hit = await cache.find(SPACE, ASKED, vector_of(ASKED), 0.5)
    assert hit is not None
    assert b'"new"' in hit.entry.data
    assert hit.similarity == pytest.approx(1.0, abs=1e-6)
    assert cache.stats()["entries"] == 1


async def test_the_nearest_one_that_agrees_is_given() -> None:
    """A nearer question that is another one is passed over."""
    cache = a_cache()
    keep(cache, "How do I cancel my orders and order?")
    keep(cache, OTHER)
    keep(cache, "Please tell me how I can cancel my order, thanks")
    hit = await cache.find(SPACE, ASKED, vector_of(ASKED), 0.3)
    assert hit is None or hit.entry.question.startswith("Please")
    keep(cache, AGAIN)
    hit = await cache.find(SPACE, ASKED, vector_of(ASKED), 0.3)
    assert hit is not None
    assert hit.entry.question == AGAIN


async def test_a_large_partition_is_searched_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same result; what goes meanwhile is not found."""
    monkeypatch.setattr(similar, "INLINE", 0)
    cache = a_cache()
    keep(cache, ASKED, tags=("a",))
    assert await finds(cache, AGAIN)
    asking = asyncio.create_task(cache.find(SPACE, AGAIN, vector_of(AGAIN), 0.5))
    await asyncio.sleep(0)
    await cache.invalidate("a")
    assert await asking is None
    assert await cache.clear() == 0


async def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """Into another cache, with its tags; the file is its owner's alone."""
    path = tmp_path / "answers.cache"
    cache = a_cache()
    keep(cache, ASKED, tags=("job=a",))
    keep(cache, OTHER, b"other")
    assert await cache.save(path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = a_cache()
    assert await again.load(path) == 2
    assert await finds(again, AGAIN)
    assert not await finds(again, OTHER)
    assert await again.invalidate("job=a") == 1
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


async def test_an_empty_cache_has_a_file_too(tmp_path: Path) -> None:
    """Of no entries."""
    assert await a_cache().save(tmp_path / "a") == 0
    assert await a_cache().load(tmp_path / "a") == 0


async def test_old_entries_of_a_file_are_left_out(tmp_path: Path) -> None:
    """The time in the file counts."""
    clock = Clock()
    cache = a_cache(clock=clock)
    keep(cache, ASKED)
    await cache.save(tmp_path / "a")
    clock.now += 3_600
    assert await a_cache(clock=clock).load(tmp_path / "a") == 0


async def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """Cut, changed, forged, of another embedder, or something else: an error that says so, and nothing is read."""
    path = tmp_path / "a"
    cache = a_cache(secret=b"s")
    keep(cache, ASKED)
    await cache.save(path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    for data in (b"", b"nonsense", whole[:-1], whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]):
        path.write_bytes(data)
        with pytest.raises(ConfigError, match="no file of a semantic cache"):
            await cache.load(path)
    path.write_bytes(whole)
    with pytest.raises(ConfigError, match="another secret"):
        await a_cache(secret=b"t").load(path)
    other = SemanticCache("openai:other", secret=b"s", clock=Clock())
    with pytest.raises(ConfigError, match="'openai:e'"):
        await other.load(path)
    with pytest.raises(FileNotFoundError):
        await cache.load(tmp_path / "none")
    assert await cache.load(path) == 1


async def test_a_sealed_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    """Whoever has the secret, and pickles: nothing is unpickled."""
    import io

    from ipfs_accel_async.cache.envelope import seal

    path = tmp_path / "a"
    for arrays in ({"about": np.array([{"a": 1}], object), "vectors": np.ones((1, 2))}, {"vectors": np.ones((1, 2))}):
        body = io.BytesIO()
        np.savez(body, **arrays)
        path.write_bytes(seal("semantic", body.getvalue()))
        with pytest.raises(ConfigError, match="another version"):
            await a_cache().load(path)


BAD: list[dict[str, Any]] = [
    {"threshold": -0.1},
    {"threshold": 1.1},
    {"threshold": "0.9"},
    {"thresholds": {"faq": 2}},
    {"shadow": 2},
    {"target_false_hits": -1},
    {"max_entries": 0},
    {"ttl": 0},
    {"ttl": float("inf")},
    {"embed_timeout": 0},
]


@pytest.mark.parametrize("more", BAD)
def test_values_out_of_range_are_refused(more: dict[str, Any]) -> None:
    """In one line with the name."""
    with pytest.raises(ConfigError, match=next(iter(more)).removesuffix("s")):
        a_cache(**more)


@pytest.mark.parametrize("embedder", [None, "", "minilm", "openai:", ":m", 5, object(), b"openai:m"])
def test_without_a_real_embedder_there_is_no_semantic_cache(embedder: Any) -> None:
    """It says what would do, and what to use for equal requests."""
    with pytest.raises(ConfigError, match="real embedder") as caught:
        SemanticCache(embedder)
    assert "cache=Cache()" in str(caught.value)


def test_secrets_are_not_shown() -> None:
    """Not in its repr."""
    assert "s3cret" not in repr(SemanticCache(ByWords(), secret=b"s3cret"))
