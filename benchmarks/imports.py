"""What importing costs: CPU and memory of a fresh process, and which heavy libraries came along.

``python -m benchmarks.imports --gate`` fails when memory or a heavy library breaks its promise; seconds are shown and
never fail anything, as they are the machine's as much as ours.
"""

from __future__ import annotations

import argparse
import sys
from statistics import median
from typing import Any

from benchmarks._run import Promise, child, conclude, table

OURS = "ipfs_accel_async"
LIBRARIES = (OURS, "httpx", "aiohttp", "openai", "litellm")
HEAVY = ("numpy", "aiohttp", "httpx", "aioboto3", "typer", "rich")
CHILD = f"""
import sys, time
from importlib.util import find_spec
if find_spec(sys.argv[1]) is None:
    print('{{"absent": true}}')
    raise SystemExit
started, wall = time.process_time(), time.perf_counter()
__import__(sys.argv[1])
spent, wall = time.process_time() - started, time.perf_counter() - wall
modules, heavy = len(sys.modules), [name for name in {HEAVY} if name in sys.modules]
import json, os
try:
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
except OSError:  # the peak, where the system does not tell the present
    import resource
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps(
    {{"cpu": spent, "wall": wall, "resident": resident / 2**20, "modules": modules, "heavy": heavy}}
))
"""


def measure(library: str, times: int) -> dict[str, Any] | None:
    """The medians of fresh processes, after one that warms the page cache; None if it is not installed."""
    rows = [child(["-c", CHILD, library]) for _ in range(times + 1)][1:]
    if "absent" in rows[0]:
        return None
    return {name: median(row[name] for row in rows) for name in ("cpu", "wall", "resident", "modules")} | {
        "heavy": rows[0]["heavy"]
    }


def main() -> int:
    """Measure and print; with a gate, 1 when a promise is broken."""
    parser = argparse.ArgumentParser(prog="benchmarks.imports", description="CPU time and memory of imports")
    parser.add_argument("--rounds", type=int, default=7, help="fresh processes for ours; at most 3 for a peer")
    parser.add_argument("--libraries", nargs="+", default=LIBRARIES)
    parser.add_argument("--gate", action="store_true", help="end with 1 when a promise other than of seconds is broken")
    chosen = parser.parse_args()

    figures: dict[str, dict[str, Any]] = {}
    for library in chosen.libraries:
        found = measure(library, chosen.rounds if library == OURS else min(chosen.rounds, 3))
        if found is None:
            print(f"{library}: skipped, not installed", file=sys.stderr)
        else:
            figures[library] = found
    table(
        ["import", "CPU s", "wall s", "resident MB", "modules", "heavy ones among them"],
        [
            [name, row["cpu"], row["wall"], row["resident"], str(row["modules"]), ", ".join(row["heavy"]) or "none"]
            for name, row in figures.items()
        ],
    )
    ours = figures.get(OURS)
    promises = []
    if ours is not None:
        promises = [
            Promise("CPU s", ours["cpu"], 0.35),
            Promise("resident MB", ours["resident"], 60),
            Promise("heavy libraries loaded", len(ours["heavy"]), 0),
        ]
    conclude("imports", figures, promises)
    gated = [promise for promise in promises if promise.name != "CPU s"]
    return 1 if chosen.gate and not all(promise.holds for promise in gated) else 0


if __name__ == "__main__":
    raise SystemExit(main())
