"""Caps that change while calls are under way: whoever holds permits of a semaphore lowers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    import anyio

    from ipfs_accel_async.runtime import Runtime


class Throttle:
    """Moves the cap of every provider up and down, and checks at each move that no permit is lost.

    Lowering cancels nothing: permits are taken as they come back. Raising lets waiting calls go at once.

    Args:
        runtime: Of the client.
        base: Permits of a provider as it was set.
    """

    def __init__(self, runtime: Runtime, base: int) -> None:
        self._runtime = runtime
        self._base = base
        self._held: dict[str, int] = {}
        self._wanted: dict[str, int] = {}
        self.moves = 0

    def move(self, rng: random.Random) -> None:
        """Choose new caps, from 1 to twice the base."""
        for provider in self._runtime.scopes.slots:
            self._wanted[provider] = rng.randrange(-self._base, self._base)
            self.moves += 1
        self.settle()

    def back(self) -> None:
        """Make the caps what they were."""
        self._wanted = dict.fromkeys(self._held, 0)
        self.settle()

    def settle(self) -> None:
        """Go as far towards the wanted caps as free permits allow."""
        for provider, wanted in self._wanted.items():
            cap = self._runtime.scopes.slots[provider]
            held = self._held.get(provider, 0)
            while held > wanted:
                cap.release()
                held -= 1
            while held < wanted and cap.value:
                cap.acquire_nowait()
                held += 1
            self._held[provider] = held
        self._runtime.dispatcher._grant()

    def lost(self) -> list[str]:
        """Where permits in use, free and held are not what was given."""
        return [
            f"{provider}: {active} in flight + {cap.value} free + {held} held of {self._base}"
            for provider, cap in self._runtime.scopes.slots.items()
            for active in [self._active(provider)]
            for held in [self._held.get(provider, 0)]
            if active + cap.value + held != self._base
        ] + self._total(self._runtime.scopes.total)

    def _active(self, provider: str) -> int:
        return sum(lane.active for (name, _), lane in self._runtime.dispatcher.lanes.items() if name == provider)

    def _total(self, total: anyio.Semaphore | None) -> list[str]:
        active = sum(lane.active for lane in self._runtime.dispatcher.lanes.values())
        spread = sum(sum(gate.loads) for lane in self._runtime.dispatcher.lanes.values() for gate in lane.gates[:1])  # type: ignore[attr-defined]
        wrong = [] if spread == active else [f"{spread} keys are lent for {active} calls in flight"]
        if total is not None and total.value < 0:
            wrong.append(f"{total.value} permits of the total")
        return wrong
