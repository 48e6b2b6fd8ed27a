"""``transformers serve``: the OpenAI wire by people who did not write OpenAI's, with its quirks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from ipfs_accel_async import BadRequestError, Client, StreamIncompleteError
from tests.real.peers import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.real.conftest import Peers

pytestmark = [pytest.mark.real, pytest.mark.sockets]

REQUIREMENTS = ["torch==2.13.0", "transformers[serving]>=5.20,<6"]


@pytest.fixture(scope="module")
def server(peers: Peers) -> tuple[str, str]:
    """Its URL and the name of its model, which is a path."""
    folder = peers.folder / "transformers"
    command = ["bash", str(SCRIPTS / "transformers_serve.sh"), "{bin}", str(folder), "{port}"]
    return peers.start("transformers", REQUIREMENTS, command, health="/health").url, str(folder / "tiny")


@pytest.fixture
async def ai(server: tuple[str, str]) -> AsyncIterator[Client]:
    """A client of it, under a name of its own."""
    settings = {"tiny": {"wire": "openai_compatible", "base_url": f"{server[0]}/v1"}}
    async with Client(providers=settings, max_retries=0, timeout=120) as client:
        yield client


async def test_a_chat_is_answered(ai: Client, server: tuple[str, str]) -> None:
    """Text, counts and a finish reason."""
    reply = await ai.chat(f"tiny:{server[1]}", "Hello", max_tokens=8)
    assert reply.text
    assert reply.finish_reason in {"length", "stop"}
    assert reply.usage.output_tokens > 0


async def test_a_stream_without_an_end_mark_is_never_a_success(ai: Client, server: tuple[str, str]) -> None:
    """It never sends [DONE]: the pieces come, then the end is told as an error that has them all."""
    with pytest.raises(StreamIncompleteError) as caught:
        async with ai.stream(f"tiny:{server[1]}", "Hello", max_tokens=8) as stream:
            pieces = [delta.text async for delta in stream]
            raise AssertionError(f"ended well with {pieces}")
    assert caught.value.partial is not None
    assert caught.value.partial.text


async def test_its_own_errors_are_typed(ai: Client, server: tuple[str, str]) -> None:
    """A field it does not know is refused in its own words, under its own shape of errors."""
    with pytest.raises(BadRequestError, match="x_new_knob"):
        await ai.chat(f"tiny:{server[1]}", "Hello", x_new_knob=1)


async def test_many_at_once_are_all_answered(ai: Client, server: tuple[str, str]) -> None:
    """Twelve calls through a cap of five."""
    replies = await asyncio.gather(*(ai.chat(f"tiny:{server[1]}", f"{n}", max_tokens=4) for n in range(12)))
    assert all(reply.text for reply in replies)
