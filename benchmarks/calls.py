"""How many Python functions a chat call runs, counted by cProfile: free of noise, so a gate of continuous integration.

``python -m benchmarks.calls --gate 1400`` fails when ours runs more.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
from importlib.util import find_spec

from benchmarks._run import Promise, conclude, server, table
from benchmarks.clients import CLIENTS

NAMES = ("ours", "aiohttp", "httpx", "openai")


async def count(name: str, url: str, calls: int) -> float:
    """Function calls a request, built-in ones included, over sequential requests on a warm connection."""
    async with CLIENTS[name](url, 1) as bench:
        for _ in range(5):
            await bench.chat()
        profile = cProfile.Profile()
        profile.enable()
        for _ in range(calls):
            await bench.chat()
        profile.disable()
    return pstats.Stats(profile).total_calls / calls  # type: ignore[attr-defined,no-any-return]


def main() -> int:
    """Count and print; 1 when the gate is passed."""
    parser = argparse.ArgumentParser(prog="benchmarks.calls", description="Python function calls of a chat call")
    parser.add_argument("--gate", type=float, default=1_400, help="most function calls that ours may take")
    parser.add_argument("--calls", type=int, default=200, help="requests to count over")
    parser.add_argument("--clients", nargs="+", default=NAMES[:2], choices=list(CLIENTS))
    chosen = parser.parse_args()

    figures: dict[str, float] = {}
    with server() as url:
        for name in chosen.clients:
            if find_spec(CLIENTS[name].library) is None:
                print(f"{name}: skipped, not installed")
            else:
                figures[name] = round(asyncio.run(count(name, url, chosen.calls)), 1)
    table(["client", "function calls a request"], list(figures.items()))
    promises = [Promise("function calls a request", figures["ours"], chosen.gate)] if "ours" in figures else []
    conclude("calls", figures, promises)
    return 0 if all(promise.holds for promise in promises) else 1


if __name__ == "__main__":
    raise SystemExit(main())
