"""What the exact cache and single flight cost, and what they spare.

``python -m benchmarks.cache``: a hit from memory and from a file, beside the same call over a transport that answers at
once; a thousand equal calls at once; and a hundred thousand calls of other tenants that look for one tenant's answers.
All in one process without a network: what is measured is the client's own time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._run import Promise, conclude, table
from ipfs_accel_async import Cache, Client, DiskStore, MockTransport, Reply
from ipfs_accel_async.call import Call
from ipfs_accel_async.partition import request_key
from ipfs_accel_async.types import ChatRequest, Message, Target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MODEL = "openai:m"
QUESTION = "What is the tallest mountain of each continent, and who climbed it first?"
ANSWER = "Kilimanjaro, Vinson, Everest, Kosciuszko, Elbrus, Denali and Aconcagua. " * 10
CALL = Call("chat", Target("openai", "m", "http://server.test"), ChatRequest((Message("user", QUESTION),)))


def completion(request: Any) -> Any:
    """A whole answer, or an embedding."""
    if request.url.endswith("/embeddings"):
        texts = json.loads(request.body)["input"]
        rows = [{"index": place, "embedding": [0.5] * 8} for place in range(len(texts))]
        body: dict[str, Any] = {"data": rows, "model": "m", "usage": {"prompt_tokens": 1}}
    else:
        message = {"role": "assistant", "content": ANSWER}
        body = {"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    return MockTransport.reply(json.loads(json.dumps(body)), headers={"content-type": "application/json"})


def client(**settings: Any) -> Client:
    """A client whose service answers at once."""
    return Client(transport=MockTransport(completion), keys={"openai": "sk-test"}, **settings)


async def seconds(work: Callable[[], Awaitable[Any]], calls: int, rounds: int) -> float:
    """Seconds of CPU a call, the least of some rounds: what else the machine does only adds to it."""
    found = []
    for _ in range(rounds + 1):
        begun = time.process_time()
        for _ in range(calls):
            await work()
        found.append((time.process_time() - begun) / calls)
    return min(found[1:])


async def hits(calls: int, rounds: int) -> dict[str, float]:
    """Microseconds of a call that is sent, and of hits."""
    made: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        stores = {
            "sent": None,
            "hit in memory": Cache(),
            "hit on disk": Cache(DiskStore(Path(folder) / "answers.db")),
        }
        for name, cache in stores.items():
            async with client(**({} if cache is None else {"cache": cache})) as ai:
                await ai.chat(MODEL, QUESTION)
                made[name] = 1e6 * await seconds(lambda: ai.chat(MODEL, QUESTION), calls, rounds)
    begun = time.process_time()
    for _ in range(calls):
        request_key(CALL)
    made["key alone"] = 1e6 * (time.process_time() - begun) / calls
    return made


async def flights(callers: int) -> dict[str, float]:
    """Requests of equal calls at once, and microseconds of CPU a caller."""
    async with client() as ai:
        transport: Any = ai._engine._home.transport
        begun = time.process_time()
        await asyncio.gather(*(ai.chat(MODEL, QUESTION, temperature=0) for _ in range(callers)))
        return {
            "requests": float(len(transport.requests)),
            "CPU us a caller": 1e6 * (time.process_time() - begun) / callers,
        }


async def alone(calls: int, rounds: int) -> dict[str, float]:
    """Microseconds that single flight adds to a call that nobody joins."""
    found = {}
    for shared in (False, True):
        async with client(single_flight=shared) as ai:
            found[shared] = 1e6 * await seconds(lambda: ai.chat(MODEL, QUESTION, temperature=0), calls, rounds)
    return {
        "CPU us of a lone call, not shared": found[False],
        "the same, shared": found[True],
        "more": found[True] - found[False],
    }


async def probes(count: int) -> int:
    """Hits of other tenants on one tenant's answers."""
    cache = Cache()
    own = [replace(CALL, tags={"tenant": "a"}, target=replace(CALL.target, model=f"m{place}")) for place in range(100)]
    for call in own:
        await cache.keep(call, Reply(target=call.target, text="yes", finish_reason="stop"), 1e6)
    for number in range(count):
        await cache.find(replace(own[number % 100], tags={"tenant": f"b{number // 100}"}))
    found = int(cache.stats()["hits"])
    assert [await cache.find(call) is not None for call in own] == [True] * 100
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.cache", description="cost of the exact cache and single flight")
    parser.add_argument("--calls", type=int, default=500, help="calls a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--callers", type=int, default=1_000, help="equal calls at once")
    parser.add_argument("--probes", type=int, default=100_000, help="calls of other tenants")
    chosen = parser.parse_args()

    costs = asyncio.run(hits(chosen.calls, chosen.rounds))
    flight = asyncio.run(flights(chosen.callers))
    lone = asyncio.run(alone(chosen.calls, chosen.rounds))
    foreign = asyncio.run(probes(chosen.probes))
    print("\nA chat call, us of CPU\n")
    table(["", "CPU us"], list(costs.items()))
    print(f"\nSingle flight, {chosen.callers:,} equal calls at once\n")
    table(["", ""], [*flight.items(), *lone.items()])
    figures = {"hits": costs, "single flight": flight | lone, "foreign hits": foreign}
    conclude(
        "cache",
        figures,
        [
            Promise(f"requests of {chosen.callers:,} equal calls", flight["requests"], 1),
            Promise(f"hits of {chosen.probes:,} foreign probes", foreign, 0),
        ],
    )


if __name__ == "__main__":
    main()
