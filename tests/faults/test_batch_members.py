"""Group A: deadlines, cancellation, throttling and contexts of calls that share a request."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from ipfs_accel_async import AccelError, Client
from ipfs_accel_async.errors import (
    DeadlineExceededError,
    RateLimitError,
    RequestTimeoutError,
)
from tests.answering import header
from tests.embedding_server import EmbeddingServer, right
from tests.faults.scenarios import scenario
from tests.faults.virtual import VirtualServer, refuses, says

N = 32


async def embed(ai: Client, texts: list[str], **more: Any) -> list[Any]:
    """A call a text, all at once; errors in their places."""
    return await asyncio.gather(*(ai.embed("openai:m", text, **more) for text in texts), return_exceptions=True)


def texts(*poison: int, count: int = N) -> list[str]:
    """Texts, some of which the service refuses."""
    return [f"{'poison' if place in poison else 'text'} {place}" for place in range(count)]


@scenario("A06")
async def test_a_throttled_request_is_sent_again_as_a_whole() -> None:
    """One wait, one resend, for all of them."""
    good = EmbeddingServer.good({"model": "m", "input": texts()})
    server = VirtualServer(refuses(429, retry_after="3"), always=says(good))
    async with Client(transport=server, keys={"openai": "k"}, retry_jitter=0) as ai:
        made = await embed(ai, texts())
    assert all(right(answer, "m", text) for answer, text in zip(made, texts(), strict=True))
    assert len(server.requests) == 2
    assert 3.0 <= server.times[1] <= 3.3 + 1e-9
    assert server.requests[0].body == server.requests[1].body


@scenario("A06", "A09")
async def test_who_has_no_time_for_the_resend_leaves_and_the_others_wait() -> None:
    """Each deadline is kept: that of the hurried ends in the wait, the others have their vectors after it."""
    good = EmbeddingServer.good({"model": "m", "input": texts(count=3)})
    server = VirtualServer(refuses(429, retry_after="30"), always=says(good))
    loop = asyncio.get_running_loop()
    async with Client(transport=server, keys={"openai": "k"}, retry_jitter=0) as ai:

        async def timed(place: int, timeout: float) -> tuple[Any, float]:
            ends = await asyncio.gather(ai.embed("openai:m", f"text {place}", timeout=timeout), return_exceptions=True)
            return ends[0], loop.time()

        (first, at), (hurried, early), (last, _) = await asyncio.gather(timed(0, 60), timed(1, 5), timed(2, 60))
    assert isinstance(hurried, DeadlineExceededError)
    assert (early, hurried.phase) == (5.0, "backoff")
    assert at >= 30.0
    assert right(first, "m", "text 0")
    assert right(last, "m", "text 2")


@scenario("A06")
async def test_a_service_that_stays_throttled_is_each_calls_own_error() -> None:
    """After the retries of the one request, not of each call."""
    server = VirtualServer(always=refuses(429))
    async with Client(transport=server, keys={"openai": "k"}, retry_jitter=0, max_retries=2) as ai:
        made = await embed(ai, texts())
    assert {type(error) for error in made} == {RateLimitError}
    assert len({id(error) for error in made}) == N
    assert len(server.requests) == 3


@scenario("A07")
async def test_no_request_mixes_tenants_keys_models_or_parameters() -> None:
    """Every body has the texts of one of them only, and goes out with that one's key."""
    server = EmbeddingServer(seconds=0.5)
    async with server.client(keys={"openai": ["sk-aaaaaaaa", "sk-bbbbbbbb"]}, max_concurrent_requests=20) as ai:
        views = {alias: ai.with_options(key=alias) for alias in ("key-1", "key-2")}
        calls = [
            view.embed(
                f"openai:{model}", f"{alias}.{tenant}.{model}.{size} {n}", tags={"tenant": tenant}, dimensions=size
            )
            for n in range(6)
            for alias, view in views.items()
            for tenant in ("x", "y")
            for model in ("m", "n")
            for size in (2, 3)
        ]
        await asyncio.gather(*calls)
    keys: dict[str, set[str]] = {}
    for body, request in zip(server.asked, server.requests, strict=True):
        (kind,) = {text.split()[0] for text in body["input"]}
        assert kind.split(".")[2:] == [body["model"], str(body["dimensions"])]
        keys.setdefault(kind.split(".")[0], set()).add(header(request, "authorization") or "")
    assert keys == {"key-1": {"Bearer sk-aaaaaaaa"}, "key-2": {"Bearer sk-bbbbbbbb"}}
    assert server.sizes == [6] * 16


