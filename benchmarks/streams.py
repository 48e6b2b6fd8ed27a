"""What an event of a stream costs the client: 100 events in one burst, or paced as a model writes them.

``python -m benchmarks.streams``. The cost of the call itself is shared out over its events.
"""

from __future__ import annotations

import argparse

from benchmarks._bodies import CHUNKS
from benchmarks._run import Promise, alternate, conclude, server, table

CLIENTS = ("ours", "aiohttp", "openai")
PACE_MS = 10
PACED = 10
"""Paced streams at once."""
JUDGED = "burst, 100 at once"
"""What the promise is about, as that of a call's overhead: one stream at a time pays for waking an idle core, too."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.streams", description="CPU time of a stream's event")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that alternate")
    parser.add_argument("--calls", type=int, default=50, help="streams a round")
    parser.add_argument("--paced", action="store_true", help=f"{PACED} streams at once, an event every {PACE_MS} ms")
    parser.add_argument("--flight", type=int, nargs="+", default=[1, 100], help="streams at once, of a burst")
    parser.add_argument("--clients", nargs="+", default=CLIENTS, choices=CLIENTS)
    chosen = parser.parse_args()

    figures: dict[str, dict[str, float]] = {}
    for flight in [PACED] if chosen.paced else chosen.flight:
        with server(f"/pace-{PACE_MS}" if chosen.paced else "") as url:
            calls = max(chosen.calls, 5 * flight) if flight > PACED else chosen.calls
            job = {"mode": "stream", "flight": flight, "calls": calls, "seconds": 10, "url": url}
            rows = alternate(chosen.clients, job, chosen.rounds)
        each = {name: row["cpu"] / CHUNKS for name, row in rows.items()}
        shape = f"{'paced' if chosen.paced else 'burst'}, {flight} at once"
        figures[shape] = each
        print(f"\nstreams of {CHUNKS} events, {shape}, CPU us an event\n")
        table(
            ["client", "CPU", "events/s a core", "x aiohttp"],
            [[name, cpu, 1e6 / cpu, cpu / each["aiohttp"] if "aiohttp" in each else "-"] for name, cpu in each.items()],
        )
    busy = figures.get(JUDGED, {})
    conclude("streams", figures, [Promise("us an event, 100 at once", busy["ours"], 15)] if "ours" in busy else [])


if __name__ == "__main__":
    main()
