"""A stretch of a task that somebody else may end: against ``asyncio.timeout``, which it stands for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.middleware.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable


class Asyncios:
    """The same interface over the original."""

    def __init__(self) -> None:
        self.scope = asyncio.timeout(None)
        self.asked = False

    async def __aenter__(self) -> None:
        await self.scope.__aenter__()

    async def __aexit__(self, *raised: Any) -> None:
        await self.scope.__aexit__(*raised)

    @property
    def expired(self) -> bool:
        return self.scope.expired()

    def end(self) -> None:
        if self.asked:  # to bring it forward again would put it off by a step
            return
        self.asked = True
        try:
            self.scope.reschedule(asyncio.get_running_loop().time())
        except RuntimeError:
            pass  # it was left, or has expired


class Ours(Scope):
    """Entered as the original is."""

    async def __aenter__(self) -> None:
        super().__enter__()

    async def __aexit__(self, *raised: Any) -> None:
        super().__exit__(*raised)


BODIES = ("waits", "swallows", "raises", "returns", "waits on", "times out")
STEPS = st.lists(st.sampled_from(["end", "cancel", "go", "step"]), max_size=6)


async def inside(body: str, go: asyncio.Event) -> str:
    """Wait, and do one thing or another about being cancelled."""
    try:
        await go.wait()
    except asyncio.CancelledError:
        if body == "swallows":
            return "swallowed"
        if body == "raises":
            raise ValueError("another error") from None
        if body == "times out":
            raise TimeoutError("its own") from None
        if body == "waits on":
            await asyncio.sleep(0)
        raise
    return "went"


async def run(scope: Any, body: str, go: asyncio.Event, outer: bool, told: list[Any]) -> None:
    """Do that in a scope, and tell how it was left."""
    try:
        async with scope:
            told.append(await inside(body, go))
    except TimeoutError as error:
        told.append(("timeout", str(error), scope.expired, type(error.__cause__).__name__))
    except ValueError:
        told.append(("error", scope.expired))
    told.append(asyncio.current_task().cancelling())  # type: ignore[union-attr]
    if outer:
        await asyncio.sleep(1)


async def history(make: Callable[[], Any], body: str, outer: bool, steps: list[str]) -> list[Any]:
    """What becomes of a task in a scope: steps happen, and a round of the loop wherever there is a ``step``."""
    told: list[Any] = []
    scope, go = make(), asyncio.Event()
    task = asyncio.ensure_future(run(scope, body, go, outer, told))
    await asyncio.sleep(0)
    happen = {"end": scope.end, "cancel": task.cancel, "go": go.set}
    for step in [*steps, *["step"] * 4, "go"]:
        if step == "step":
            await asyncio.sleep(0)
        else:
            happen[step]()
    ended = (await asyncio.gather(task, return_exceptions=True))[0]
    return [*told, type(ended).__name__, scope.expired, task.cancelling()]


@given(st.sampled_from(BODIES), st.booleans(), STEPS)
async def test_it_ends_a_task_just_as_asyncio_does(body: str, outer: bool, steps: list[str]) -> None:
    """Ended, cancelled and let go in any order, once or more: the same answers, errors, causes and counts."""
    assert await history(Ours, body, outer, steps) == await history(Asyncios, body, outer, steps)


async def test_what_it_ended_alone_leaves_as_a_timeout() -> None:
    """With the cancellation as its cause, and nothing is left to be cancelled."""
    scope = Scope()
    asyncio.get_running_loop().call_later(3, scope.end)
    with pytest.raises(TimeoutError) as caught, scope:
        await asyncio.sleep(9)
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    assert scope.expired
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
    await asyncio.sleep(0)


async def test_to_end_it_before_and_after_is_harmless() -> None:
    """Nothing is cancelled outside of it, in that step or later."""
    scope = Scope()
    scope.end()
    with scope:
        await asyncio.sleep(1)
        scope.end()
    scope.end()
    await asyncio.sleep(1)
    assert not scope.expired


def test_outside_a_task_it_says_what_is_missing() -> None:
    """Calls are awaited in tasks."""
    scope = Scope()

    async def nothing() -> None:
        with pytest.raises(RuntimeError, match="in a task of asyncio"), scope:
            pass

    loop = asyncio.new_event_loop()
    failed: list[BaseException] = []
    try:
        asyncio.set_event_loop(loop)
        loop.call_soon(lambda: _drive(nothing(), failed))
        loop.call_soon(loop.stop)
        loop.run_forever()
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert failed == []


def _drive(made: Any, failed: list[BaseException]) -> None:
    try:
        made.send(None)
    except StopIteration:
        pass
    except BaseException as error:
        failed.append(error)