@scenario("A09")
async def test_each_member_keeps_its_own_deadline() -> None:
    """One leaves when its time is up, the others get their vectors when they come."""
    server = EmbeddingServer(seconds=10.0)
    loop = asyncio.get_running_loop()
    async with server.client() as ai:

        async def timed(place: int, timeout: float) -> tuple[Any, float]:
            ends = await asyncio.gather(ai.embed("openai:m", f"text {place}", timeout=timeout), return_exceptions=True)
            return ends[0], loop.time()

        ends = await asyncio.gather(*(timed(place, 3.0 if place == 1 else 60.0) for place in range(4)))
    error, at = ends[1]
    assert isinstance(error, RequestTimeoutError)
    assert (error.phase, error.attempts, at) == ("first byte", 1, 3.0)
    assert all(
        right(answer, "m", f"text {place}") and end == 10.0 for place, (answer, end) in enumerate(ends) if place != 1
    )
    assert server.sizes == [4]


@scenario("X06")
async def test_a_member_that_leaves_before_the_request_is_not_in_it() -> None:
    """Its text is never sent, and the others are answered."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client(batch_timeout=0.5) as ai:
        first = asyncio.ensure_future(ai.embed("openai:m", "text 99"))
        await asyncio.sleep(0.1)
        calls = [asyncio.ensure_future(ai.embed("openai:m", f"text {place}")) for place in range(4)]
        await asyncio.sleep(0.1)
        calls[2].cancel()
        made = await asyncio.gather(*calls, return_exceptions=True)
        await first
    assert server.asked[1]["input"] == ["text 0", "text 1", "text 3"]
    assert isinstance(made[2], asyncio.CancelledError)
    assert all(right(made[place], "m", f"text {place}") for place in (0, 1, 3))


@scenario("X06")
@pytest.mark.parametrize("gone", range(0, N, 5))
async def test_a_member_that_leaves_the_request_under_way_takes_nothing_along(gone: int) -> None:
    """Its vector is dropped when it comes; 31 others have theirs, of one request of 32."""
    server = EmbeddingServer(seconds=1.0)
    async with server.client() as ai:
        calls = [asyncio.ensure_future(ai.embed("openai:m", f"text {place}")) for place in range(N)]
        await asyncio.sleep(0.5)
        calls[gone].cancel()
        made = await asyncio.gather(*calls, return_exceptions=True)
    assert (server.sizes, server.aborted) == ([N], 0)
    assert isinstance(made[gone], asyncio.CancelledError)
    assert all(right(answer, "m", f"text {place}") for place, answer in enumerate(made) if place != gone)


@scenario("X07")
async def test_when_the_last_member_leaves_the_request_ends() -> None:
    """The connection is dropped at once, its place is free, and the client works."""
    server = EmbeddingServer(seconds=60.0)
    async with server.client(max_concurrent_requests=1) as ai:
        calls = [asyncio.ensure_future(ai.embed("openai:m", f"text {place}")) for place in range(3)]
        await asyncio.sleep(0.5)
        calls[0].cancel()
        calls[1].cancel()
        await asyncio.sleep(0.5)
        assert (server.now, server.aborted) == (1, 0)
        calls[2].cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        await asyncio.sleep(0)
        assert (server.now, server.aborted) == (0, 1)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        server.seconds = 0.0
        assert right(await ai.embed("openai:m", "text 4"), "m", "text 4")
        assert asyncio.get_running_loop().time() == 1.0


@scenario("E13")
async def test_each_caller_has_its_own_context_after_a_shared_request() -> None:
    """Values that callers set before the call are theirs after it; the service was asked in nobody's."""
    request_of: ContextVar[int] = ContextVar("request_of", default=-1)
    seen: list[int] = []
    server = EmbeddingServer(seconds=1.0, spoil=lambda _, good: (seen.append(request_of.get()), good)[1])
    async with server.client() as ai:

        async def caller(number: int) -> bool:
            request_of.set(number)
            await ai.embed("openai:m", f"text {number}")
            return request_of.get() == number

        assert all(await asyncio.gather(*(caller(number) for number in range(N))))
    assert seen == [-1]


@scenario("A05")
async def test_an_error_of_a_thing_that_is_no_error_of_ours_reaches_all() -> None:
    """A fault of the transport itself is raised by each, and nobody is left waiting."""

    class OddError(Exception):
        """Cannot be copied."""

        def __init__(self, one: int, two: int) -> None:
            super().__init__(one)

    server = VirtualServer(OddError(1, 2), always=says(EmbeddingServer.good({"model": "m", "input": ["text 1"]})))
    async with Client(transport=server, keys={"openai": "k"}) as ai:
        made = await embed(ai, texts(count=3))
        assert all(isinstance(error, OddError) and not isinstance(error, AccelError) for error in made)
        assert right((await embed(ai, ["text 1"]))[0], "m", "text 1")
