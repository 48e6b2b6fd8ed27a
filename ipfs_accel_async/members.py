"""The endpoints of a provider as the grant sees them, kept in step with what is added, changed and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.middleware.replicas import Member

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipfs_accel_async.endpoints import Endpoint
    from ipfs_accel_async.gates import Gate
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

    def __call__(self) -> Sequence[Member]:
        """The members as they are now."""
        known = self._provider.endpoints
        if known.version != self._version:
            self._version = known.version
            self._members = {one.name: self._made(one) for one in known}
        return list(self._members.values())

    def _made(self, one: Endpoint) -> Member:
        made = Member(one, self._gates_of(self._provider.pool_of(one)))
        old = self._members.get(one.name)
        if old is not None:
            made.replica = old.replica
            made.replica.weight, made.replica.price = one.weight, one.price
        return made
