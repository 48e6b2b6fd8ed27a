"""A load in virtual time: calls and streams of many callers, faults, cancels, caps that change, clients that close."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

from ipfs_accel_async import Client
from tests.soak.ledger import JOB, Job, Ledger
from tests.soak.quiet import unquiet
from tests.soak.service import Service
from tests.soak.throttle import Throttle
from tests.virtual_loop import VirtualLoop

FAULTS = 0.3  # more in outages, of course
CANCELS = 0.27  # of the jobs; some end before they are cancelled, which leaves about two in ten
CAP = 16
MOST = 400  # jobs at a time
TOO_LATE = 20  # jobs that come while their client is being closed
KINDS = ("chat",) * 10 + ("stream",) * 5 + ("break off", "slow reader") + ("embed", "fallbacks") * 2
POLICIES = ("reject", "drop-lowest", "wait", "reject")


@dataclass
class Result:
    """How a load went.

    Attributes:
        ledger: The books.
        cancels: Cancels that were sent, double ones included.
        closes: Clients that were closed under load.
        moves: Changes of a cap.
        wrong: Violations; empty when there were none.
        seconds: Virtual ones.
    """

    ledger: Ledger
    cancels: int
    closes: int
    moves: int
    wrong: list[str]
    seconds: float


class Load:
    """One simulated load.

    Args:
        calls: How many jobs are submitted.
        seed: Of everything that is random.
    """

    def __init__(self, calls: int, seed: int) -> None:
        self._calls = calls
        self._rng = random.Random(seed)
        self._ledger = Ledger()
        self._running: set[asyncio.Task[None]] = set()
        self._cancels = 0
        self._moves = 0
        self._wrong: list[str] = []

    async def run(self) -> Result:
        """Submit everything to one client after another: three are closed under load, the last one when all is done."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self._wrong.append(f"the loop heard of {context}"))
        for life, closing in enumerate((_with_grace, _without_grace, _cancelled_in_its_grace, _when_all_is_done)):
            await self._live(life, closing)
        return Result(self._ledger, self._cancels, 3, self._moves, [*self._wrong, *self._ledger.balance()], loop.time())

    async def _live(self, life: int, closing: Any) -> None:
        service = Service(self._ledger, self._rng, FAULTS)
        ai = Client(
            transport=service,
            keys={"openai": ["sk-one", "sk-two", "sk-three"], "groq": "gsk-one"},
            max_concurrent_requests=CAP,
            max_total_concurrent_requests=None if life % 2 else CAP + 8,
            queue_size=120,
            queue_overflow_policy=POLICIES[life],
            priority_aging=2.0,
            max_retries=3,
            reset_timeout=5.0,
            stream_idle_timeout=25.0,
            close_grace=3.0,
        )
        runtime = ai._engine.runtime()
        runtime.scopes.rng.seed(self._rng.random())
        self._ledger.watch(runtime)
        throttle = Throttle(ai, CAP)
        baseline = asyncio.all_tasks()
        share = self._calls // 4 if life else self._calls - 3 * (self._calls // 4) - TOO_LATE
        while share > 0:
            burst = min(share, self._rng.randrange(1, 30))
            share -= burst
            self._submit(ai, burst)
            self._look(throttle)
            await asyncio.sleep(self._rng.expovariate(0.5))
            while len(self._running) > MOST:
                await asyncio.sleep(1.0)
        throttle.back()
        await closing(self, ai)
        while self._running:
            await asyncio.wait(self._running)
        await asyncio.sleep(0)
        throttle.back()
        self._moves += throttle.moves
        self._wrong += throttle.lost() + unquiet(ai)
        if service.open or not service.closed:
            self._wrong.append(f"{service.open} responses are open, the transport is closed: {service.closed}")
        if asyncio.all_tasks() != baseline:
            self._wrong.append(f"tasks were left behind: {asyncio.all_tasks() - baseline}")
        self._wrong += self._ledger.compare(ai.report())

    def _look(self, throttle: Throttle) -> None:
        if self._rng.random() < 0.1:
            throttle.move(self._rng)
        self._wrong += throttle.lost()

    def _submit(self, ai: Client, burst: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(burst):
            self._ledger.submitted += 1
            job = Job(self._ledger.submitted, self._rng.choice(KINDS))
            task = loop.create_task(self._do(ai, job))
            self._running.add(task)
            task.add_done_callback(lambda task, job=job: self._ended(task, job))  # type: ignore[misc]
            if self._rng.random() < CANCELS:
                self._cancel(task, self._rng.choice((0.0, 0.3, 1.0, 4.0)) * self._rng.random())

    def _cancel(self, task: asyncio.Task[None], after: float) -> None:
        loop = asyncio.get_running_loop()
        self._cancels += 1
        if after:
            loop.call_later(after, task.cancel)
        else:
            loop.call_soon(task.cancel)
        if self._rng.random() < 0.1:  # once more, while it is cleaning up
            loop.call_later(after, loop.call_soon, task.cancel)

    def _ended(self, task: asyncio.Task[None], job: Job) -> None:
        self._running.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._ledger.ended(job, error, asyncio.get_running_loop().time())

    async def _do(self, ai: Client, job: Job) -> None:
        JOB.set(job)
        rng = self._rng
        how: dict[str, Any] = {"priority": rng.randrange(3), "timeout": 2.0 + 58.0 * rng.random()}
        model, words = f"openai:m{rng.randrange(4)}", f"text {job.number}"  # equal calls would share a request
        if job.kind == "embed":
            await ai.with_options(batch=False).embed(model, words, **how)  # the books want a request for each job
        elif job.kind == "chat":
            await ai.chat(model, words, **how)
        elif job.kind == "fallbacks":
            await ai.chat(model, words, fallbacks=["groq:g", "openai:other"], **how)
        else:
            await self._read(ai, job, model, words, how)

    async def _read(self, ai: Client, job: Job, model: str, words: str, how: dict[str, Any]) -> None:
        async with ai.stream(model, words, **how) as stream:
            async for _ in stream:
                if job.kind == "break off" and self._rng.random() < 0.4:
                    break
                if job.kind == "slow reader":
                    await asyncio.sleep(self._rng.random())


async def _with_grace(load: Load, ai: Client) -> None:
    closing = asyncio.ensure_future(ai.aclose(grace=5.0))
    await asyncio.sleep(1.0)
    load._submit(ai, TOO_LATE)
    await closing
    await ai.aclose()


async def _without_grace(load: Load, ai: Client) -> None:
    await asyncio.gather(ai.aclose(grace=0), ai.aclose(grace=0))


async def _cancelled_in_its_grace(load: Load, ai: Client) -> None:
    closing = asyncio.ensure_future(ai.aclose(grace=30.0))
    await asyncio.sleep(1.0)
    closing.cancel()
    await asyncio.wait([closing])
    await ai.aclose(grace=0)


async def _when_all_is_done(load: Load, ai: Client) -> None:
    while load._running:
        await asyncio.wait(load._running)
    async with ai:
        pass


def simulate(calls: int, seed: int) -> Result:
    """Run a load on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(Load(calls, seed).run())
