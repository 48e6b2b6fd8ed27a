"""What an event of a stream costs the client: 100 events in one burst, or paced as a model writes them.

``python -m benchmarks.streams``. The cost of the call itself is shared out over its events.
"""

from __future__ import annotations

import argparse

from benchmarks._bodies import CHUNKS
from benchmarks._run import Promise, alternate, conclude, server, table

CLIENTS = ("ours", "aiohttp", "openai")
PACE_MS = 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.streams", description="CPU time of a stream's event")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that alternate")
    parser.add_argument("--calls", type=int, default=50, help="streams a round")
    parser.add_argument("--paced", action="store_true", help=f"10 streams at once, an event every {PACE_MS} ms")
    parser.add_argument("--clients", nargs="+", default=CLIENTS, choices=CLIENTS)
    chosen = parser.parse_args()

    prefix, flight = (f"/pace-{PACE_MS}", 10) if chosen.paced else ("", 1)
    with server(prefix) as url:
        job = {"mode": "stream", "flight": flight, "calls": chosen.calls, "seconds": 10, "url": url}
        rows = alternate(chosen.clients, job, chosen.rounds)
    each = {name: row["cpu"] / CHUNKS for name, row in rows.items()}
    shape = f"paced, {flight} at once" if chosen.paced else "burst"
    print(f"\nstreams of {CHUNKS} events, {shape}, CPU us an event\n")
    table(
        ["client", "CPU", "events/s a core", "x aiohttp"],
        [[name, cpu, 1e6 / cpu, cpu / each["aiohttp"] if "aiohttp" in each else "-"] for name, cpu in each.items()],
    )
    conclude(
        "streams",
        {shape: each},
        [] if chosen.paced or "ours" not in each else [Promise("us an event", each["ours"], 15)],
    )


if __name__ == "__main__":
    main()
