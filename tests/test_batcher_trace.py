"""What stands in the trace of a call that waited for others, and in that of one that left them."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.answers import Embeddings
from ipfs_accel_async.errors import RequestTimeoutError
from ipfs_accel_async.trace import Trace
from tests.answering import header
from tests.embedding_server import EmbeddingServer


def traced(answer: object) -> Trace:
    """The trace of an answer or an error."""
    trace = answer.trace  # type: ignore[attr-defined]
    assert isinstance(trace, Trace)
    return trace


async def after(seconds: float, ai: Client, text: str) -> Embeddings:
    """The answer to a call that is made later."""
    await asyncio.sleep(seconds)
    return await ai.embed("openai:m", text)


async def test_waiting_for_others_is_time_in_the_queue() -> None:
    """From when a call was made to when its request left, and none for who waits for nobody."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client(max_concurrent_requests=1) as ai:
        first, *others = await asyncio.gather(
            ai.embed("openai:m", "text 1"),
            after(0.25, ai, "text 2"),
            after(0.5, ai, "text 3"),
        )
    assert server.times == [0.0, 1.0]
    assert traced(first).queue_seconds == 0.0
    assert [traced(one).queue_seconds for one in others] == [0.75, 0.5]
    sent = header(server.requests[1], "x-request-id")
    assert [traced(one).batch for one in others] == [(sent, 1, 1.0)] * 2
    assert traced(first).batch is None
    assert [traced(one).attempts for one in (first, *others)] == [1, 1, 1]
    assert traced(others[0]).tries == traced(others[1]).tries
    assert traced(others[0]).tries is not traced(others[1]).tries


async def test_who_leaves_is_told_where_the_request_was() -> None:
    """The error of a deadline names the phase of the request that carried the call, and counts its attempts."""
    server = EmbeddingServer(seconds=5.0)
    async with server.client() as ai:
        gone, stays = await asyncio.gather(
            ai.embed("openai:m", "text 1", timeout=2),
            ai.embed("openai:m", "text 2"),
            return_exceptions=True,
        )
    assert isinstance(gone, RequestTimeoutError)
    assert (gone.phase, gone.attempts, traced(gone).phase) == ("first byte", 1, "first byte")
    assert traced(gone).batch == (header(server.requests[0], "x-request-id"), 1, 0.0)
    assert traced(stays).attempts == 1


async def test_those_who_share_a_place_have_its_attempts() -> None:
    """Marked as shared; what they waited is not counted twice."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client() as ai:
        made = await asyncio.gather(*(ai.embed("openai:m", text) for text in ("text 1", "text 1", "text 2")))
    first, equal, other = (traced(one) for one in made)
    assert (first.cache, equal.cache, other.cache) == ("", "shared", "")
    assert (first.attempts, equal.attempts, other.attempts) == (1, 0, 1)
    assert len(first.tries) == len(equal.tries) == len(other.tries) == 1
    assert (first.batch is None, equal.batch, other.batch is None) == (False, None, False)


@pytest.mark.parametrize("texts", [("text 1",), ("text 1", "text 2")])
async def test_a_request_of_one_call_alone_is_in_its_own_trace(texts: tuple[str, ...]) -> None:
    """Whether its texts are one or several: no request id but its own was sent."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client() as ai:
        answer = await ai.embed("openai:m", list(texts))
    assert traced(answer).batch is None
    assert (traced(answer).attempts, len(traced(answer).tries)) == (1, 1)
    assert header(server.requests[0], "x-request-id") == answer.request_id
