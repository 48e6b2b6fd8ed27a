"""A service that counts its limits strictly, without a network: the simulator's twins behind a mock transport."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from ipfs_accel_async import MockTransport
from ipfs_accel_async.simulator.mount import Mount
from ipfs_accel_async.simulator.twin import Ask

if TYPE_CHECKING:
    import random

    from ipfs_accel_async.simulator import RateLimit
    from ipfs_accel_async.wire.http import Request, Response

EPOCH = 1_800_000_000.0


class StrictService:
    """Counts each request when it arrives, and answers it as the vendor does, headers and refusals included.

    Args:
        provider: Whose twin it is.
        limit: What it allows, and how it counts.
        rng: For delays.
        delay: Least and most seconds until a request arrives: what leaves evenly does not arrive so.
        seconds: Least and most seconds that an answer takes from there.

    Attributes:
        served: Of what was answered: when it arrived, its tokens in and its tokens out.
        refused: How many were answered 429.
    """

    def __init__(
        self,
        provider: str,
        limit: RateLimit,
        rng: random.Random,
        *,
        delay: tuple[float, float] = (0.005, 0.25),
        seconds: tuple[float, float] = (0.2, 3.0),
    ) -> None:
        self._mount = Mount(provider, 7, lambda: EPOCH + asyncio.get_running_loop().time(), None, limit)
        self._rng = rng
        self._delay = delay
        self._seconds = seconds
        self.transport = MockTransport(self._answer)
        self.served: list[tuple[float, int, int]] = []
        self.refused = 0

    async def _answer(self, request: Request) -> Response:
        loop, parts = asyncio.get_running_loop(), urlsplit(request.url)
        await asyncio.sleep(self._rng.uniform(*self._delay))
        headers = {name.decode(): value.decode() for name, value in request.headers}
        ask = Ask(len(self.served), request.method, parts.path, {}, headers, orjson.loads(request.body), request.body)
        answer, outgoing, told = self._mount.answer(ask, None, loop.time())
        if answer.status == 429:
            self.refused += 1
        elif answer.status == 200:
            self.served.append((loop.time(), answer.tokens - answer.output, answer.output))
            await asyncio.sleep(self._rng.uniform(*self._seconds))
        stamped = {"content-type": answer.media, **told}
        return MockTransport.reply(status=answer.status, headers=stamped, body=b"".join(outgoing.parts))
