"""What choosing key, endpoint and permit costs: one synchronous grant and its way back, without a network.

``python -m benchmarks.grant`` prints microseconds a grant: of many short rounds the least, by timeit's rule, as
whatever else the machine does only adds. With 50 keys it is to stay under 5.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks._run import Promise, conclude, pin, table
from ipfs_accel_async.call import Call, Outcome
from ipfs_accel_async.engine import Engine
from ipfs_accel_async.keys import Key, Keys, Strategy
from ipfs_accel_async.lanes import Grant
from ipfs_accel_async.types import ChatRequest, Message, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipfs_accel_async.dispatcher import Dispatcher
    from ipfs_accel_async.lanes import Lane

TARGET = Target("openai", "m", "https://api.openai.com/v1")
OK = Outcome("ok")
BOUND = 5.0
HELD = 50
"""Grants that are out at any time."""
CASES: dict[str, dict[str, Any]] = {
    "1 key": {"keys": 1},
    "50 keys": {"keys": 50},
    "50 keys, round-robin": {"keys": 50, "strategy": "round-robin"},
    "50 keys, per user": {"keys": 50, "strategy": "per-user"},
    "50 keys, 10 of them parked": {"keys": 50, "parked": 10},
    "50 keys, each with rpm": {"keys": 50, "rpm": 1_000_000},
}


def prepared(keys: int, strategy: Strategy = "least-loaded", parked: int = 0, rpm: int | None = None) -> Any:
    """A lane of a client with so many keys, in a running loop; some of them have had enough."""
    made = Keys(*(Key(f"sk-{number}", name=f"team-{number}") for number in range(keys)), strategy=strategy, rpm=rpm)
    engine = Engine(
        common={"max_concurrent_requests": 1_000},
        providers={},
        keys={"openai": made},
        base_urls={},
        http_client=None,
        transport=None,
        credentials_file=None,
        max_total=None,
    )
    runtime = engine.runtime()
    dispatcher = runtime.dispatcher
    lane = dispatcher._lane(TARGET)
    pool = engine.provider("openai").pool
    now = runtime.loop.time()
    for member in list(pool.members.values())[:parked]:
        pool.health.park(member.group, TARGET.model, now + 3_600.0)
    return dispatcher, lane


def grants(dispatcher: Dispatcher, lane: Lane, calls: Sequence[Call], held: int) -> float:
    """Microseconds a grant: `held` of them are out at any time, the oldest comes back for each new one."""
    out: list[Grant] = []
    started = perf_counter()
    for call in calls:
        grant = dispatcher._take(lane, call)
        assert isinstance(grant, Grant)
        out.append(grant)
        if len(out) > held:
            out.pop(0).release(OK)
    seconds = perf_counter() - started
    for grant in out:
        grant.release(OK)
    return seconds / len(calls) * 1e6


def takes(dispatcher: Dispatcher, lane: Lane, calls: Sequence[Call], held: int) -> float:
    """Microseconds of the grant alone: what it takes back is not counted."""
    out: list[Grant] = []
    spent = 0.0
    for call in calls:
        started = perf_counter()
        grant = dispatcher._take(lane, call)
        spent += perf_counter() - started
        assert isinstance(grant, Grant)
        out.append(grant)
        if len(out) > held:
            out.pop(0).release(OK)
    for grant in out:
        grant.release(OK)
    return spent / len(calls) * 1e6


async def measure(case: dict[str, Any], rounds: int, size: int) -> tuple[float, float]:
    """Of a case: the grant alone, and the grant with its way back."""
    dispatcher, lane = prepared(**case)
    rng = random.Random(1)
    now = asyncio.get_running_loop().time()
    users = [{"user": f"u{rng.randrange(500)}"} for _ in range(size)]
    payload = ChatRequest((Message("user", "hi"),))
    calls = [Call("chat", TARGET, payload, deadline=now + 3_600.0, submitted=now, tags=tags) for tags in users]
    ways: list[Callable[..., float]] = [takes, grants]
    figures = [[way(dispatcher, lane, calls, HELD) for way in ways] for _ in range(rounds)]
    return min(row[0] for row in figures), min(row[1] for row in figures)


def main() -> int:
    """Measure and print; 1 when the promise for 50 keys is broken."""
    parser = argparse.ArgumentParser(prog="benchmarks.grant", description="microseconds of a grant")
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--calls", type=int, default=100, help="grants a round")
    parser.add_argument("--gate", type=float, default=BOUND, help="most microseconds of a grant with 50 keys")
    chosen = parser.parse_args()
    pin(0)
    rows = []
    figures: dict[str, float] = {}
    for name, case in CASES.items():
        taken, both = asyncio.run(measure(case, chosen.rounds, chosen.calls))
        figures[name] = round(taken, 2)
        rows.append((name, round(taken, 2), round(both, 2)))
    table(["keys", "us a grant", "us a grant and its return"], rows)
    promises = [Promise("us a grant with 50 keys", figures["50 keys"], chosen.gate)]
    conclude("grant", figures, promises)
    return 0 if all(promise.holds for promise in promises) else 1


if __name__ == "__main__":
    raise SystemExit(main())
