"""``python -m tests.soak``: a million simulated calls, and what became of each."""

from __future__ import annotations

import argparse
import sys
import time

from tests.soak.ledger import ENDINGS
from tests.soak.load import Result, simulate


def figures(result: Result, seconds: float) -> str:
    """A load in lines of text."""
    ledger = result.ledger
    faulty = ledger.requests - ledger.faults["none"]
    lines = [
        f"{ledger.submitted:,} submitted = "
        + " + ".join(f"{ledger.endings[ending]:,} {ending}" for ending in ENDINGS)
        + f"; {ledger.late:,} of the cancelled had their whole answer",
        f"{ledger.entered:,} calls entered the stack, {ledger.requests:,} requests were sent",
        f"{faulty / max(ledger.requests, 1):.1%} of the requests met a fault",
        f"{result.cancels:,} cancels, {result.moves:,} changes of a cap, {result.closes} closes under load",
        f"{result.seconds:,.0f} virtual seconds in {seconds:,.1f} real ones",
        f"errors: {dict(ledger.errors.most_common())}",
        f"event log: sha256 {ledger.digest}",
        f"violations: {len(result.wrong)}",
        *result.wrong[:20],
    ]
    return "\n".join(lines)


def main() -> int:
    """Run one load; 1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.perf_counter()
    result = simulate(given.calls, given.seed)
    sys.stdout.write(figures(result, time.perf_counter() - started) + "\n")
    return bool(result.wrong)


if __name__ == "__main__":
    sys.exit(main())
