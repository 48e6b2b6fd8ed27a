"""Where answers are kept: the seam between the cache and its stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Kept(NamedTuple):
    """What a store has under a key.

    Args:
        data: The sealed answer, as it was given.
        age: Seconds since then.
    """

    data: bytes
    age: float


class Store(Protocol):
    """Keeps sealed answers by key. It may lose them at any time, and raise whatever it likes: the call goes on.

    Values are opaque bytes; whoever reads them checks what they are. A store bounds its own size and the time that a
    call may wait for it.
    """

    async def get(self, key: str) -> Kept | None:
        """What is kept under a key and has not had its time."""

    async def set(self, key: str, data: bytes, ttl: float, tags: Collection[str] = ()) -> bool:
        """Keep `data` for `ttl` seconds, to be found by `tags` too; whether it is kept."""

    async def delete(self, key: str) -> bool:
        """Drop a key; whether it was there."""

    async def clear(self) -> int:
        """Drop everything; how many entries there were."""

    async def invalidate(self, tag: str) -> int:
        """Drop what was kept with a tag; how many entries there were."""

    def stats(self) -> Mapping[str, int]:
        """What is known without asking: ``entries``, ``bytes``, ``evictions``."""

    async def aclose(self) -> None:
        """Free what it holds; it may be used again, and opens again then."""
