"""C14: HTTP/2, which a client of one's own brings: GOAWAY, refused streams, and streams reset on the way."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("h2", reason="HTTP/2 needs h2, of the development extra")

import httpx

from ipfs_accel_async.errors import InterruptedCallError, StreamIncompleteError
from tests.faults import http2
from tests.faults.http2 import Http2Server
from tests.faults.scenarios import scenario
from tests.faults.streaming import event
from tests.faults.watching import FAST, watched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ipfs_accel_async import Client

pytestmark = pytest.mark.sockets


@asynccontextmanager
async def over_http2(server: Http2Server, **settings: Any) -> AsyncIterator[Client]:
    """A watched client over an httpx client that speaks nothing else."""
    async with (
        httpx.AsyncClient(http1=False, http2=True, trust_env=False) as own,
        watched(server, http_client=own, **{**FAST, **settings}) as ai,
    ):
        yield ai
        await own.aclose()


async def test_calls_at_once_share_one_connection() -> None:
    """The tests below fail for their own reason: five calls, one connection, one answer each."""
    async with Http2Server() as server, over_http2(server, max_retries=0) as ai:
        replies = await asyncio.gather(*(ai.chat("openai:m", "hi") for _ in range(5)))
        assert {reply.text for reply in replies} == {"hello"}
        assert (len(server.requests), len(server.sessions)) == (5, 1)


@scenario("C14")
async def test_a_refused_stream_is_sent_again() -> None:
    """REFUSED_STREAM: the second attempt is the one result, on the same connection."""
    async with Http2Server(http2.refuse) as server, over_http2(server, max_retries=1) as ai:
        reply = await ai.chat("openai:m", "hi")
        assert (reply.text, reply.attempts) == ("hello", 2)
        assert len(server.sessions) == 1


@scenario("C14")
async def test_a_stream_above_the_last_one_goes_over_another_connection() -> None:
    """GOAWAY for one of two calls at once: the one that was not looked at has its answer without another attempt."""
    async with Http2Server(http2.silent, http2.go_away(1)) as server, over_http2(server, max_retries=1) as ai:
        first, second = await asyncio.gather(ai.chat("openai:m", "hi"), ai.chat("openai:m", "hi"))
        assert (first.text, second.text) == ("hello", "hello")
        assert sorted([first.attempts, second.attempts]) == [1, 2]
        assert len(server.sessions) > 1


@scenario("C14")
async def test_what_may_have_been_done_is_not_done_twice() -> None:
    """GOAWAY that counts the stream among those that were looked at: a POST that may not be repeated is sent once."""
    async with Http2Server(http2.go_away(1)) as server, over_http2(server, max_retries=3) as ai:
        with pytest.raises(InterruptedCallError) as caught:
            await ai.request("openai", "POST", "/things", json={})
        assert (caught.value.attempts, len(server.requests)) == (1, 1)
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("C14")
async def test_a_connection_that_takes_nothing_more_is_not_used_again() -> None:
    """GOAWAY behind a good answer: the next call has a connection of its own, in one attempt."""
    async with Http2Server(http2.answer_and_go_away) as server, over_http2(server, max_retries=0) as ai:
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        assert (await ai.chat("openai:m", "hi")).attempts == 1
        assert len(server.sessions) == 2


@scenario("C14")
async def test_a_stream_that_is_reset_after_a_token() -> None:
    """An error with what came, never a second request; calls beside it on the same connection have their answers."""
    cut = http2.begin(event("a"), code=2)
    async with Http2Server(cut) as server, over_http2(server, max_retries=3) as ai:
        with pytest.raises(StreamIncompleteError) as caught:
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()
        assert caught.value.partial is not None
        assert caught.value.partial.text == "a"
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        assert (len(server.requests), len(server.sessions)) == (2, 1)


@scenario("C14", "X01")
async def test_leaving_a_stream_ends_it_alone() -> None:
    """A reader who leaves frees the only permit at once, and the connection goes on."""
    settings = {"max_retries": 0, "max_concurrent_requests": 1}
    async with Http2Server(http2.begin(event("a"))) as server, over_http2(server, **settings) as ai:
        async with ai.stream("openai:m", "hi") as stream:
            await anext(stream)
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        assert len(server.sessions) == 1
