"""What 256 vectors of 1,024 numbers cost the client, from the request to one float32 array.

``python -m benchmarks.embeddings``: as base64, which is what we ask for, and as JSON numbers, which is what many local
servers send. ``decode`` is no client: it only decodes the same body into the same array, and our whole call may cost
1.3 times that.
"""

from __future__ import annotations

import argparse

from benchmarks._run import Promise, alternate, conclude, server, table

CLIENTS = ("ours", "decode", "aiohttp", "openai")
ENCODINGS = ("base64", "float")
BOUND = 1.3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.embeddings", description="CPU time of an embedding call")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that alternate")
    parser.add_argument("--calls", type=int, default=2, help="calls a round")
    parser.add_argument("--clients", nargs="+", default=CLIENTS, choices=CLIENTS)
    chosen = parser.parse_args()

    figures: dict[str, dict[str, float]] = {}
    for encoding in ENCODINGS:
        with server() as url:
            job = {"mode": encoding, "flight": 1, "calls": chosen.calls, "seconds": 10, "url": url}
            rows = alternate(chosen.clients, job, chosen.rounds)
        for name, row in rows.items():
            figures.setdefault(name, {})[encoding] = row["cpu"] / 1e3
    print("\n256 x 1,024 embeddings, CPU ms a call\n")
    bare = figures.get("decode")
    table(
        ["client", "base64", "x decode", "JSON numbers", "x decode"],
        [
            [name, *(cell for way in ENCODINGS for cell in (row[way], row[way] / bare[way] if bare else "-"))]
            for name, row in figures.items()
        ],
    )
    promises = []
    if bare and "ours" in figures:
        promises = [Promise(f"ours/decode, {way}", figures["ours"][way] / bare[way], BOUND) for way in ENCODINGS]
    conclude("embeddings", figures, promises)


if __name__ == "__main__":
    main()
