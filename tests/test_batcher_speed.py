"""How near gathered calls come to lists cut by hand: in virtual time, so by what is decided and not by the machine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import MockTransport
from ipfs_accel_async.wire.http import Request, Response
from tests.answering import JSON
from tests.embedding_server import EmbeddingServer

A_REQUEST, A_TEXT = 0.005, 0.000_1
TEXTS, TASKS, PLACES = 10_000, 1_000, 5


class Devices(EmbeddingServer):
    """A service of several devices, each of which works off one request after the other.

    Args:
        devices: How many.
    """

    def __init__(self, devices: int) -> None:
        super().__init__()
        self.free_at = [0.0] * devices

    async def answer(self, request: Request) -> Response:
        """Answer on the device that is free first."""
        loop = asyncio.get_running_loop()
        body = self.read(request)
        device = self.free_at.index(min(self.free_at))
        self.free_at[device] = max(self.free_at[device], loop.time()) + A_REQUEST + A_TEXT * len(body["input"])
        await asyncio.sleep(self.free_at[device] - loop.time())
        return MockTransport.reply(self.good(body), headers=JSON)


async def rate(devices: int, size: int = 0, **settings: Any) -> float:
    """Texts a second: by a thousand tasks of one text at a time; with `size`, in lists of so many by hand."""
    given = {"max_concurrent_requests": PLACES, **settings}
    loop = asyncio.get_running_loop()
    async with Devices(devices).client(**given) as ai:
        many = [f"text {place}" for place in range(TEXTS)]

        async def task(first: int, texts: int) -> None:
            for place in range(first, texts, TASKS):
                await ai.embed("openai:m", many[place])

        async def run(texts: int) -> None:
            if not size:
                await asyncio.gather(*(task(first, texts) for first in range(TASKS)))
                return
            for wave in range(0, texts, TASKS):
                stop = min(texts, wave + TASKS)
                parts = (many[at : min(at + size, stop)] for at in range(wave, stop, size))
                await asyncio.gather(*(ai.embed("openai:m", part) for part in parts))

        await run(TASKS)
        start = loop.time()
        await run(TEXTS)
        return TEXTS / (loop.time() - start)


@pytest.mark.parametrize(("devices", "times"), [(1, 46), (PLACES, 38)])
async def test_gathered_calls_are_nearly_as_fast_as_the_best_lists_by_hand(devices: int, times: float) -> None:
    """At least 0.95 of them with one device and with a device a request, and far above a request each."""
    by_hand = max([await rate(devices, size, batching=False) for size in (125, 200, 250, 500, 1_000)])
    gathered = await rate(devices)
    each = devices / (A_REQUEST + A_TEXT)
    assert gathered >= 0.95 * by_hand
    assert gathered >= times * each


async def test_what_waits_for_us_says_nothing_of_the_service() -> None:
    """One request at a time is our own rule here: the service still counts as one that answers side by side."""
    async with Devices(PLACES).client(max_concurrent_requests=PLACES, max_total_concurrent_requests=1) as ai:
        await asyncio.gather(*(ai.embed("openai:m", f"text {place}") for place in range(256)))
        (rules,) = (made[0] for made in ai._engine.runtime()._batcher._rules._made.values() if made is not None)
        assert rules.spreading.overlap == pytest.approx(1.0)
