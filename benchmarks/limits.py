"""How much of a service's limit is used, and how many calls it refuses: against twins that count strictly.

In virtual time: ten minutes of each case in some seconds. ``--sockets`` runs one case in real time as well, against the
simulator on a loopback socket.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks._run import Promise, conclude, table
from benchmarks.strict import StrictService
from ipfs_accel_async import AccelError, Client
from ipfs_accel_async.simulator import RateLimit, Simulator
from tests.virtual_loop import VirtualLoop

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

LEAST_USE, MOST_REFUSED = 0.97, 0.001
WORDS = "the quick brown fox jumps over a lazy dog while seven wizards count every token of this long sentence".split()  # noqa: SIM905


@dataclass(frozen=True)
class Case:
    """One service and what is asked of it.

    Args:
        name: For the table.
        model: Provider and model.
        counts: What the service counts.
        knows: The same, as the client is told.
        words: Least and most words of a prompt.
        callers: Calls wanted at once.
    """

    name: str
    model: str
    counts: dict[str, int]
    knows: dict[str, int]
    words: tuple[int, int] = (5, 60)
    callers: int = 300
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def provider(self) -> str:
        """Name of the provider."""
        return self.model.partition(":")[0]


CASES = [
    Case("requests", "openai:gpt-4.1-mini", {"requests_per_minute": 600}, {"rpm": 600}),
    Case("few requests", "openai:gpt-4.1-mini", {"requests_per_minute": 60}, {"rpm": 60}),
    Case("tokens", "openai:gpt-4.1-mini", {"tokens_per_minute": 60_000}, {"tpm": 60_000}),
    Case("large prompts", "openai:gpt-4.1-mini", {"tokens_per_minute": 60_000}, {"tpm": 60_000}, (300, 900)),
    Case(
        "both",
        "openai:gpt-4.1-mini",
        {"requests_per_minute": 600, "tokens_per_minute": 60_000},
        {"rpm": 600, "tpm": 60_000},
    ),
    Case(
        "in and out apart",
        "claude:claude-haiku-4-5",
        {"input_tokens_per_minute": 40_000, "output_tokens_per_minute": 40_000},
        {"input_tpm": 40_000, "output_tpm": 40_000},
    ),
]


def settings(case: Case) -> dict[str, Any]:
    """Of the client: nothing but the limits stands in its way."""
    return {
        "keys": {case.provider: "sk-benchmark-0123456789"},
        "max_concurrent_requests": case.callers,
        "queue_size": 10**6,
        "timeout": 3_600.0,
        "providers": {case.provider: case.knows},
        **case.more,
    }


async def flood(ai: Client, case: Case, seconds: float, rng: random.Random) -> int:
    """Keep as many calls waiting as there are callers; how many failed."""
    loop, failed = asyncio.get_running_loop(), 0
    end = loop.time() + seconds

    async def caller() -> None:
        nonlocal failed
        while loop.time() < end:
            prompt = " ".join(rng.choices(WORDS, k=rng.randint(*case.words)))
            try:
                await ai.chat(case.model, prompt, max_tokens=1_000)
            except AccelError:
                failed += 1

    tasks = [asyncio.create_task(caller()) for _ in range(case.callers)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    return failed + sum(isinstance(end, Exception) for end in ends)


async def virtual(case: Case, counting: str, minutes: int, seed: int = 5) -> dict[str, float]:
    """One case in virtual time."""
    rng = random.Random(seed)
    service = StrictService(case.provider, RateLimit(**case.counts, counting=counting), rng)  # type: ignore[arg-type]
    async with Client(transport=service.transport, **settings(case)) as ai:
        failed = await flood(ai, case, minutes * 60.0, rng)
    requests, read, written = len(service.served), *(sum(row[place] for row in service.served) for place in (1, 2))
    amounts = {"requests": requests, "tokens": read + written, "input_tokens": read, "output_tokens": written}
    used = max(amounts[name.removesuffix("_per_minute")] / (size * minutes) for name, size in case.counts.items())
    sent = len(service.served) + service.refused
    return {"used": used, "refused": service.refused / sent, "failed": failed, "calls": sent}


async def sockets(minutes: float) -> dict[str, float]:
    """Requests a minute in real time, against the simulator on a loopback socket."""
    case, rng = CASES[0], random.Random(5)
    limit = RateLimit(**case.counts, counting="sliding")  # type: ignore[arg-type]
    async with Simulator("openai", rate_limit=limit, latency=0.2) as service:
        async with Client(base_urls={"openai": service.base_url}, **settings(case)) as ai:
            failed = await flood(ai, case, minutes * 60.0, rng)
        seen = [request.status for request in service.requests]
    served = seen.count(200)
    allowed = case.counts["requests_per_minute"] * minutes
    return {"used": served / allowed, "refused": seen.count(429) / len(seen), "failed": failed, "calls": len(seen)}


def run(job: Coroutine[Any, Any, dict[str, float]], *, real: bool = False) -> dict[str, float]:
    """Run one measurement on the loop it wants."""
    with asyncio.Runner(loop_factory=None if real else VirtualLoop) as runner:
        return runner.run(job)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a promise is broken."""
    parser = argparse.ArgumentParser(prog="benchmarks.limits", description=__doc__)
    parser.add_argument("--minutes", type=int, default=10, help="virtual minutes of each case")
    parser.add_argument("--cases", nargs="+", default=[case.name for case in CASES])
    parser.add_argument("--counting", nargs="+", default=["sliding", "fixed", "bucket"])
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--sockets", type=float, default=0.0, metavar="MINUTES", help="real minutes on sockets")
    chosen = parser.parse_args(arguments)
    found = {
        f"{case.name}, {counting}": run(virtual(case, counting, chosen.minutes, chosen.seed))
        for case in CASES
        if case.name in chosen.cases
        for counting in chosen.counting
    }
    if chosen.sockets:
        found["requests, sliding, sockets"] = run(sockets(chosen.sockets), real=True)
    rows = [
        (name, f"{row['used']:.2%}", f"{row['refused']:.3%}", int(row["failed"]), f"{int(row['calls']):,}")
        for name, row in found.items()
    ]
    table(["limit and how it is counted", "used", "answered 429", "failed", "requests"], rows)
    least = min(row["used"] for row in found.values())
    most = max(row["refused"] for row in found.values())
    promises = [
        Promise("share of the limit that is used", round(least, 4), LEAST_USE, least=True),
        Promise("share answered 429", round(most, 5), MOST_REFUSED),
    ]
    return conclude("limits", {"least_used": least, "most_refused": most}, promises)


if __name__ == "__main__":
    raise SystemExit(main())
