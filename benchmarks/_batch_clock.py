"""The same job on a clock of its own: the client's CPU time, and the server's formula; for machines that are not idle.

``python -m benchmarks._batch_clock``. The loop's clock runs with the CPU time of this process and jumps to the next
timer when there is nothing to do, so whatever else the machine does falls out, but for what it makes slower. There are
no sockets and no HTTP library in it: with some dozens of requests for ten thousand texts they count for little.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import time
from base64 import b64encode
from struct import pack
from typing import Any

import orjson

from benchmarks._batch_server import A_REQUEST, A_TEXT, DIMENSIONS, TEXTS
from benchmarks._batch_worker import KEY, TASKS, texts
from benchmarks._run import pin, table
from ipfs_accel_async import Client, MockTransport

CAP = 5
VECTORS = [b64encode(pack(f"<{DIMENSIONS}f", number, *range(1, DIMENSIONS))).decode() for number in range(TEXTS)]


class _Selector(selectors.DefaultSelector):
    """Jumps instead of waiting."""

    loop: ClockLoop

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.loop.jumped += timeout
        return ready


class ClockLoop(asyncio.SelectorEventLoop):
    """A loop whose time is the CPU time of the process, and what it would have waited."""

    def __init__(self) -> None:
        self.jumped = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """CPU seconds and jumps."""
        return time.process_time() + self.jumped


def answering(kind: str) -> Any:
    """The server's part: its own CPU time does not count."""
    busy_until = 0.0

    async def answer(request: Any) -> Any:
        nonlocal busy_until
        loop: Any = asyncio.get_running_loop()
        came, start = loop.time(), time.process_time()
        asked = orjson.loads(request.body)["input"]
        data = [{"index": at, "embedding": VECTORS[int(text.rsplit(" ", 1)[1])]} for at, text in enumerate(asked)]
        usage = {"prompt_tokens": 4 * len(asked), "total_tokens": 4 * len(asked)}
        made = MockTransport.reply(
            {"data": data, "model": "e", "usage": usage}, headers={"content-type": "application/json"}
        )
        loop.jumped -= time.process_time() - start
        seconds = A_REQUEST + A_TEXT * len(asked)
        busy_until = max(busy_until if kind == "one" else 0.0, came) + seconds
        await asyncio.sleep(busy_until - loop.time() if kind == "one" else seconds)
        return made

    return answer


async def rate(kind: str, size: int, **settings: Any) -> float:
    """Texts a second: by a thousand tasks of one text at a time, or (`size`) in lists of that size by hand."""
    loop = asyncio.get_running_loop()
    given = {"keys": {"openai": KEY}, "max_concurrent_requests": CAP, "queue_size": 20_000, **settings}
    async with Client(transport=MockTransport(answering(kind)), **given) as ai:
        many = texts(TEXTS)

        async def task(first: int) -> None:
            for place in range(first, TEXTS, TASKS):
                await ai.embed("openai:e", many[place])

        await ai.embed("openai:e", "a text of no number 0")
        start = loop.time()
        if size:
            for wave in range(0, TEXTS, TASKS):
                parts = (many[at : min(at + size, wave + TASKS)] for at in range(wave, wave + TASKS, size))
                await asyncio.gather(*(ai.embed("openai:e", part) for part in parts))
        else:
            await asyncio.gather(*(task(first) for first in range(TASKS)))
        return TEXTS / (loop.time() - start)


def run(kind: str, size: int = 0, **settings: Any) -> float:
    """On a loop of its own; the best of three."""
    rates = []
    for _ in range(3):
        with asyncio.Runner(loop_factory=ClockLoop) as runner:
            rates.append(runner.run(rate(kind, size, **settings)))
    return max(rates)


def main() -> None:
    """Measure and print."""
    pin(0)
    rows: list[list[Any]] = []
    for kind in ("one", "side"):
        static = max(run(kind, size, batching=False, single_flight=False) for size in (125, 200, 250, 500, 1_000))
        each = CAP / (A_REQUEST + A_TEXT) if kind == "side" else 1 / (A_REQUEST + A_TEXT)
        for name, settings in (("gathered", {}), ("gathered, single_flight off", {"single_flight": False})):
            ours = run(kind, **settings)
            rows.append([f"{kind}: {name}", ours, ours / each, ours / static])
        rows.append([f"{kind}: static, a thousand at a time", static, static / each, 1.0])
    table(["way", "texts a second", "x a request each, at best", "x static"], rows)
    print(json.dumps({"benchmark": "batch_clock", "figures": {row[0]: row[1:] for row in rows}}))


if __name__ == "__main__":
    main()
