"""What clients of this kind are known to get wrong, each held as a test: whose answer is given again.

It is number 9 of the list in ``docs/design/0002-operations.md``.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Image, Tool, user
from tests.faults.virtual import VirtualServer, says
from tests.faults.watching import watched


async def test_equal_calls_at_once_are_one_request() -> None:
    """A hundred of them, with nothing kept yet: each is answered, under its own id, and the service is asked once."""
    server = VirtualServer(always=says(wait=1.0))
    async with watched(server, cache="on") as ai:
        replies = await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(100)))
    assert (len(server.requests), len({reply.request_id for reply in replies})) == (1, 100)


@pytest.mark.parametrize(
    "other",
    [
        {"model": "openai:n"},
        {"model": "groq:m"},
        {"max_tokens": 4_000},
        {"messages": [{"role": "system", "content": "In French."}, {"role": "user", "content": "hi"}]},
        {"tools": [Tool("f")]},
        {"messages": user("hi", Image(data=b"picture"))},
        {"temperature": 1.0},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_another_request_is_never_answered_with_it(other: dict[str, Any]) -> None:
    """Another model, provider, length, system prompt, tool, image or temperature: the service is asked."""
    server = VirtualServer()
    asked: dict[str, Any] = {"model": "openai:m", "messages": "hi", "max_tokens": 5, "temperature": 0.0}
    keys = {"openai": "sk-one", "groq": "gsk-two"}
    urls = dict.fromkeys(keys, "http://server.test/v1")
    async with watched(server, cache="on", keys=keys, base_urls=urls) as ai:
        await ai.chat(**asked)
        assert (await ai.chat(**asked)).cached
        assert not (await ai.chat(**{**asked, **other})).cached
    assert len(server.requests) == 2


async def test_who_asks_for_a_stream_gets_one() -> None:
    """A kept chat is not handed to who reads a stream, nor the reverse."""
    server = VirtualServer()
    async with watched(server, cache="on", max_retries=0) as ai:
        await ai.chat("openai:m", "hi")
        with pytest.raises(Exception, match="stream was asked for"):
            async with ai.stream("openai:m", "hi"):
                pass
    assert len(server.requests) == 2
