"""What one runtime shares with other processes, in one piece."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ipfs_accel_async.shared.flights import SharedFlights
from ipfs_accel_async.shared.link import Link
from ipfs_accel_async.shared.syncing import Sync
from ipfs_accel_async.shared.verdicts import Verdicts, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.core import Middleware
    from ipfs_accel_async.middleware.keyring import KeyPool
    from ipfs_accel_async.middleware.limits import LimitGate
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
        self.sync = Sync(self.link, Verdicts(providers, scopes, redis.namespace), wake)
        self._providers = providers
        self._adopted: dict[str, KeyPool | LimitGate] = {}

    def join(self, made: Provider) -> None:
        """Share the limits of a provider's keys, of those that its endpoints have of their own, and of endpoints."""
        name = made.codec.name
        limits: dict[str, KeyPool | LimitGate] = {scope_of(name, at): pool for at, pool in made.pools.items()}
        limits |= {f"{scope_of(name, at)}/limits": gate for at, gate in made.limited.items()}
        for scope, each in limits.items():
            if self._adopted.get(scope) is not each:
                self._adopted[scope] = each
                self.sync.adopt(scope, each)

    def flights(self, cache: Cache | None) -> list[Middleware]:
        """The layer that lets one process compute for all, where there is a cache to find the answers in."""
        if cache is None:
            return []
        return [SharedFlights(self.link, self.sync, cache, lambda provider: self._providers[provider].settings)]

    async def aclose(self) -> None:
        """Give back what is held, and close."""
        await self.sync.aclose()
