"""Runs a scenario again and again and does something to it at each place where it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ipfs_accel_async import Client, ClientClosedError
from tests.faults.virtual import Answer, Body, VirtualServer, says
from tests.soak.ledger import JOB, Job, Ledger
from tests.soak.quiet import unquiet
from tests.virtual_loop import VirtualLoop

Act = Callable[[int, Any, "asyncio.Task[Any]"], None]
"""Told of each suspension: its number from 1, what is waited for (None for a bare yield), and the task."""

AHEAD = "said by others"
Does = Callable[[Client], Awaitable[Any]]


async def _nothing(ai: Client) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Scenario:
    """Something that is done with a client.

    Attributes:
        does: The part that is swept.
        answers: What the service answers, in order.
        always: What it answers after that.
        settings: Of the client.
        before: What has happened already, untouched.
        ahead: What others do with the client meanwhile, untouched; they were first.
        hidden: Whether requests are sent that are no attempts of a call: descriptions.
    """

    does: Does
    answers: Sequence[Answer | BaseException] = ()
    always: Answer | Callable[[Any], Answer] = field(default_factory=lambda: says(wait=0.5))
    settings: Mapping[str, Any] = field(default_factory=dict)
    before: Does = _nothing
    ahead: Sequence[Does] = ()
    hidden: bool = False


@dataclass
class Ran:
    """What became of a run.

    Attributes:
        points: Suspensions of the scenario.
        steps: Calls of the transport: sends, reads, closings.
        error: What the scenario raised.
    """

    points: int
    steps: int
    error: BaseException | None


class Watched:
    """Awaits a coroutine and tells `act` of each of its suspensions."""

    def __init__(self, coroutine: Awaitable[Any], act: Act | None) -> None:
        self._coroutine = coroutine
        self._act = act
        self.points = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._coroutine.__await__()
        task = asyncio.current_task()
        assert task is not None
        send: Callable[[], Any] = lambda: next(inner)  # noqa: E731
        while True:
            try:
                waited = send()
            except StopIteration as stop:
                return stop.value
            self.points += 1
            if self._act is not None:
                self._act(self.points, waited, task)
            try:
                value = yield waited
            except BaseException as error:
                thrown = error
                send = lambda thrown=thrown: inner.throw(thrown)  # noqa: E731
            else:
                send = lambda value=value: inner.send(value)  # noqa: E731


class Stage(VirtualServer):
    """The service: every call of the transport suspends, and one of them may fail.

    Args:
        ledger: Hears of each request.
        scenario: What it answers.
        error: Kind of what the call of the transport with the number `fail_at` raises; 0 for none of them.
    """

    def __init__(self, ledger: Ledger, scenario: Scenario, error: type[BaseException]) -> None:
        super().__init__(*scenario.answers, always=scenario.always)
        self._ledger = ledger
        self._error = error
        self.fail_at = 0
        self.steps = 0
        self.closed = False

    def step(self) -> None:
        """One call of the transport."""
        self.steps += 1
        if self.steps == self.fail_at:
            raise self._error("simulated")

    async def send(self, request: Any) -> Any:
        """Answer one request."""
        request_id = next(value for name, value in request.headers if name.lower() == b"x-request-id")
        self._ledger.request(request_id.decode(), "", asyncio.get_running_loop().time())
        self.step()
        if AHEAD.encode() not in request.body:
            return _Reading(self, await super().send(request))
        await asyncio.sleep(0.5)  # others leave the script alone
        self.open += 1
        return _Reading(self, Body(self, says()))

    async def aclose(self) -> None:
        """Remember it."""
        self.closed = True


class _Reading:
    """A response whose reads and whose closing suspend."""

    def __init__(self, stage: Stage, body: Any) -> None:
        self._stage = stage
        self._body = body
        self.status = body.status
        self.headers = body.headers

    async def read(self) -> bytes:
        self._stage.step()
        await asyncio.sleep(0.01)
        return await self._body.read()  # type: ignore[no-any-return]

    async def aclose(self) -> None:
        await self._body.aclose()
        await asyncio.sleep(0)
        self._stage.step()


def run(
    scenario: Scenario,
    act: Act | None = None,
    *,
    fail_at: int = 0,
    error: type[BaseException] = RuntimeError,
    loop: Callable[[], VirtualLoop] = VirtualLoop,
) -> Ran:
    """Run a scenario on a loop of its own; whatever is done to it, all is quiet and counted after it."""
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(_run(scenario, act, fail_at, error))


async def _run(scenario: Scenario, act: Act | None, fail_at: int, error: type[BaseException]) -> Ran:
    noise: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    ledger, jobs = Ledger(), [Job(0)]
    stage = Stage(ledger, scenario, error)
    ai = Client(transport=stage, **{"keys": {"openai": ["sk-a", "sk-b"]}, "retry_jitter": 0, **scenario.settings})
    runtime = ai._engine.runtime()
    runtime.scopes.rng.seed(1)
    ledger.watch(runtime)
    JOB.set(jobs[0])
    await scenario.before(ai)
    stage.steps, stage.fail_at = 0, fail_at
    baseline = asyncio.all_tasks()
    others = []
    for number, does in enumerate(scenario.ahead, 1):
        jobs.append(Job(number))
        others.append(asyncio.ensure_future(_as(jobs[-1], does(ai))))
        await asyncio.sleep(0)
    jobs.append(Job(99))
    watched = Watched(scenario.does(ai), act)
    task = asyncio.ensure_future(_as(jobs[-1], watched))
    await asyncio.wait([task])
    points, steps = watched.points, stage.steps
    stage.fail_at = 0
    if others:
        await asyncio.wait(others)
    for other in others:
        assert other.cancelled() or other.exception() is None or fail_at or act or ai._engine._home.closed, other
    raised = asyncio.CancelledError() if task.cancelled() else task.exception()
    await asyncio.sleep(0)
    told = [*unquiet(ai), *ledger.wrong, *noise]
    if stage.open or asyncio.all_tasks() != baseline:
        told.append(f"{stage.open} responses are open; tasks: {asyncio.all_tasks() - baseline}")
    for job in jobs:
        attempts = sum(call.attempts for call in job.calls)
        if job.settled != len(job.calls) or (job.seen != attempts and not (scenario.hidden and job.seen > attempts)):
            told.append(f"{len(job.calls)} calls ended {job.settled} times; {job.seen} requests, {attempts} attempts")
    stage.answers, stage.always = [], says()
    await _afterwards(ai, told)
    assert not told, told
    assert stage.closed
    return Ran(points, steps, raised)


async def _as(job: Job, does: Awaitable[Any]) -> Any:
    JOB.set(job)
    return await does


async def _afterwards(ai: Client, told: list[Any]) -> None:
    """The client still works, unless it was closed; then it is closed."""
    await asyncio.sleep(7_200)  # a breaker that opened lets one call try
    try:
        await ai.chat("openai:m", "afterwards")
    except ClientClosedError:
        if not ai._engine._home.closed:
            told.append("it is closed, though nobody closed it")
    await ai.aclose()
    told += unquiet(ai)
