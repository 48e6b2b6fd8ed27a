"""The endpoints of a provider as the grant sees them, kept in step with what is added, changed and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.middleware.replicas import Member
from ipfs_accel_async.provider import key_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipfs_accel_async.endpoints import Endpoint
    from ipfs_accel_async.lanes import Gate
    from ipfs_accel_async.middleware.keyring import KeyPool
    from ipfs_accel_async.provider import Provider


class Members:
    """Gives the members; what is known of their load, speed and failures outlives a change of their settings.

    Args:
        provider: Whose endpoints they are.
        gates_of: The conditions of a grant with these keys.
    """

    def __init__(self, provider: Provider, gates_of: Callable[[KeyPool], list[Gate]]) -> None:
        self._provider = provider
        self._gates_of = gates_of
        self._version = -1
        self._members: dict[str, Member] = {}
        self._pools: dict[str, tuple[object, KeyPool]] = {}

    def __call__(self) -> Sequence[Member]:
        """The members as they are now."""
        known = self._provider.endpoints
        if known.version != self._version:
            self._version = known.version
            self._members = {one.name: self._made(one) for one in known}
            self._pools = {name: pool for name, pool in self._pools.items() if name in known}
        return list(self._members.values())

    def _made(self, one: Endpoint) -> Member:
        made = Member(one, self._gates_of(self._keys(one)))
        old = self._members.get(one.name)
        if old is not None:
            made.replica = old.replica
            made.replica.weight, made.replica.price = one.weight, one.price
        return made

    def _keys(self, one: Endpoint) -> KeyPool:
        """Its own keys, which stay the same pool as long as they are the same keys; else those of the provider."""
        if one.keys is None:
            return self._provider.pool
        keys, pool = self._pools.get(one.name, (None, None))
        if pool is None or keys is not one.keys:
            pool = key_pool(self._provider.codec, one.keys, one.settings)
            self._pools[one.name] = (one.keys, pool)
        return pool
