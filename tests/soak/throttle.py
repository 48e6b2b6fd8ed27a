"""Caps that change while calls are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from ipfs_accel_async import Client
    from ipfs_accel_async.runtime import Runtime


class Throttle:
    """Moves the cap of every provider up and down, and checks at each move that no permit is lost.

    Args:
        ai: The client, which is in use.
        base: Places of a provider as it was set.
    """

    def __init__(self, ai: Client, base: int) -> None:
        self._ai = ai
        self._runtime: Runtime = ai._engine.runtime()
        self._base = base
        self.moves = 0

    def move(self, rng: random.Random) -> None:
        """Choose new caps, from 1 to twice the base."""
        for provider in self._runtime.scopes.slots:
            self._ai.capacity(provider).set(max_concurrent_requests=rng.randint(1, 2 * self._base))
            self.moves += 1

    def back(self) -> None:
        """Make the caps what they were."""
        for provider in self._runtime.scopes.slots:
            self._ai.capacity(provider).set(max_concurrent_requests=self._base)

    def lost(self) -> list[str]:
        """Where permits in use and free are not what was given, or a place is idle while somebody waits for it."""
        wrong = []
        for provider, cap in self._runtime.scopes.slots.items():
            told = self._ai.capacity(provider)
            if cap.free != max(told.max_concurrent_requests - told.in_flight, 0) or cap.others > told.in_flight:
                wrong.append(f"{told!r}: {cap.free} free, {cap.others} of them not of high priority")
        return wrong + self._shared()

    def _shared(self) -> list[str]:
        lanes, total = self._runtime.dispatcher.lanes.values(), self._runtime.scopes.total
        active = sum(lane.active for lane in lanes)
        spread = sum(sum(gate.loads) for lane in lanes for gate in lane.gates[:1])  # type: ignore[attr-defined]
        wrong = [] if spread == active else [f"{spread} keys are lent for {active} calls in flight"]
        if total is not None and total.free != total.limit - active:
            wrong.append(f"{total.free} permits of the total are free")
        return wrong
