"""What the adaptive limit finds: answers a second against the best fixed limit, at servers with a hidden knee.

``python -m benchmarks.adaptive``: in virtual time, so the figures are exact. Each server takes 20 calls at once, of
very unlike length. What comes beyond that, one of them refuses with 429, one queues (and refuses beyond 60), and by it
one slows down, for all that are there, ever more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

from benchmarks._run import Promise, conclude, table
from ipfs_accel_async import Client
from ipfs_accel_async.wire.http import Headers
from tests.virtual_loop import VirtualLoop

if TYPE_CHECKING:
    from ipfs_accel_async.wire.http import Request

KNEE = 20
ROOM = {"refuses": KNEE, "queues": 3 * KNEE, "slows": 10**6}
FIXED = (5, 10, 15, 20, 25, 30, 40, 60, 100)
CALLERS = 150
LEAST = 0.9
FIRST_TOKEN = 0.1
PATIENT: dict[str, Any] = {
    "max_retries": 100,
    "initial_retry_delay": 0.5,
    "queue_size": 10_000,
    "timeout": 86_400,
    "failure_threshold": 10**6,
    "failure_rate_calls": 10**6,
}


def event(content: str | None, reason: str | None) -> bytes:
    """One event of a stream."""
    choice = {"index": 0, "delta": {"content": content} if content else {}, "finish_reason": reason}
    return b"data: %b\n\n" % json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode()


class Knee:
    """A server that takes so many calls at once, as a transport: its streams take 1 s on average."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.here = 0
        self.refused = 0
        self.places = asyncio.Semaphore(KNEE)
        self._rng = random.Random(7)

    async def send(self, request: Request) -> Answer:
        """Refuse, or take the call up, which may have to wait."""
        refused = self.here >= ROOM[self.kind]
        self.refused += refused
        answer = Answer(self, refused, self._rng.choice([0.1, 0.4, 1.0, 2.5]))
        self.here += not refused
        if not refused and self.kind == "queues":
            await self.places.acquire()
        return answer

    async def aclose(self) -> None:
        """There is nothing to close."""


class Answer:
    """A refusal, or a stream of two tokens."""

    def __init__(self, server: Knee, refused: bool, seconds: float) -> None:
        self.status = 429 if refused else 200
        self.headers = Headers([(b"content-type", b"application/json" if refused else b"text/event-stream")])
        self._server: Knee | None = None if refused else server
        tokens = [(FIRST_TOKEN, event("yes", None)), (seconds, event(None, "stop") + b"data: [DONE]\n\n")]
        self._pieces = [(0.0, b'{"error": {"message": "too many"}}')] if refused else tokens

    async def read(self) -> bytes:
        """The next bytes, when they are due."""
        if not self._pieces:
            return b""
        seconds, data = self._pieces.pop(0)
        if self._server is not None and self._server.kind == "slows":
            seconds *= max(1.0, self._server.here / KNEE) ** 1.5
        await asyncio.sleep(seconds)
        return data

    async def aclose(self) -> None:
        """The place is free."""
        server, self._server = self._server, None
        if server is not None:
            server.here -= 1
            if server.kind == "queues":
                server.places.release()


async def served(kind: str, seconds: float, **settings: Any) -> tuple[float, float, int]:
    """Answers a second from callers that always ask again, the share of refused requests, and the limit at the end."""
    loop, done, server = asyncio.get_running_loop(), 0, Knee(kind)
    async with Client(transport=server, keys={"openai": "k"}, **PATIENT, **settings) as ai:

        async def caller() -> None:
            nonlocal done
            while loop.time() < seconds:
                async with ai.stream("openai:m", "hi") as stream:
                    await stream.collect()
                done += loop.time() < seconds

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        found = ai.statistics()["lanes"][0]["adaptive"]
    limit = found.get("m", settings["max_concurrent_requests"])
    return done / seconds, server.refused / (done + server.refused), limit


def run(kind: str, seconds: float, **settings: Any) -> tuple[float, float, int]:
    """The same, on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(served(kind, seconds, **settings))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.adaptive", description="adaptive limits against fixed ones")
    parser.add_argument("--seconds", type=float, default=300.0, help="virtual seconds of each measurement")
    chosen = parser.parse_args()
    figures: dict[str, Any] = {}
    promises, rows = [], []
    for kind in ROOM:
        fixed = {size: run(kind, chosen.seconds, max_concurrent_requests=size) for size in FIXED}
        best = max(fixed, key=lambda size: fixed[size][0])
        own: dict[str, Any] = {"max_concurrent_requests": 200, "adaptive_concurrency": True}
        if kind == "slows":
            own["latency_tolerance"] = 1.2
        rate, refused, limit = run(kind, chosen.seconds, **own)
        share = rate / fixed[best][0]
        figures[kind] = {"fixed": fixed, "adaptive": rate, "refused": refused, "limit": limit}
        promises.append(Promise(f"{kind}: adaptive/best fixed", share, LEAST, least=True))
        rows.append(
            [kind, best, fixed[best][0], fixed[5][0], fixed[100][0], fixed[100][1], rate, share, refused, limit]
        )
    heads = ["server", "best", "at best", "at 5", "at 100", "refused", "adaptive", "of best", "refused", "limit"]
    table(heads, rows)
    conclude("adaptive", figures, promises)


if __name__ == "__main__":
    main()
