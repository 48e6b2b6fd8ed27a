"""Code that loops, crashes, exits or is given up on: its own call fails, and nothing else."""

from __future__ import annotations

import asyncio
import os

import pytest

from ipfs_accel_async.errors import ClientClosedError, ServerError
from ipfs_accel_async.transport.llvm import Engine
from tests.transport.llvm.conftest import COUNTABLE, needs_llvmlite, worker_ids
from tests.transport.llvm.kernels import (
    EXITS,
    FOR_EVER,
    NULL_DEREFERENCE,
    SUM_OF_SQUARES,
    TRAP,
    add,
    temperamental,
)

pytestmark = [pytest.mark.sockets, needs_llvmlite]
LINUX = pytest.mark.skipif(not COUNTABLE, reason="counts processes by Linux's /proc")


async def test_an_endless_loop_is_ended_at_its_limit(engine: Engine) -> None:
    """The call fails with `time_limit`, not worth a retry; the next one works."""
    with pytest.raises(ServerError, match=r"time limit of 0.2 s") as caught:
        await engine.execute_code(FOR_EVER, {"time_limit": 0.2})
    assert (caught.value.code, caught.value.status, caught.value.retryable) == ("time_limit", 504, False)
    assert (await engine.execute_code(SUM_OF_SQUARES, {"args": [3]})).result == 14


@pytest.mark.parametrize(
    ("code", "how"),
    [(NULL_DEREFERENCE, "with SIGSEGV"), (TRAP, "with SIGILL|with SIGTRAP"), (EXITS, "exit status 3")],
    ids=["null", "trap", "exit"],
)
async def test_a_crash_is_an_error_of_its_call(engine: Engine, code: str, how: str) -> None:
    """The error says how the process ended; the next call works."""
    with pytest.raises(ServerError, match=how) as caught:
        await engine.execute_code(code)
    assert (caught.value.code, caught.value.retryable) == ("worker_crashed", False)
    assert (await engine.execute_code(SUM_OF_SQUARES, {"args": [2]})).result == 5


async def test_a_crashing_call_among_others_fails_alone(engine: Engine) -> None:
    """Of forty concurrent calls of one model, those that crash fail, and every other is answered."""
    numbers = [2 if n % 10 == 0 else n + 100 for n in range(40)]
    answers = await asyncio.gather(*(engine.infer("copy", n) for n in numbers), return_exceptions=True)
    for number, answer in zip(numbers, answers, strict=True):
        if number == 2:
            assert isinstance(answer, ServerError)
        else:
            assert isinstance(answer, dict)
            assert int(answer["y"]) == number
    statistics = engine.statistics("copy")
    assert (statistics["count"], statistics["failures"]) == (36, 4)


async def test_a_model_that_loops_is_ended_too() -> None:
    """The engine's own limit holds for models."""
    async with Engine([temperamental()], workers=1, time_limit=2.0) as engine:
        await engine.infer("copy", 7)
        with pytest.raises(ServerError) as caught:
            await engine.infer("copy", 1)
        assert caught.value.code == "time_limit"
        assert int((await engine.infer("copy", 8))["y"]) == 8


@LINUX
async def test_a_cancelled_call_ends_its_process(engine: Engine) -> None:
    """The worker of a call that nobody waits for any more is killed at once, and replaced."""
    call = asyncio.create_task(engine.infer("copy", 1))
    while engine.statistics("copy")["compilations"] == 0 or not worker_ids():
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert int((await engine.infer("copy", 5))["y"]) == 5


@LINUX
async def test_nothing_is_left_behind() -> None:
    """Closing ends workers that are idle, that run for ever, and what they were asked for fails."""
    before = worker_ids()
    engine = Engine([add(), temperamental()], workers=2, time_limit=60.0)
    await asyncio.gather(*(engine.infer("add", {"a": 1, "b": n}) for n in range(10)))
    running = asyncio.create_task(engine.infer("copy", 1))
    while engine.statistics("copy")["compilations"] == 0:
        await asyncio.sleep(0)
    assert worker_ids() - before
    await engine.aclose()
    assert worker_ids() == before
    with pytest.raises(ClientClosedError):
        await running


@LINUX
async def test_posted_code_gets_a_process_of_its_own(engine: Engine) -> None:
    """Two executions never share a process: what one leaves behind the next does not see."""
    counter = "@n = global i64 0\ndefine i64 @main() {\n %a = load i64, ptr @n\n %b = add i64 %a, 1\n"
    counter += " store i64 %b, ptr @n\n ret i64 %b\n}"
    assert [(await engine.execute_code(counter)).result for _ in range(3)] == [1, 1, 1]


async def test_posted_code_sees_no_keys(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's environment has no variable that a key may be in."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    asks = "declare ptr @getenv(ptr)\ndefine i1 @main(ptr %name) {\n %v = call ptr @getenv(ptr %name)\n"
    asks += " %there = icmp ne ptr %v, null\n ret i1 %there\n}"
    assert (await engine.execute_code(asks, {"args": ["OPENAI_API_KEY"]})).result is False
    assert (await engine.execute_code(asks, {"args": ["PATH"]})).result is ("PATH" in os.environ)


async def test_memory_is_limited() -> None:
    """An allocation beyond the limit gets a null pointer, as C code expects."""
    asks = "declare ptr @malloc(i64)\ndefine i1 @main(i64 %size) {\n %p = call ptr @malloc(i64 %size)\n"
    asks += (
        " store volatile ptr %p, ptr @keep\n %there = icmp ne ptr %p, null\n ret i1 %there\n}\n@keep = global ptr null"
    )
    async with Engine(memory_limit=2 * 1024**3) as engine:
        assert (await engine.execute_code(asks, {"args": [1024]})).result is True
        assert (await engine.execute_code(asks, {"args": [3 * 1024**3]})).result is False
