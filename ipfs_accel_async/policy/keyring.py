"""Which of several equal keys serves the next call."""

from __future__ import annotations


class KeyRing:
    """Leases slots so that load spreads evenly: least loaded first, ties to the one unused for longest.

    It knows slots by index only; the keys themselves stay with their owner.

    Args:
        size: How many slots there are.

    Raises:
        ValueError: `size` is below 1.
    """

    __slots__ = ("_loads", "_taken_at", "_turn")

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("a key ring needs at least one key")
        self._loads = [0] * size
        self._taken_at = [0] * size
        self._turn = 0

    @property
    def loads(self) -> tuple[int, ...]:
        """Leases out, slot by slot."""
        return tuple(self._loads)

    def take(self, avoid: int | None = None) -> int:
        """Lease a slot and return its index; give it back with `give`.

        Args:
            avoid: A slot to leave alone, as it has just failed; the only one there is is taken all the same.
        """
        loads = self._loads
        if len(loads) == 1:
            loads[0] += 1
            return 0
        taken_at = self._taken_at
        index = 0 if avoid != 0 else 1
        for slot in range(1, len(loads)):
            if slot == avoid:
                continue
            lighter = loads[slot] - loads[index] or taken_at[slot] - taken_at[index]
            if lighter < 0:
                index = slot
        self._turn += 1
        taken_at[index] = self._turn
        loads[index] += 1
        return index

    def give(self, index: int) -> None:
        """Return a lease.

        Raises:
            RuntimeError: The slot has no lease out, so one was returned twice.
        """
        if not 0 <= index < len(self._loads) or self._loads[index] == 0:
            raise RuntimeError(f"slot {index} has no lease to give back")
        self._loads[index] -= 1
