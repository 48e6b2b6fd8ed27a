"""Cached answers on Redis."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.cache.store import Kept
from ipfs_accel_async.shared.link import DownError, Link
from ipfs_accel_async.shared.scripts import FIND, INVALIDATE, KEEP

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_LIFETIME = struct.Struct(">d")
PAGE = 500


class RedisStore:
    """A :class:`~ipfs_accel_async.cache.store.Store` that processes share. Redis bounds its size (``maxmemory``).

    Args:
        link_for: The connection of the running loop; None while there is none.
        max_bytes: Of one answer; longer ones are not kept.
    """

    def __init__(self, link_for: Callable[[], Link | None], max_bytes: int = 8 * 2**20) -> None:
        self._link_for = link_for
        self._max_bytes = max_bytes
        self._down = 0

    async def get(self, key: str) -> Kept | None:
        """What is kept under a key; nothing while Redis is down."""
        link = self._link_for()
        if link is None or link.down:
            return None
        try:
            found = await link.run(FIND, [link.key("answer", key)], [])
        except DownError:
            self._down += 1
            return None
        data, left = found if isinstance(found, list) and len(found) == 2 else (None, 0)
        if not isinstance(data, bytes) or len(data) < _LIFETIME.size or not isinstance(left, int) or left < 0:
            return None
        (lifetime,) = _LIFETIME.unpack_from(data)
        return Kept(data[_LIFETIME.size :], max(lifetime - left / 1_000, 0.0))

    async def set(self, key: str, data: bytes, ttl: float, tags: Collection[str] = ()) -> bool:
        """Keep `data` for `ttl` seconds; whether it is kept."""
        link = self._link_for()
        if link is None or link.down or len(data) > self._max_bytes or ttl <= 0:
            return False
        own: list[Any] = [_LIFETIME.pack(ttl) + data, max(int(ttl * 1_000), 1), link.key("tag") + ":", *tags]
        try:
            await link.run(KEEP, [link.key("answer", key)], own)
        except DownError:
            self._down += 1
            return False
        return True

    async def delete(self, key: str) -> bool:
        """Drop a key.

        Raises:
            DownError: Redis is down.
        """
        link = self._link_for()
        return link is not None and bool(await link.command("DEL", link.key("answer", key)))

    async def clear(self) -> int:
        """Drop everything.

        Raises:
            DownError: Redis is down.
        """
        link = self._link_for()
        if link is None:
            return 0
        gone = 0
        for kind in ("answer", "tag"):
            cursor: Any = 0
            pattern = _literal(link.key(kind)) + ":*"
            while True:
                cursor, names = await link.command("SCAN", cursor, "MATCH", pattern, "COUNT", PAGE)
                if names:
                    dropped = await link.command("DEL", *names)
                    gone += dropped if kind == "answer" else 0
                if int(cursor) == 0:
                    break
        return gone

    async def invalidate(self, tag: str) -> int:
        """Drop what was kept with a tag.

        Raises:
            DownError: Redis is down.
        """
        link = self._link_for()
        return 0 if link is None else int(await link.run(INVALIDATE, [link.key("tag") + ":" + tag], []))

    def stats(self) -> Mapping[str, int]:
        """How often Redis was down when it was asked; what it holds, it alone knows."""
        return {"down": self._down}

    async def aclose(self) -> None:
        """The connection is the client's."""


def _literal(text: str) -> str:
    """A text with nothing in it that a pattern would mean otherwise."""
    return "".join(f"\\{letter}" if letter in "*?[]\\^-" else letter for letter in text)
