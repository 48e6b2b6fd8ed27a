"""The gate that lends keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.keys import Keys, Secret
    from ipfs_accel_async.policy.keyring import KeyRing


class KeyGate:
    """Lends the key with the fewest calls in flight; a retry gets another one than the attempt that failed.

    Args:
        keys: Of one provider.
        ring: Counts who has which.
    """

    def __init__(self, keys: Keys, ring: KeyRing) -> None:
        self._keys = keys
        self._ring = ring

    @property
    def loads(self) -> tuple[int, ...]:
        """Leases out, key by key."""
        return self._ring.loads

    def try_take(self, call: Call, now: float) -> KeyLease:
        """A key; there is always one."""
        trace = call.trace
        trace.key = index = self._ring.take(trace.avoid)
        return KeyLease(self._keys[index], self._ring, index)


class KeyLease:
    """A key on its way."""

    __slots__ = ("_index", "_ring", "key")

    def __init__(self, key: Secret, ring: KeyRing, index: int) -> None:
        self.key: Secret | None = key
        self._ring = ring
        self._index = index

    def settle(self, outcome: Outcome, now: float) -> None:
        """Give it back."""
        self._ring.give(self._index)
