"""What one runtime shares with other processes, in one piece."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ipfs_accel_async.shared.flights import SharedFlights
from ipfs_accel_async.shared.link import Link
from ipfs_accel_async.shared.syncing import Sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.core import Middleware
    from ipfs_accel_async.provider import Provider, Providers
    from ipfs_accel_async.scopes import Scopes
    from ipfs_accel_async.shared import Redis


class SharedState:
    """Rate limits, cool-downs, verdicts, answers and flights of one runtime, in one namespace of a Redis.

    Args:
        redis: Where.
        providers: The client's.
        scopes: Of the runtime.
        wake: Lets waiting calls ask again.

    Raises:
        ConfigError: The extra ``redis`` is not installed.
    """

    def __init__(self, redis: Redis, providers: Providers, scopes: Scopes, wake: Callable[[], None]) -> None:
        self.link = Link(redis, uuid.uuid4().hex)
        self.sync = Sync(self.link, providers, scopes, wake)
        self._providers = providers
        self._adopted: set[str] = set()

    def join(self, made: Provider) -> None:
        """Share the limits of a provider, from its first lane on."""
        name = made.codec.name
        if name not in self._adopted:
            self._adopted.add(name)
            self.sync.adopt(made)

    def flights(self, cache: Cache | None) -> list[Middleware]:
        """The layer that lets one process compute for all, where there is a cache to find the answers in."""
        if cache is None:
            return []
        return [SharedFlights(self.link, self.sync, cache, lambda provider: self._providers[provider].settings)]

    async def aclose(self) -> None:
        """Give back what is held, and close."""
        await self.sync.aclose()
