"""A client of S3 against its twin, and against a transport that only remembers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.native.s3_kit import S3KitHandle
from ipfs_accel_async.simulator import Simulator, simulate
from ipfs_accel_async.wire.http import Request, Response

KEY = "AKIDEXAMPLE:secret-0123456789"
BUCKET = "models"
MIB = 2**20
PART = 5 * MIB


class Twin(NamedTuple):
    """A handle, the twin behind it, and the client."""

    s3: S3KitHandle
    sim: Simulator
    ai: Client

    def paths(self, method: str = "") -> list[str]:
        """The requests that have arrived, as ``METHOD /path``."""
        return [f"{seen.method} {seen.path}" for seen in self.sim.requests if method in {"", seen.method}]


@contextlib.asynccontextmanager
async def s3_twin(*, bucket: str = BUCKET, **settings: Any) -> AsyncIterator[Twin]:
    """A handle of a fresh twin with one bucket; what making it asked for is forgotten."""
    wait = {"initial_retry_delay": 0.0, "max_retry_delay": 0.0, **settings}
    async with (
        simulate("s3_kit", keys=KEY) as sim,
        Client(keys={"s3_kit": KEY}, base_urls={"s3_kit": sim.base_url}, **wait) as ai,
    ):
        if bucket:
            await ai.s3_kit.buckets.create(bucket)
        sim.requests.clear()
        yield Twin(ai.s3_kit, sim, ai)


@contextlib.asynccontextmanager
async def s3_mock(
    answer: Any = None, handler: Callable[[Request], Response] | None = None, **options: Any
) -> AsyncIterator[tuple[S3KitHandle, list[Request]]]:
    """A handle whose requests are remembered and answered with a JSON value."""
    mock = MockTransport(handler or (lambda _: MockTransport.reply({} if answer is None else answer)))
    async with Client(
        transport=mock, keys={"s3_kit": KEY}, base_urls={"s3_kit": "http://s3.test:9000"}, **options
    ) as ai:
        yield ai.s3_kit, mock.requests
