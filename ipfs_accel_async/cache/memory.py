"""Answers kept in this process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.cache.store import Kept
from ipfs_accel_async.policy.lru import Lru

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class MemoryStore:
    """Keeps what was used last, in the loop's time.

    Args:
        max_bytes: Of all entries together.
    """

    def __init__(self, max_bytes: int = 64 * 2**20) -> None:
        self._entries: Lru[bytes] = Lru(max_bytes)

    async def get(self, key: str) -> Kept | None:
        """What is kept under a key."""
        now = asyncio.get_running_loop().time()
        entry = self._entries.get(key, now)
        return None if entry is None else Kept(entry.value, now - entry.stored)

    async def set(self, key: str, data: bytes, ttl: float, tags: Collection[str] = ()) -> bool:
        """Keep `data` for `ttl` seconds; whether it is kept: not when it alone is larger than all that may be."""
        return self._entries.put(key, data, len(data), ttl, asyncio.get_running_loop().time(), tags)

    async def delete(self, key: str) -> bool:
        """Drop a key."""
        return self._entries.delete(key)

    async def clear(self) -> int:
        """Drop everything."""
        return self._entries.clear()

    async def invalidate(self, tag: str) -> int:
        """Drop what was kept with a tag."""
        return self._entries.invalidate(tag)

    def stats(self) -> Mapping[str, int]:
        """How much there is, and how much went to make room."""
        own = self._entries
        return {"entries": len(own), "bytes": own.size, "evictions": own.evictions}

    async def aclose(self) -> None:
        """There is nothing to free: the answers stay for the next loop."""
