"""The exact cache: whole answers by the key of their request, sealed, in a store that may fail."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol, get_args

from ipfs_accel_async.cache.envelope import seal, unseal
from ipfs_accel_async.cache.memory import MemoryStore
from ipfs_accel_async.cache.record import record, restored
from ipfs_accel_async.cache.worth import worth_keeping
from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.keys import Secret
from ipfs_accel_async.options import CacheMode
from ipfs_accel_async.partition import request_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.cache.store import Store
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Result

log = logging.getLogger("ipfs_accel_async")
QUIET_SECONDS = 60.0
"""Between two warnings of a store that fails."""


class Part(Protocol):
    """Another cache of the same client, which is asked, emptied and closed with this one."""

    def stats(self) -> Mapping[str, Any]:
        """What it holds and how often it helped."""

    async def clear(self) -> int:
        """Drop everything."""

    async def invalidate(self, tag: str) -> int:
        """Drop what was kept with a tag."""


class Cache:
    """Keeps answers: ``Client(cache=Cache(DiskStore("~/.cache/answers.db")))``.

    What a store gives back is checked; what it raises is counted and warned of, and the call goes on without it.

    Args:
        store: Where; in this process by default.
        mode: ``on``; ``read-only`` and ``write-only`` do half; ``off`` waits for calls that say otherwise
            (:meth:`Client.with_options`).
        secret: Signs what is kept, so that others who can write to the store cannot forge answers; the same wherever
            the store is shared.

    Raises:
        ConfigError: An argument is none of these.
    """

    def __init__(
        self, store: Store | None = None, *, mode: CacheMode = "on", secret: str | Secret | None = None
    ) -> None:
        if mode not in get_args(CacheMode):
            raise ConfigError(f"mode is one of {', '.join(get_args(CacheMode))}, not {mode!r}")
        if store is not None and not hasattr(store, "invalidate"):
            raise ConfigError(f"store is a MemoryStore, a DiskStore or of their form, not {type(store).__name__}")
        self.mode = mode
        self.store: Store = MemoryStore() if store is None else store
        self.parts: dict[str, Part] = {}
        self._secret = None if secret is None else Secret(secret)
        self._counts = dict.fromkeys(("hits", "misses", "stored", "unfit", "invalid", "errors"), 0)
        self._warned = float("-inf")

    async def find(self, call: Call, max_age: float | None = None) -> Result | None:
        """The kept answer to a call: an answer of its own, or a stream of the same deltas.

        Args:
            call: The call.
            max_age: Oldest answer to give, in seconds; None for any that has not had its time.
        """
        found = None
        key = request_key(call)
        if key is not None:
            try:
                kept = await self.store.get(key)
            except Exception as error:  # noqa: BLE001 - a store may raise anything; the call goes on
                self._failed(error)
            else:
                if kept is not None and (max_age is None or kept.age <= max_age):
                    body = unseal(key, kept.data, self._secret)
                    found = None if body is None else restored(body, call)
                    self._counts["invalid"] += found is None
        self._counts["misses" if found is None else "hits"] += 1
        return found

    async def keep(self, call: Call, answer: Answer, ttl: float, deltas: Sequence[Delta] = ()) -> bool:
        """Keep a whole answer, if it may be given again.

        Args:
            call: The call that it answers.
            answer: The answer.
            ttl: Seconds.
            deltas: What it came in, of a stream.

        Returns:
            Whether it is kept.
        """
        fit = answer.target == call.target and worth_keeping(answer, deltas)
        key = request_key(call) if fit else None
        body = None if key is None else record(answer, deltas)
        if key is None or body is None:
            self._counts["unfit"] += 1
            return False
        try:
            kept = await self.store.set(key, seal(key, body, self._secret), ttl, tags_of(call))
        except Exception as error:  # noqa: BLE001
            self._failed(error)
            return False
        self._counts["stored"] += kept
        return kept

    def stats(self) -> dict[str, Any]:
        """What it holds and how often it helped.

        ``hits``, ``misses``, ``stored``; ``unfit`` answers were not kept (truncated, refused, of a fallback),
        ``invalid`` ones were damaged or not ours, ``errors`` are the store's; with what the store tells of itself, and
        each of `parts` under its name.
        """
        return {**self._counts, **self.store.stats(), **{name: dict(part.stats()) for name, part in self.parts.items()}}

    async def clear(self) -> int:
        """Drop everything; how many entries there were. Raises what the store raises."""
        return await self.store.clear() + sum([await part.clear() for part in self.parts.values()])

    async def invalidate(self, tag: str) -> int:
        """Drop what was kept with a tag; how many entries there were. Raises what the store raises."""
        return await self.store.invalidate(tag) + sum([await part.invalidate(tag) for part in self.parts.values()])

    async def aclose(self) -> None:
        """Free what the store holds; it opens again when it is used again."""
        await self.store.aclose()

    def _failed(self, error: Exception) -> None:
        self._counts["errors"] += 1
        now = asyncio.get_running_loop().time()
        if not 0 <= now - self._warned < QUIET_SECONDS:
            self._warned = now
            # its class alone: the words of a store may have an address with a password in them
            log.warning("the cache's store failed (%s); calls go on without it", type(error).__name__)


def tags_of(call: Call) -> tuple[str, ...]:
    """What an answer is found by: each tag of its call as ``name`` and ``name=value``, and its ``provider:model``."""
    tags = [str(call.target)]
    for name, value in call.tags.items():
        tags += [name, f"{name}={value}"]
    return tuple(tags)
