"""What a semantic cache holds: answers with their questions' vectors, a shelf a partition, bounded by use."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ipfs_accel_async.policy.agreement import Reading, read
from ipfs_accel_async.policy.nearest import Nearest

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


WORDINGS = 16
"""Other words that an entry remembers."""


@dataclass(frozen=True)
class Entry:
    """An answer and what it answers.

    Args:
        space: Its partition: nothing is ever found from another one.
        question: The text that was asked.
        data: The answer, as :func:`~ipfs_accel_async.cache.record.record` writes it.
        tags: To find it by.
        stored: When, in seconds of the wall clock.

    Attributes:
        words: Other words in which it was asked, and which were found to agree.
    """

    space: bytes
    question: str
    data: bytes
    tags: tuple[str, ...]
    stored: float
    words: set[str] = field(default_factory=set, init=False, compare=False, repr=False)

    def knows(self, question: str) -> bool:
        """Whether it is known to answer a question: as popular ones are asked again and again."""
        return question == self.question or question in self.words

    @cached_property
    def reading(self) -> Reading:
        """The question taken apart, once."""
        return read(self.question)


class Entries:
    """Entries by number; over `most`, those that were used longest ago go first.

    Args:
        most: How many.

    Attributes:
        dimension: Numbers of each vector; 0 while there is none.
        evictions: Entries that went to make room.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._shelves: dict[bytes, Nearest] = {}
        self._numbers: dict[tuple[bytes, str], int] = {}
        self._tagged: dict[str, set[int]] = {}
        self._next = 0
        self.dimension = 0
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._entries)

    def shelf(self, space: bytes) -> Nearest | None:
        """The vectors of a partition."""
        return self._shelves.get(space)

    def get(self, number: int) -> Entry | None:
        """An entry, if it is still there."""
        return self._entries.get(number)

    def use(self, number: int, question: str) -> None:
        """It has helped: it is the last to go, and knows in which words."""
        self._entries.move_to_end(number)
        entry = self._entries[number]
        if not entry.knows(question):
            if len(entry.words) >= WORDINGS:
                entry.words.clear()
            entry.words.add(question)

    def add(self, entry: Entry, vector: NDArray[float32]) -> bool:
        """Keep an answer, instead of what its question had; whether its vector is of the dimension of the others.

        Args:
            entry: The answer.
            vector: Of its question, of length 1.
        """
        if self._entries and vector.size != self.dimension:
            return False
        known = self._numbers.get((entry.space, entry.question))
        if known is not None:
            self.remove(known)
        while len(self._entries) >= self._most:
            self.remove(next(iter(self._entries)))
            self.evictions += 1
        self.dimension = int(vector.size)
        number, self._next = self._next, self._next + 1
        self._entries[number] = entry
        self._numbers[entry.space, entry.question] = number
        self._shelves.setdefault(entry.space, Nearest(self.dimension)).add(number, vector)
        for tag in entry.tags:
            self._tagged.setdefault(tag, set()).add(number)
        return True

    def remove(self, number: int) -> None:
        """Drop an entry; a partition without any is dropped with it."""
        entry = self._entries.pop(number)
        del self._numbers[entry.space, entry.question]
        shelf = self._shelves[entry.space]
        shelf.remove(number)
        if not shelf:
            del self._shelves[entry.space]
        for tag in entry.tags:
            numbers = self._tagged[tag]
            numbers.discard(number)
            if not numbers:
                del self._tagged[tag]

    def invalidate(self, tag: str) -> int:
        """Drop what was kept with a tag; how many entries there were."""
        gone = tuple(self._tagged.get(tag, ()))
        for number in gone:
            self.remove(number)
        return len(gone)

    def clear(self) -> int:
        """Drop everything; how many entries there were."""
        gone = len(self._entries)
        self._entries.clear()
        self._shelves.clear()
        self._numbers.clear()
        self._tagged.clear()
        return gone

    def items(self) -> tuple[tuple[int, Entry], ...]:
        """All that is held, longest unused first."""
        return tuple(self._entries.items())

    def vector(self, number: int) -> NDArray[float32] | None:
        """The vector of an entry; None once it has gone."""
        entry = self._entries.get(number)
        shelf = None if entry is None else self._shelves.get(entry.space)
        return None if shelf is None else shelf.vector(number)
