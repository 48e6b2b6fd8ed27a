"""What was used last stays: values by key, bounded by bytes, each for its time, found again by their tags."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection

Value = TypeVar("Value")

OVERHEAD = 300
"""Bytes that an entry is counted for beyond its value: key, tags and the places they take."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[Value]):
    """A value and its times, in the seconds of `now`."""

    value: Value
    size: int
    stored: float
    expires: float
    tags: tuple[str, ...] = ()


class Lru(Generic[Value]):
    """Entries by key; over its bytes, those that were used longest ago go first.

    Args:
        max_bytes: Of all entries, :data:`OVERHEAD` included.

    Attributes:
        size: Bytes of all entries.
        evictions: Entries that went to make room.
        expirations: Entries that were asked for when their time was over.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size = 0
        self.evictions = 0
        self.expirations = 0
        self._entries: OrderedDict[str, Entry[Value]] = OrderedDict()
        self._tagged: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, now: float) -> Entry[Value] | None:
        """An entry in its time. A clock that was put back makes it none: how old it is cannot be told."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not entry.stored <= now < entry.expires:
            self.expirations += 1
            self.delete(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: str, value: Value, size: int, ttl: float, now: float, tags: Collection[str] = ()) -> bool:
        """Keep a value, instead of what the key had.

        Args:
            key: Its key.
            value: Whatever it is.
            size: Its bytes.
            ttl: Seconds that it stays; of none it is not kept.
            now: The time.
            tags: To find it by.

        Returns:
            Whether it is kept: not when its time is none, or it is larger than all that may be.
        """
        self.delete(key)
        size += OVERHEAD
        if not ttl > 0 or size > self.max_bytes:
            return False
        while self.size + size > self.max_bytes:
            self.evictions += 1
            self.delete(next(iter(self._entries)))
        self._entries[key] = Entry(value, size, now, now + ttl, tuple(tags))
        self.size += size
        for tag in tags:
            self._tagged.setdefault(tag, set()).add(key)
        return True

    def delete(self, key: str) -> bool:
        """Drop an entry, and say whether there was one."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return False
        self.size -= entry.size
        for tag in entry.tags:
            keys = self._tagged.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._tagged[tag]
        return True

    def clear(self) -> int:
        """Drop all entries; how many there were."""
        count = len(self._entries)
        self._entries.clear()
        self._tagged.clear()
        self.size = 0
        return count

    def invalidate(self, tag: str) -> int:
        """Drop the entries with a tag; how many there were."""
        return sum([self.delete(key) for key in tuple(self._tagged.get(tag, ()))])
