"""One client in several loops: one after the other it works, at once it is an error, and nothing hangs."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ipfs_accel_async import Client, ConfigError, MockTransport
from tests.answering import JSON, completion


def client() -> Client:
    """A client whose service answers at once."""
    return Client(
        transport=MockTransport(lambda _: MockTransport.reply(completion(), headers=JSON)),
        keys={"openai": "k"},
        max_total_concurrent_requests=2,
    )


def test_loops_one_after_the_other() -> None:
    """Queues, breakers and connections are those of each loop; the client is made outside of any."""
    ai = client()
    for _ in range(3):
        assert asyncio.run(ai.chat("openai:m", "hi")).text == "hello"
    asyncio.run(ai.aclose())


def test_two_loops_at_once_are_refused() -> None:
    """The loop that came first goes on; the other is told what to do, in every one of its calls."""
    ai = client()
    first, done = threading.Event(), threading.Event()
    ends: list[object] = []

    async def keep() -> None:
        for _ in range(200):
            ends.append((await ai.chat("openai:m", "hi")).text)
        first.set()
        while not done.is_set():
            await asyncio.sleep(0.001)
        ends.append((await ai.chat("openai:m", "hi")).text)

    async def intrude() -> None:
        for _ in range(200):
            with pytest.raises(ConfigError, match="make one client a loop"):
                await ai.chat("openai:m", "hi")

    thread = threading.Thread(target=asyncio.run, args=(keep(),))
    thread.start()
    try:
        assert first.wait(20)
        asyncio.run(intrude())
    finally:
        done.set()
        thread.join(20)
    assert ends == ["hello"] * 201
