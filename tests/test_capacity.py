"""A provider's places, read and changed through the client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import ConfigError
from tests.answering import Server


async def test_it_says_what_there_is() -> None:
    """Places, calls in flight and calls that wait; before the first call too, and of this provider alone."""
    server = Server(seconds=1.0)
    async with server.client(max_concurrent_requests=2) as ai:
        places = ai.capacity("openai")
        assert (places.max_concurrent_requests, places.in_flight, places.waiting) == (2, 0, 0)
        calls = [asyncio.ensure_future(ai.chat("openai:m", "hi")) for _ in range(5)]
        await asyncio.sleep(0.5)
        assert repr(places) == "Capacity('openai', max_concurrent_requests=2, in_flight=2, waiting=3)"
        assert ai.capacity("ollama").in_flight == 0
        await asyncio.gather(*calls)


def test_it_may_be_changed_before_the_client_is_used() -> None:
    """Outside a loop, and it holds in each loop that the client is used in."""
    server = Server(seconds=1.0)
    ai = server.client(max_concurrent_requests=2)
    ai.capacity("openai").set(max_concurrent_requests=3)
    assert ai.capacity("openai").max_concurrent_requests == 3

    async def use() -> None:
        server.peak = 0
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(9)))
        assert server.peak == 3

    server.seconds = 0.0
    for _ in range(2):
        asyncio.run(use())


async def test_a_view_changes_the_same_places() -> None:
    """A client with other options has the same queue."""
    server = Server(seconds=1.0)
    async with server.client() as ai:
        await ai.chat("openai:m", "hi")
        ai.with_options(timeout=5).capacity("openai").set(max_concurrent_requests=1)
        await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(3)))
        assert server.peak == 1


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "3", None])
async def test_what_is_no_number_of_places_is_refused(wrong: Any) -> None:
    """And nothing is changed."""
    async with Server().client() as ai:
        with pytest.raises(ConfigError, match="max_concurrent_requests is a whole number from 0"):
            ai.capacity("openai").set(max_concurrent_requests=wrong)
        assert ai.capacity("openai").max_concurrent_requests == 5


async def test_an_unknown_provider_is_refused() -> None:
    """When it is asked for."""
    async with Server().client() as ai:
        with pytest.raises(ConfigError):
            ai.capacity("nobody")
