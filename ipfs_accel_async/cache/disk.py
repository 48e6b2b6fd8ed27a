"""Answers kept in a file: SQLite, in a thread of its own, shared by processes and kept between them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ipfs_accel_async.cache.schema import BUSY_SECONDS, connect, evict, totals
from ipfs_accel_async.cache.store import Kept

if TYPE_CHECKING:
    import os
    import sqlite3
    from collections.abc import Callable, Collection, Mapping
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")


class DiskStore:
    """Keeps answers in one file, which only its owner may read; it opens on first use.

    Several clients and processes may share the file. Times are those of the wall clock: an entry from the future, as
    after a clock was put back, is none.

    Args:
        path: The file; it and its folder are made when they are not there.
        max_bytes: Of all entries together; over it, those that were used longest ago go first.
        clock: Gives the time, in seconds.
    """

    def __init__(
        self, path: str | os.PathLike[str], max_bytes: int = 2**30, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = Path(path).expanduser()
        self._max_bytes = max_bytes
        self._clock = clock
        self._thread: ThreadPoolExecutor | None = None
        self._database: sqlite3.Connection | None = None
        self._seen = (0, 0)
        self._evictions = 0

    async def get(self, key: str) -> Kept | None:
        """What is kept under a key."""
        return await self._do(lambda database: self._get(database, key, self._clock()))

    async def set(self, key: str, data: bytes, ttl: float, tags: Collection[str] = ()) -> bool:
        """Keep `data` for `ttl` seconds; whether it is kept: not when it alone is larger than all that may be."""
        if not ttl > 0 or len(data) > self._max_bytes:
            await self.delete(key)
            return False
        await self._do(lambda database: self._set(database, key, data, ttl, tags, self._clock()))
        return True

    async def delete(self, key: str) -> bool:
        """Drop a key."""
        return bool(await self._drop("DELETE FROM entries WHERE key = ?", key))

    async def clear(self) -> int:
        """Drop everything."""
        return await self._drop("DELETE FROM entries WHERE true")

    async def invalidate(self, tag: str) -> int:
        """Drop what was kept with a tag."""
        return await self._drop("DELETE FROM entries WHERE key IN (SELECT key FROM tags WHERE tag = ?)", tag)

    async def measure(self) -> dict[str, int]:
        """How many entries and bytes there are, in the file."""
        await self._do(lambda database: None)
        return dict(self.stats())

    def stats(self) -> Mapping[str, int]:
        """How much there was when the file was last asked, and how much went to make room."""
        return {"entries": self._seen[0], "bytes": self._seen[1], "evictions": self._evictions}

    async def aclose(self) -> None:
        """Close the file and end the thread."""
        thread, database = self._thread, self._database
        self._thread = self._database = None
        if thread is None:
            return
        try:
            if database is not None:
                await asyncio.get_running_loop().run_in_executor(thread, database.close)
        finally:
            thread.shutdown(wait=False)

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """In the store's thread: SQLite waits for the disk and for other processes."""
        from concurrent.futures import ThreadPoolExecutor

        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "ipfs-accel-cache")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._in_thread, work)

    def _in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        database = self._database
        if database is None:
            database = self._database = connect(self.path, BUSY_SECONDS)
        with database:
            result = work(database)
            self._seen = totals(database)
        return result

    async def _drop(self, statement: str, *values: str) -> int:
        return await self._do(lambda database: database.execute(statement, values).rowcount)

    @staticmethod
    def _get(database: sqlite3.Connection, key: str, now: float) -> Kept | None:
        row = database.execute("SELECT data, stored, expires FROM entries WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        data, stored, expires = row
        if not stored <= now < expires:
            database.execute("DELETE FROM entries WHERE key = ?", (key,))
            return None
        database.execute("UPDATE entries SET used = ? WHERE key = ?", (now, key))
        return Kept(data, now - stored)

    def _set(
        self, database: sqlite3.Connection, key: str, data: bytes, ttl: float, tags: Collection[str], now: float
    ) -> None:
        database.execute("DELETE FROM entries WHERE key = ?", (key,))
        self._evictions += evict(database, self._max_bytes - len(data))
        database.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", (key, data, len(data), now, now + ttl, now))
        database.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(tag, key) for tag in tags])
