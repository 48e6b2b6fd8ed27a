"""The endpoints of a provider as the grant sees them, kept in step with what is added, changed and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.middleware.endpoint import Member

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipfs_accel_async.endpoints import Endpoint
    from ipfs_accel_async.gates import Gate
    from ipfs_accel_async.middleware.keyring import KeyPool
    from ipfs_accel_async.provider import Provider


class Members:
    """Gives the members; what is known of their load, speed, limits and failures outlives a change of their settings.

    Args:
        provider: Whose endpoints they are.
        gates_of: The conditions of a grant at an endpoint with these keys.
    """

    def __init__(self, provider: Provider, gates_of: Callable[[Endpoint, KeyPool], list[Gate]]) -> None:
        self._provider = provider
        self._gates_of = gates_of
        self._version = -1
        self._members: dict[str, Member] = {}
        self._bases: dict[str, tuple[object, ...]] = {}

    def __call__(self) -> Sequence[Member]:
        """The members as they are now."""
        known = self._provider.endpoints
        if known.version != self._version:
            self._version = known.version
            self._members = {one.name: self._made(one) for one in known}
            pools = [self._provider.pool_of(one) for one in known]
            for pool in pools:
                alike = pools.count(pool)
                pool.beside = (alike - 1, len(pools) - alike)
        return list(self._members.values())

    def _made(self, one: Endpoint) -> Member:
        old, pool, own = self._members.get(one.name), self._provider.pool_of(one), one.settings
        found = (own.min_concurrent, own.initial_concurrent, own.max_concurrent_requests, own.latency_tolerance)
        base = (pool, self._provider.limits_of(one), own.adaptive_concurrency, *found)
        same = old is not None and self._bases[one.name] == base
        made = Member(one, old.gates if old is not None and same else self._gates_of(one, pool))
        self._bases[one.name] = base
        if old is not None and old.url == one.url:
            made.replica = old.replica
            made.replica.weight, made.replica.price = one.weight, one.price
        return made
