"""The demo's calls, made by a few workers a backend, as a bulk script would make them."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Usage
from ipfs_accel_async.cli.demo_faults import PLANNED
from ipfs_accel_async.cli.demo_plan import Job
from ipfs_accel_async.client import Client
from ipfs_accel_async.errors import AccelError, CircuitOpenError, StreamIncompleteError

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

WORKERS = 10
RESET_TIMEOUT = 0.3
MOST_HOLDS = 50
CALL_TIMEOUT = 30.0
SETTINGS: dict[str, Any] = {
    "initial_retry_delay": 0.05,
    "max_retry_delay": 0.5,
    "failure_threshold": 3,
    "reset_timeout": RESET_TIMEOUT,
    "timeout": CALL_TIMEOUT,
}
"""The defaults, but in a hurry."""


@dataclass(slots=True)
class Row:
    """How a call went.

    Args:
        job: The call.
        ok: Whether it got its answer.
        text: The answer; of a cut stream, what had come.
        dimensions: Width of the vectors, for embeddings.
        error: Name of the error, and `message` its line.
        latency_ms: From the first try to the end, waits included.
        attempts: How often it was tried.
        held: How often it waited for an open breaker.
        usage: Tokens.
    """

    job: Job
    ok: bool = False
    text: str = ""
    dimensions: int = 0
    error: str = ""
    message: str = ""
    latency_ms: float = 0.0
    attempts: int = 0
    held: int = 0
    usage: Usage = field(default_factory=Usage)

    @property
    def requests(self) -> int:
        """Requests sent for it; an object is stored and read back."""
        return self.attempts + (self.job.kind == "object" and self.ok)

    def written(self) -> dict[str, Any]:
        """The row of the file of results."""
        job = self.job
        row: dict[str, Any] = {
            "id": job.id,
            "provider": job.provider,
            "target": job.target,
            "kind": job.kind,
            "priority": job.priority.name,
            "ok": self.ok,
        }
        if self.ok:
            row |= {"text": self.text}
            if job.kind == "embed":
                row |= {"texts": len(job.texts), "dimensions": self.dimensions}
        else:
            row |= {"error": self.error, "message": self.message, "partial": self.text}
        return row | {
            "latency_ms": round(self.latency_ms, 3),
            "attempts": self.attempts,
            "held": self.held,
            "usage": asdict(self.usage),
        }


async def run(client: Client, jobs: Sequence[Job], ended: Callable[[Row], None]) -> list[Row]:
    """Make every call; the rows come in the order of the jobs.

    Args:
        client: Makes them.
        jobs: Of any number of backends.
        ended: Told of each as it ends.
    """
    rows: dict[Job, Row] = {}

    async def work(waiting: Iterator[Job]) -> None:
        for job in waiting:
            PLANNED.set(iter(job.faults))
            row = rows[job] = await _one(client, job)
            ended(row)

    async with asyncio.TaskGroup() as group:
        for provider in dict.fromkeys(job.provider for job in jobs):
            waiting = iter([job for job in jobs if job.provider == provider])  # shared: each takes the next
            for _ in range(WORKERS):
                group.create_task(work(waiting))
    return [rows[job] for job in jobs]


async def _one(client: Client, job: Job) -> Row:
    clock = asyncio.get_running_loop().time
    row, started = Row(job), clock()
    while True:
        try:
            await _send(client, job, row)
            row.ok = True
        except CircuitOpenError as error:
            row.attempts += error.attempts
            row.held += 1
            if row.held < MOST_HOLDS:  # a bulk script has time: it comes back when the breaker lets it
                await asyncio.sleep(min(error.retry_after or RESET_TIMEOUT, RESET_TIMEOUT))
                continue
            _fail(row, error)
        except AccelError as error:
            row.attempts += error.attempts
            _fail(row, error)
        row.latency_ms = (clock() - started) * 1_000
        return row


async def _send(client: Client, job: Job, row: Row) -> None:
    if job.kind == "infer":
        inferred = await client.infer(job.target, {"x": features(job.texts[0])}, priority=job.priority)
        row.text = " ".join(f"{name}={array.round(3).tolist()}" for name, array in inferred.outputs.items())
        attempts = inferred.attempts
    elif job.kind == "object":
        row.text, attempts = await _stored(client, job)
    elif job.kind == "embed":
        made = await client.embed(job.target, job.texts, priority=job.priority)
        row.dimensions = made.vectors.shape[1]
        row.usage, attempts = made.usage, made.attempts
    elif job.kind == "unary":
        reply = await client.chat(job.target, job.messages, priority=job.priority)
        row.text, row.usage, attempts = reply.text, reply.usage, reply.attempts
    else:
        async with client.stream(job.target, job.messages, priority=job.priority) as stream:
            reply = await stream.collect()
        row.text, row.usage, attempts = reply.text, reply.usage, reply.attempts
    row.attempts += attempts


async def _stored(client: Client, job: Job) -> tuple[str, int]:
    """Store a text, read it back."""
    bucket = job.target.partition(":")[2]
    s3 = client.s3_kit.with_options(priority=job.priority)
    put = await s3.put(bucket, f"{job.id}.txt", job.texts[0].encode())
    got = await s3.get(bucket, f"{job.id}.txt")
    attempts = sum(one.answer.attempts for one in (put, got) if one.answer is not None)
    return got.data.decode(), attempts - 1  # reading back is no second attempt


def features(text: str) -> "NDArray[float32]":
    """Four numbers that a text has: letters, words, lines and the mean length of a word."""
    import numpy as np

    words = text.split() or [""]
    mean = sum(map(len, words)) / len(words)
    return np.array([[len(text), len(words), text.count("\n") + 1, mean]], np.float32)


def _fail(row: Row, error: AccelError) -> None:
    row.error, row.message = type(error).__name__, error.message
    if isinstance(error, StreamIncompleteError) and error.partial is not None:
        row.text, row.usage = error.partial.text, error.partial.usage
