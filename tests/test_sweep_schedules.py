"""The same scenarios where callbacks that are ready together run in any order: none may count on that of the loop."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import Any

import pytest

from ipfs_accel_async.errors import AccelError
from tests.sweep_scenarios import SCENARIOS
from tests.sweeping import Act, run
from tests.virtual_loop import VirtualLoop

SEEDS = 12


class ShuffledLoop(VirtualLoop):
    """Virtual time, with the callbacks of each turn in an order that a seed decides.

    Args:
        seed: Of the order.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._order = random.Random(seed)
        self.turns_shuffled = 0

    def _run_once(self) -> None:
        ready: Any = self._ready  # type: ignore[attr-defined]
        if len(ready) > 1:
            handles = list(ready)
            self._order.shuffle(handles)
            ready.clear()
            ready.extend(handles)
            self.turns_shuffled += 1
        super()._run_once()  # type: ignore[misc]


def cancel_somewhere(seed: int, points: int) -> Act:
    """Cancels once or twice, at suspensions that a seed decides."""
    rng = random.Random(seed)
    at = {rng.randrange(1, points + 1) for _ in range(rng.randrange(1, 3))}

    def act(point: int, waited: Any, task: asyncio.Task[Any]) -> None:
        if point in at:
            asyncio.get_running_loop().call_soon(task.cancel)

    return act


@pytest.mark.parametrize("name", SCENARIOS)
def test_any_order_of_callbacks(name: str) -> None:
    """Left alone, a scenario succeeds; cancelled, it ends as cancelled; all is quiet and counted each time."""
    for seed in range(SEEDS):
        ran = run(SCENARIOS[name], loop=partial(ShuffledLoop, seed))
        assert ran.error is None, (seed, ran)
        ran = run(SCENARIOS[name], cancel_somewhere(seed, ran.points), loop=partial(ShuffledLoop, seed))
        assert ran.error is None or isinstance(ran.error, (asyncio.CancelledError, AccelError)), (seed, ran)


def test_the_order_is_another() -> None:
    """The loop does shuffle: tasks that are ready together run in an order of their own."""

    async def main() -> list[int]:
        seen: list[int] = []

        async def one(number: int) -> None:
            seen.append(number)

        await asyncio.gather(*(one(number) for number in range(20)))
        return seen

    orders = set()
    for seed in range(3):
        with asyncio.Runner(loop_factory=partial(ShuffledLoop, seed)) as runner:
            orders.add(tuple(runner.run(main())))
    assert len(orders) == 3
    assert all(sorted(order) == list(range(20)) for order in orders)
