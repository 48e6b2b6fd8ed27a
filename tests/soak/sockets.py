"""Load over real sockets: ``python -m tests.soak.sockets --requests 100000``, or ``--cancels 100000``.

The server runs in a process of its own and meets a tenth of the requests with a fault, or with a late answer where all
calls are cancelled. The books are those of the simulated load, and are held against what the server saw.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import Client
from ipfs_accel_async.transport.schemes import Schemes
from tests.soak.ledger import ENDINGS, JOB, Job, Ledger
from tests.soak.peer import Peer
from tests.soak.quiet import unquiet

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request

FILES = Path("/proc/self/fd")
PERMITS = 48
MOST = 96
"""Jobs at a time: twice the permits, so that there is always a queue."""
KINDS = ("chat",) * 6 + ("stream",) * 3 + ("break off",)
SETTINGS: dict[str, Any] = {
    "max_concurrent_requests": PERMITS,
    "queue_size": MOST,
    "timeout": 3.0,
    "stream_idle_timeout": 1.0,
    "initial_retry_delay": 0.01,
    "max_retry_delay": 0.1,
    "max_retries": 2,
    "reset_timeout": 0.2,  # a machine that is busy makes time-outs, and those open breakers
    "max_reset_timeout": 1.0,
    "max_response_bytes": 2**20,
}


class Noted:
    """The real transport; what goes through it is written into the books."""

    def __init__(self, ledger: Ledger) -> None:
        self.sent: Counter[str] = Counter()
        self._ledger = ledger
        self._inner = Schemes(None, connect_timeout=2.0, max_response_bytes=SETTINGS["max_response_bytes"])

    async def send(self, request: Request) -> Any:
        """Note and send."""
        name = next(value for key, value in request.headers if key == b"x-request-id").decode()
        self.sent[name] += 1
        self._ledger.request(name, "sent", asyncio.get_running_loop().time())
        return await self._inner.send(request)

    async def aclose(self) -> None:
        """Close."""
        await self._inner.aclose()


@dataclass
class Result:
    """How a load went.

    Attributes:
        ledger: The books.
        server: What the server said of itself.
        seen: Requests that it saw.
        after: Calls that succeeded after the load, of those that were tried.
        wrong: Violations; empty when there were none.
    """

    ledger: Ledger
    server: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    after: tuple[int, int] = (0, 0)
    wrong: list[str] = field(default_factory=list)


class Load:
    """Jobs against one server.

    Args:
        number: Requests, or calls that are cancelled.
        seed: Of what is random.
        cancels: Share of the jobs that is cancelled; of 1 each one is.
    """

    def __init__(self, number: int, seed: int, cancels: float) -> None:
        self._number, self._cancels = number, cancels
        self._rng = random.Random(seed)
        self._running: set[asyncio.Task[None]] = set()
        self.result = Result(Ledger())

    async def run(self, peer: Peer) -> Result:
        """Everything, then two hundred calls more, then silence."""
        loop, result = asyncio.get_running_loop(), self.result
        loop.set_exception_handler(lambda _, context: result.wrong.append(f"the loop heard of {context}"))
        transport = Noted(result.ledger)
        tasks, files = asyncio.all_tasks(), open_files()
        async with Client(
            transport=transport, keys={"openai": ["sk-one", "sk-two"]}, base_urls={"openai": peer.url}, **SETTINGS
        ) as ai:
            result.ledger.watch(ai._engine.runtime())
            while self._count() < self._number:
                self._submit(ai)
                while len(self._running) >= MOST:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            while self._running:
                await asyncio.wait(self._running)
            if self._cancels == 1:
                await self._afterwards(ai)
            result.wrong += unquiet(ai) + result.ledger.compare(ai.report())
        result.server = await peer.quiet()
        if left := asyncio.all_tasks() - tasks:
            result.wrong.append(f"tasks were left behind: {left}")
        if (now := open_files()) > files:
            result.wrong.append(f"{now} files are open, {files} were")
        seen = await peer.end()
        result.seen = sum(seen.values())
        result.wrong += result.ledger.balance()
        result.wrong += [
            f"{name}: sent {transport.sent[name]} times, seen {times} times"
            for name, times in seen.items()
            if times > transport.sent[name]
        ]
        if result.server["open"]:
            result.wrong.append(f"{result.server['open']} connections are still open at the server")
        return result

    def _count(self) -> int:
        ledger = self.result.ledger
        return ledger.endings["cancelled"] if self._cancels == 1 else ledger.requests

    def _submit(self, ai: Client) -> asyncio.Task[None]:
        loop, ledger = asyncio.get_running_loop(), self.result.ledger
        ledger.submitted += 1
        job = Job(ledger.submitted, self._rng.choice(KINDS))
        task = loop.create_task(self._do(ai, job))
        self._running.add(task)
        task.add_done_callback(lambda done: self._ended(done, job))
        if self._rng.random() < self._cancels:
            after = self._rng.choice((0.0, 0.01, 0.1, 0.4)) * self._rng.random()
            loop.call_later(after, task.cancel)
            if self._rng.random() < 0.1:  # once more, while it is cleaning up
                loop.call_later(after, loop.call_soon, task.cancel)
        return task

    def _ended(self, task: asyncio.Task[None], job: Job) -> None:
        self._running.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        self.result.ledger.ended(job, error, asyncio.get_running_loop().time())

    async def _do(self, ai: Client, job: Job) -> None:
        JOB.set(job)
        words, said = f"words {job.number}", ""
        if job.kind == "chat":
            said = (await ai.chat("openai:m", words, priority=self._rng.randrange(3))).text
        else:
            async with ai.stream("openai:m", words, priority=self._rng.randrange(3)) as stream:
                async for delta in stream:
                    said += delta.text
                    if job.kind == "break off":
                        break
        if said.removesuffix("!") != words:
            self.result.wrong.append(f"job {job.number} was told {said[:80]!r}")

    async def _afterwards(self, ai: Client) -> None:
        """The client is as good as new."""
        self._cancels, ledger = 0.0, self.result.ledger
        before = ledger.endings["succeeded"]
        for _ in range(4):
            await asyncio.wait([self._submit(ai) for _ in range(50)])
        self.result.after = (ledger.endings["succeeded"] - before, 200)
        if self.result.after != (200, 200):
            self.result.wrong.append(f"{self.result.after} calls succeeded afterwards: {dict(ledger.errors)}")


def open_files() -> int:
    """File descriptors of this process, where the system tells."""
    return len(os.listdir(FILES)) if FILES.is_dir() else 0  # noqa: PTH208 - counted in one step


async def simulate(number: int, *, seed: int = 1, cancels: bool = False, share: float = 0.1) -> Result:
    """One load against a server of its own.

    Args:
        number: Requests with faults, or cancelled calls.
        seed: Of what is random.
        cancels: Whether each call is cancelled, and the server slow instead of faulty.
        share: Of the requests that meet a fault.
    """
    async with Peer(seed, share=0.0 if cancels else share, slow=0.02 if cancels else 0.0) as peer:
        return await Load(number, seed, 1.0 if cancels else 0.02).run(peer)


def figures(result: Result, seconds: float) -> str:
    """A load in lines of text."""
    ledger, faults = result.ledger, Counter(result.server["faults"])
    faulty = faults.total() - faults["none"]
    lines = [
        f"{ledger.submitted:,} submitted = "
        + " + ".join(f"{ledger.endings[ending]:,} {ending}" for ending in ENDINGS)
        + f"; {ledger.late:,} of the cancelled had their whole answer",
        f"{ledger.requests:,} requests were sent, {result.seen:,} seen on {result.server['accepted']:,} connections",
        f"{faulty:,} of them ({faulty / max(faults.total(), 1):.1%}) met one of {len(faults) - 1} faults",
        f"afterwards {result.after[0]} of {result.after[1]} calls succeeded",
        f"errors: {dict(ledger.errors.most_common())}",
        f"{seconds:,.0f} s; violations: {len(result.wrong)}",
        *result.wrong[:20],
    ]
    return "\n".join(lines)


def main() -> int:
    """Run one load; 1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.sockets", description=__doc__)
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--cancels", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.perf_counter()
    number, cancels = given.cancels or given.requests or 10_000, bool(given.cancels)
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        result = runner.run(simulate(number, seed=given.seed, cancels=cancels))
    sys.stdout.write(figures(result, time.perf_counter() - started) + "\n")
    return bool(result.wrong)


if __name__ == "__main__":
    sys.exit(main())
