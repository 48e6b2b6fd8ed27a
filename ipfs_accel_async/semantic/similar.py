"""The semantic cache that a client is given: what may be kept, what is found, how it is doing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from ipfs_accel_async.cache.record import record
from ipfs_accel_async.cache.worth import worth_keeping
from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.policy.agreement import Reading, differs, read
from ipfs_accel_async.policy.directions import unit
from ipfs_accel_async.semantic.embedder import checked
from ipfs_accel_async.semantic.entries import Entries, Entry
from ipfs_accel_async.semantic.file import read_file, write_file
from ipfs_accel_async.semantic.thresholds import Thresholds
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.semantic.embedder import Encoder

    Judge = Callable[[str, str, str], bool | Awaitable[bool]]

log = logging.getLogger("ipfs_accel_async")
CANDIDATES = 8
"""Nearest entries whose questions are held against the one that is asked."""
INLINE = 4_000_000
"""Numbers of a partition up to which a search takes less than it costs to ask a thread."""
ROUNDING = 1e-6
AT_ONCE = 64
"""Entries of a file that are added before the loop gets its turn."""
QUIET_SECONDS = 60.0
"""Between two warnings of an embedder that fails."""


class Hit(NamedTuple):
    """An answer that was found, and how near its question is."""

    entry: Entry
    similarity: float


class SemanticCache:
    """Answers chats from answers to the same question in other words: ``Client(semantic_cache=SemanticCache(...))``.

    A question counts as the same only if it is near enough *and* agrees in all that a similarity cannot see: numbers,
    names, negation, tense, direction, language, code. It is only ever looked for among calls of the same tenant,
    provider, model, parameters, system prompt and earlier messages. The object may serve several clients and loops.

    Args:
        embedder: ``"provider:model"``, ``"sentence-transformers:/path"``, or an object with ``encode``.
        threshold: Least cosine of a hit, from 0 to 1. The default suits all-MiniLM-L6-v2; each model has its own.
        thresholds: Others by namespace: the tag ``namespace`` of a call.
        shadow: Part of the hits that are asked live all the same, to be compared; from 0 to 1.
        target_false_hits: Wrong hits of all that are bearable; the threshold rises until it holds.
        max_entries: Of all partitions; those that were used longest ago go first.
        ttl: Seconds that an answer is kept.
        any_temperature: Whether calls with a temperature above 0, or with none, are answered from here too.
        max_characters: Of a question; models read no more than a few hundred words.
        embed_timeout: Seconds after which a call goes on without its vector.
        judge: Says of a question, the kept and the live answer whether the kept one would have done.
        secret: Signs files, up to 64 bytes.
        clock: Gives the time, in seconds.

    Raises:
        ConfigError: There is no real embedder, or a value is out of range.
    """

    def __init__(
        self,
        embedder: str | Encoder,
        *,
        threshold: float = 0.85,
        thresholds: Mapping[str, float] = NOTHING,
        shadow: float = 0.01,
        target_false_hits: float = 0.005,
        max_entries: int = 10_000,
        ttl: float = 3_600.0,
        any_temperature: bool = False,
        max_characters: int = 2_000,
        embed_timeout: float = 2.0,
        judge: Judge | None = None,
        secret: bytes = b"",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = checked(embedder)
        self.embedder = embedder
        shares = {"threshold": threshold, "shadow": shadow, "target_false_hits": target_false_hits}
        shares |= {f"threshold of {name!r}": value for name, value in thresholds.items()}
        for what, share in shares.items():
            if type(share) not in {int, float} or not 0 <= share <= 1:
                raise ConfigError(f"{what} is from 0 to 1, not {share!r}")
        for what, value in {"max_entries": max_entries, "ttl": ttl, "embed_timeout": embed_timeout}.items():
            if type(value) not in {int, float} or not 0 < value < float("inf"):
                raise ConfigError(f"{what} is above 0, not {value!r}")
        self.shadow = shadow
        self.any_temperature = any_temperature
        self.max_characters = max_characters
        self.embed_timeout = embed_timeout
        self.judge = judge
        self.ttl = ttl
        self.thresholds = Thresholds(threshold, thresholds, target_false_hits)
        self._entries = Entries(max_entries)
        self._secret = secret
        self._clock = clock
        self.counts = Counter(dict.fromkeys(("hits", "misses", "stored", "unfit", "errors", "shadowed"), 0))
        self._refusals: Counter[str] = Counter()
        self._warned = float("-inf")

    async def find(
        self, space: bytes, question: str, vector: ArrayLike, threshold: float, max_age: float | None = None
    ) -> Hit | None:
        """The answer to a question, if it was asked before in these or other words.

        Args:
            space: Its partition.
            question: Its text.
            vector: Of the text.
            threshold: Least cosine.
            max_age: Oldest answer to give, in seconds; None for any that has not had its time.
        """
        found = await self._near(space, question, unit(vector), threshold, max_age)
        self.counts["misses" if found is None else "hits"] += 1
        return found

    async def _near(
        self, space: bytes, question: str, vector: NDArray[Any] | None, threshold: float, max_age: float | None
    ) -> Hit | None:
        shelf = self._entries.shelf(space)
        if shelf is None:
            return None
        if vector is None or vector.size != shelf.dimension:
            self._refusals["vector"] += 1
            return None
        floor = threshold - ROUNDING
        if shelf.rows * shelf.dimension <= INLINE:
            near = shelf.search(vector, floor, CANDIDATES)
        else:
            near = await asyncio.to_thread(shelf.search, vector, floor, CANDIDATES)
        reading: Reading | None = None
        now = self._clock()
        for number, _ in near:
            entry = self._entries.get(number)
            if entry is None or entry.space != space:
                continue
            if not entry.stored <= now < entry.stored + self.ttl:  # nor one from the future: its age cannot be told
                self._entries.remove(number)
            elif max_age is not None and now - entry.stored > max_age:
                self._refusals["age"] += 1
            elif not entry.knows(question) and (why := differs(reading := reading or read(question), entry.reading)):
                self._refusals[why] += 1
            elif (similarity := shelf.cosine(number, vector)) >= floor:
                self._entries.use(number, question)
                return Hit(entry, similarity)
        return None

    def keep(
        self,
        space: bytes,
        question: str,
        vector: ArrayLike,
        answer: Answer,
        tags: Iterable[str] = (),
        deltas: Sequence[Delta] = (),
    ) -> bool:
        """Keep a whole answer, if it may be given again; whether it is kept.

        Args:
            space: Its partition.
            question: What it answers.
            vector: Of the question.
            answer: The answer.
            tags: To find it by.
            deltas: What it came in, of a stream.
        """
        direction = unit(vector)
        data = record(answer, deltas) if direction is not None and worth_keeping(answer) else None
        kept = False
        if direction is not None and data is not None:
            kept = self._entries.add(Entry(space, question, data, tuple(tags), self._clock()), direction)
        self.counts["stored" if kept else "unfit"] += 1
        return kept

    def failed(self, error: Exception) -> None:
        """A call went on without a vector, or a verdict was not given: counted, and said once a minute."""
        self.counts["errors"] += 1
        now = self._clock()
        if not 0 <= now - self._warned < QUIET_SECONDS:
            self._warned = now
            log.warning("the semantic cache could not embed (%s); calls go on without it", type(error).__name__)

    def stats(self) -> dict[str, Any]:
        """What it holds and how often it helped.

        ``errors`` are calls that went on without a vector; ``refused`` counts by reason what was near and yet another
        question; ``namespaces`` have the threshold and, of what shadow mode has judged, the rate of false hits with its
        95 % interval.
        """
        return {
            **self.counts,
            "entries": len(self._entries),
            "evictions": self._entries.evictions,
            "refused": dict(self._refusals),
            "namespaces": self.thresholds.stats(),
        }

    async def clear(self) -> int:
        """Drop everything; how many entries there were."""
        return self._entries.clear()

    async def invalidate(self, tag: str) -> int:
        """Drop what was kept with a tag; how many entries there were."""
        return self._entries.invalidate(tag)

    async def save(self, path: str | os.PathLike[str]) -> int:
        """Write all entries to a file that only its owner may read; how many. Raises OSError."""
        return await asyncio.to_thread(self._write, path, self._entries.items())

    def _write(self, path: str | os.PathLike[str], items: Iterable[tuple[int, Entry]]) -> int:
        vectors = ((entry, self._entries.vector(number)) for number, entry in items)
        kept = [(entry, vector) for entry, vector in vectors if vector is not None]
        write_file(path, self.name, kept, self._secret)
        return len(kept)

    async def load(self, path: str | os.PathLike[str]) -> int:
        """Add the entries of a file; how many.

        Raises:
            ConfigError: It is no such file, was changed, or has the vectors of another embedder.
            OSError: It cannot be read.
        """
        added = 0
        now = self._clock()
        entries = await asyncio.to_thread(read_file, path, self.name, self._secret)
        for place, (entry, vector) in enumerate(entries):
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
            if entry.stored <= now < entry.stored + self.ttl:
                added += self._entries.add(entry, vector)
        return added
