"""What a call costs the client: CPU (user and system, all threads) and wall time, against raw libraries and other SDKs.

``python -m benchmarks.overhead``: one process a client, on core 0, the server on core 1; calls of 943-byte answers one
after the other, 100 and 1,000 at once.
"""

from __future__ import annotations

import argparse

from benchmarks._run import Promise, alternate, conclude, server, table

CLIENTS = ("ours", "aiohttp", "httpx", "openai", "litellm")
PROMISED_AT = 100
ROUNDS = {1: 5, 100: 5, 1_000: 1}  # a thousand at once takes some peers ten seconds a round


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.overhead", description="CPU and wall time of a call")
    parser.add_argument("--rounds", type=int, help="rounds that alternate (default: 5; with 1,000 in flight 1)")
    parser.add_argument("--calls", type=int, default=1_000, help="calls a round, at most")
    parser.add_argument("--seconds", type=float, default=0.3, help="time after which a round starts no more calls")
    parser.add_argument("--flight", type=int, nargs="+", default=[1, 100, 1_000], help="calls at once")
    parser.add_argument("--clients", nargs="+", default=CLIENTS, choices=CLIENTS)
    chosen = parser.parse_args()

    figures = {}
    for flight in chosen.flight:
        with server() as url:
            job = {"mode": "chat", "flight": flight, "calls": chosen.calls, "seconds": chosen.seconds, "url": url}
            rows = alternate(chosen.clients, job, chosen.rounds or ROUNDS.get(flight, 5))
        figures[flight] = rows
        print(f"\n{flight:,} in flight, us a call\n")
        first = rows["aiohttp"]["cpu"] if "aiohttp" in rows else None
        table(
            ["client", "CPU", "wall", "server's CPU", "calls/s a core", "x aiohttp"],
            [
                [name, row["cpu"], row["wall"], row["server"], 1e6 / row["cpu"], row["cpu"] / first if first else "-"]
                for name, row in rows.items()
            ],
        )
    conclude("overhead", figures, _promises(figures.get(PROMISED_AT, {})))


def _promises(rows: dict[str, dict[str, float]]) -> list[Promise]:
    cpu = {name: row["cpu"] for name, row in rows.items()}
    if "ours" not in cpu:
        return []
    found = []
    if "aiohttp" in cpu:
        found.append(Promise("ours/aiohttp", cpu["ours"] / cpu["aiohttp"], 2.5))
    for peer, least in (("openai", 4), ("litellm", 8)):
        if peer in cpu:
            found.append(Promise(f"{peer}/ours", cpu[peer] / cpu["ours"], least, least=True))
    return found


if __name__ == "__main__":
    main()
