"""Ten thousand embeddings, one await each, by a thousand tasks: what gathering them is worth, beside doing it by hand.

``python -m benchmarks.batch``. The server takes 5 ms a request and 0.1 ms a text. With one device (``one``) it works
off one request after the other, as a model on an accelerator does; with a device a request (``side``) as many at once
as it gets. The best static batching is a list of all texts, cut by hand into requests of the best of several sizes,
with aiohttp, orjson and numpy. A second one may not know more texts at a time than the tasks do: a thousand, as the
next text of a task is there only when its last one is answered.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks._run import Promise, child, conclude, server, table

ITEMS = 10_000
SIZES = (100, 200, 250, 500, 1_000, 2_000)
WAVE_SIZES = (200, 250, 334, 500)
BASETEN_SIZES = (200, 500, 1_000)
CAP = 5


def ways(url: str, cap: int, rounds: int) -> dict[str, dict[str, float]]:
    """Items a second of each way, the best of the sizes of those that have one; the CPU of the client's process."""

    def go(way: str, items: int = ITEMS, times: int = rounds, **more: Any) -> dict[str, float]:
        job = {"way": way, "url": url, "cap": cap, "items": items, "rounds": times, **more}
        made: dict[str, float] = child(["-m", "benchmarks._batch_worker", json.dumps(job)])
        return made

    def best(way: str, sizes: tuple[int, ...], **more: Any) -> dict[str, float]:
        found = [{**go(way, size=size, **more), "size": size} for size in sizes]
        return max(found, key=lambda row: row.get("rate", 0.0))

    rows = {
        "gathered": go("awaits"),
        "gathered, single_flight off": go("unshared"),
        "gathered, gc.set_threshold(50_000, 20, 100)": go("rarely"),
        "a request each": go("apart", items=1_000, times=1),
        "static, all known": best("static", SIZES, wave=ITEMS),
        "static, a thousand at a time": best("static", SIZES, wave=1_000),
        "gathered by hand, nothing else": best("bare", WAVE_SIZES),
        "openai, a request each": go("sdk", items=1_000, times=1),
        "baseten, all known": best("baseten", BASETEN_SIZES),
    }
    return {name: row for name, row in rows.items() if "rate" in row}


def lone(url: str, cap: int) -> float:
    """Milliseconds that a lone call takes longer with gathering on than off: medians of calls made in turn."""
    job = {"way": "lone", "url": url, "cap": cap, "items": 300, "rounds": 5}
    made: dict[str, float] = child(["-m", "benchmarks._batch_worker", json.dumps(job)])
    return 1e3 * made["delay"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.batch", description="what gathering embeddings is worth")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the figures are their medians")
    parser.add_argument("--cap", type=int, default=CAP, help="requests in flight at once")
    parser.add_argument("--servers", nargs="+", default=("one", "side"), choices=("one", "side"))
    chosen = parser.parse_args()

    figures: dict[str, Any] = {}
    promises = []
    for kind in chosen.servers:
        with server(f"/{kind}", "benchmarks._batch_server") as url:
            rows = figures[kind] = ways(url, chosen.cap, chosen.rounds)
            if kind == "one":
                figures["lone_ms"] = lone(url, chosen.cap)
        print(f"\n{ITEMS:,} texts, {chosen.cap} requests at once, a device {'for all' if kind == 'one' else 'each'}\n")
        heads = ["way", "texts a second", "CPU us a text", "size"]
        table(heads, [[name, row["rate"], row["cpu"], int(row.get("size", 0)) or "-"] for name, row in rows.items()])
        ours = rows["gathered"]["rate"]
        promises += [
            Promise(f"gathered / a request each, {kind}", ours / rows["a request each"]["rate"], 20, least=True),
            Promise(
                f"gathered / static of a thousand at a time, {kind}",
                ours / rows["static, a thousand at a time"]["rate"],
                0.95,
                least=True,
            ),
            Promise(
                f"gathered / static of all known, {kind}", ours / rows["static, all known"]["rate"], 0.95, least=True
            ),
        ]
    cost = child(["-m", "benchmarks._batch_cost"])
    figures["cost"] = cost
    print(f"\nCPU us an item at 64: {cost['through']:.1f} through the batcher, {cost['past']:.1f} past it")
    if "lone_ms" in figures:
        promises.append(Promise("delay of a lone call, ms", figures["lone_ms"], 1))
    promises.append(Promise("the batcher's CPU us an item", cost["through"] - cost["past"], 15))
    conclude("batch", figures, promises)


if __name__ == "__main__":
    main()
