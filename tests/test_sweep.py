"""Cancel, fail or jump the clock at every place where a scenario waits: nothing is lost, held or counted wrongly."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from ipfs_accel_async.errors import AccelError, ConnectError
from tests.sweep_scenarios import SCENARIOS
from tests.sweeping import Act, run

PAIRS = 12
FAULTS = [OSError, MemoryError, RuntimeError, ConnectError]
JUMPS = [1.0, 31.0, 3_600.0]
ALL = pytest.mark.parametrize("name", SCENARIOS)


def cancel_at(*points: int) -> Act:
    """Cancels at those suspensions, once the task has gone to sleep."""

    def act(point: int, waited: Any, task: asyncio.Task[Any]) -> None:
        if point in points:
            asyncio.get_running_loop().call_soon(task.cancel)

    return act


def cancel_with_the_result_of(point: int, done: list[int]) -> Act:
    """Cancels in the very step in which what is waited for has come, before the task runs again."""

    def cancel(task: asyncio.Task[Any]) -> None:
        done.append(point)
        task.cancel()

    def act(at: int, waited: Any, task: asyncio.Task[Any]) -> None:
        if at != point:
            return
        if waited is None:
            asyncio.get_running_loop().call_soon(cancel, task)
        else:
            waited.add_done_callback(lambda _: cancel(task))

    return act


def jump_at(point: int, seconds: float) -> Act:
    """Moves the clock at a suspension, as a process that was suspended finds it."""

    def act(at: int, waited: Any, task: asyncio.Task[Any]) -> None:
        if at == point:
            asyncio.get_running_loop().advance(seconds)  # type: ignore[attr-defined]

    return act


@ALL
def test_cancel_at_every_suspension(name: str) -> None:
    """CancelledError reaches the caller, never swallowed or translated, and everything is as before."""
    scenario = SCENARIOS[name]
    for point in range(1, run(scenario).points + 1):
        ran = run(scenario, cancel_at(point))
        assert isinstance(ran.error, asyncio.CancelledError), (point, ran)


@ALL
def test_cancel_in_the_step_of_the_result(name: str) -> None:
    """A grant, an answer or the end of a sleep that comes together with the cancellation is handed on or dropped."""
    scenario = SCENARIOS[name]
    for point in range(1, run(scenario).points + 1):
        done: list[int] = []
        ran = run(scenario, cancel_with_the_result_of(point, done))
        assert isinstance(ran.error, asyncio.CancelledError), (point, ran)
        assert done == [point]


@ALL
def test_cancel_twice(name: str) -> None:
    """Again while the first cancellation is being cleaned up after, at once or a little later."""
    scenario = SCENARIOS[name]
    points = run(scenario).points
    rng = random.Random(name)
    pairs = {(point, point + 1) for point in range(1, points + 1)}
    pairs |= {tuple(sorted(rng.sample(range(1, points + 3), 2))) for _ in range(PAIRS)}  # type: ignore[misc]
    for pair in sorted(pair for pair in pairs if pair[0] <= points):
        assert isinstance(run(scenario, cancel_at(*pair)).error, asyncio.CancelledError), pair


@pytest.mark.parametrize("error", FAULTS)
@ALL
def test_a_fault_at_every_call_of_the_transport(name: str, error: type[BaseException]) -> None:
    """Whatever a send, a read or a closing raises: the caller gets that, or a typed error, or its answer after all."""
    scenario = SCENARIOS[name]
    for step in range(1, run(scenario).steps + 1):
        ran = run(scenario, fail_at=step, error=error)
        for one in ran.error.exceptions if isinstance(ran.error, ExceptionGroup) else [ran.error]:
            assert one is None or isinstance(one, (AccelError, error)), (step, ran)


@pytest.mark.parametrize("seconds", JUMPS)
@ALL
def test_jump_the_clock_at_every_suspension(name: str, seconds: float) -> None:
    """Deadlines that have passed meanwhile end the call with a typed error; otherwise it goes on."""
    scenario = SCENARIOS[name]
    for point in range(1, run(scenario).points + 1):
        ran = run(scenario, jump_at(point, seconds))
        assert ran.error is None or isinstance(ran.error, (AccelError, TimeoutError)), (point, ran)  # a caller's scope


def test_the_points_that_are_covered(capsys: pytest.CaptureFixture[str]) -> None:
    """Each scenario succeeds when it is left alone; how much is swept goes to the terminal."""
    ran = {name: run(scenario) for name, scenario in SCENARIOS.items()}
    assert {name: one.error for name, one in ran.items() if one.error is not None} == {}
    points = sum(one.points for one in ran.values())
    steps = sum(one.steps for one in ran.values())
    with capsys.disabled():
        print(  # noqa: T201
            f"\nswept: {len(ran)} scenarios; {points} suspensions, each cancelled in three ways, "
            f"with {len(JUMPS)} jumps of the clock; {steps} calls of the transport, each failed in {len(FAULTS)} ways"
        )
    assert len(ran) >= 28
    assert points >= 250
