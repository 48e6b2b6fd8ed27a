"""What a flood of bulk calls does to everybody else: how long interactive calls take, alone and beside it.

``python -m benchmarks.fairness``: in virtual time, so the figures are exact. Twenty places, answers of 0.5 to 2 s;
people ask twice a second, and somebody else keeps three thousand calls waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from typing import Any

from benchmarks._run import Promise, conclude, table
from ipfs_accel_async import Client, MockTransport, Priority
from tests.virtual_loop import VirtualLoop

PLACES = 20
FLOOD = 3_000
MOST = 2.0
MESSAGE = {"role": "assistant", "content": "yes"}
REPLY = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
WHOLE = {**REPLY, "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}]}
TENANTS = {"tags": {"tenant": "people"}}, {"tags": {"tenant": "bulk"}}
LEVELS = {"priority": Priority.HIGH}, {"priority": Priority.LOW}
WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}, {}),
    "tenants": ({}, *TENANTS),
    "priorities": ({}, *LEVELS),
    "priorities, aging of an hour": ({"priority_aging": 3_600}, *LEVELS),
    "priorities, 6 places reserved": ({"reserved_for_high": 6}, *LEVELS),
}
"""Settings of the client, and what the people's calls and the others carry."""
UNPROMISED = {"nothing", "priorities"}
"""With an aging of 10 s, what has waited for minutes goes before HIGH calls that come now: aging is for that."""


async def people(ai: Client, rng: random.Random, calls: int, **given: Any) -> list[float]:
    """Seconds that each of the people's calls took."""
    loop = asyncio.get_running_loop()

    async def one() -> float:
        began = loop.time()
        await ai.chat("openai:m", "hi", **given)
        return loop.time() - began

    tasks = []
    for _ in range(calls):
        await asyncio.sleep(rng.expovariate(2.0))
        tasks.append(asyncio.ensure_future(one()))
    return await asyncio.gather(*tasks)


async def measure(way: str, calls: int, *, flooded: bool) -> float:
    """The 99th percentile of the people's times."""
    rng = random.Random(11)

    async def slow(request: Any) -> Any:
        await asyncio.sleep(rng.uniform(0.5, 2.0))
        return MockTransport.reply(WHOLE)

    settings, mine, theirs = WAYS[way]
    options = {"max_concurrent_requests": PLACES, "queue_size": 10 * FLOOD, "timeout": 86_400, **settings}
    async with Client(transport=MockTransport(slow), keys={"openai": "k"}, close_grace=0, **options) as ai:

        async def more() -> None:
            while True:
                await ai.chat("openai:m", "hi", **theirs)

        flood = [asyncio.ensure_future(more()) for _ in range(FLOOD if flooded else 0)]
        await asyncio.sleep(60)
        took = await people(ai, rng, calls, **mine)
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
    return sorted(took)[len(took) * 99 // 100]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.fairness", description="an interactive caller beside a flood")
    parser.add_argument("--calls", type=int, default=1_000, help="of the people")
    chosen = parser.parse_args()
    figures, rows, promises = {}, [], []
    for way in WAYS:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            alone = runner.run(measure(way, chosen.calls, flooded=False))
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            beside = runner.run(measure(way, chosen.calls, flooded=True))
        figures[way] = {"alone": alone, "beside": beside}
        rows.append([way, alone, beside, beside / alone])
        if way not in UNPROMISED:
            promises.append(Promise(f"{way}: p99 beside a flood/alone", beside / alone, MOST))
    table(["told apart by", "p99 alone, s", "p99 beside a flood, s", "times"], rows)
    conclude("fairness", figures, promises)


if __name__ == "__main__":
    main()
