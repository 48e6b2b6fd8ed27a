"""``python -m tests.soak.limits``: a hundred thousand histories of a token bucket against an exact oracle."""

from __future__ import annotations

import argparse
import sys
import time

from tests.policy.bucket_histories import histories


def main() -> int:
    """Play them; 1 when one went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.limits", description=__doc__)
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first one")
    given = parser.parse_args()
    started = time.perf_counter()
    wrong = histories(given.histories, given.seed)
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{given.histories:,} histories in {seconds:.0f} s, violations: {len(wrong)}\n")
    sys.stdout.write("".join(f"{line}\n" for line in wrong[:20]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
