"""Shared streams: everyone gets the whole of it, at his own pace, and it ends with its last reader."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ipfs_accel_async import Client, RequestTimeoutError, StreamIncompleteError
from tests.faults.streaming import DONE, event
from tests.faults.virtual import VirtualServer, streams
from tests.faults.watching import watched

MODEL = "openai:m"
WORDS = ["one ", "two ", "three ", "four"]


def spoken(pause: float = 1.0) -> Any:
    """A stream of four words, a second apart."""
    items: list[Any] = [event(WORDS[0])]
    for word in WORDS[1:]:
        items += [pause, event(word)]
    return streams(*items, pause, DONE)


async def read(ai: Client, **more: Any) -> tuple[str, list[tuple[float, str]]]:
    """The text of a stream, and when which piece of it came."""
    loop, seen = asyncio.get_running_loop(), []
    async with ai.stream(MODEL, "hi", temperature=0, **more) as stream:
        async for delta in stream:
            if delta.text:
                seen.append((loop.time(), delta.text))
        return stream.reply.text, seen


async def test_readers_share_one_stream() -> None:
    """A hundred of them get the same words at the same times."""
    server = VirtualServer(always=spoken())
    async with watched(server) as ai:
        ends = await asyncio.gather(*(read(ai) for _ in range(100)))
    assert {text for text, _ in ends} == {"".join(WORDS)}
    assert {tuple(seen) for _, seen in ends} == {tuple(zip([0.0, 1.0, 2.0, 3.0], WORDS, strict=True))}
    assert len(server.requests) == 1


async def test_a_late_reader_gets_the_beginning_at_once() -> None:
    """What came before is there when he comes, and the rest with the others."""
    server = VirtualServer(always=spoken())
    async with watched(server) as ai:
        first = asyncio.create_task(read(ai))
        await asyncio.sleep(1.5)
        text, seen = await read(ai)
        assert text == (await first)[0] == "".join(WORDS)
        assert seen == [(1.5, WORDS[0]), (1.5, WORDS[1]), (2.0, WORDS[2]), (3.0, WORDS[3])]
        async with ai.stream(MODEL, "hi", temperature=0) as anew:  # it has ended: this is another request
            assert (await anew.collect()).text == text
    assert len(server.requests) == 2


async def test_followers_have_replies_of_their_own() -> None:
    """Their own id, no token counts, marked as shared; the first one's is as ever."""
    server = VirtualServer(always=spoken())
    async with watched(server) as ai:
        async with ai.stream(MODEL, "hi", temperature=0) as first, ai.stream(MODEL, "hi", temperature=0) as second:
            one, two = await asyncio.gather(first.collect(), second.collect())
        assert one.request_id != two.request_id
        assert (one.cached, two.cached, first.request_id, second.request_id) == (
            False,
            True,
            one.request_id,
            two.request_id,
        )
        assert ai.explain(second)["cache"] == "shared"


async def test_the_first_reader_may_leave() -> None:
    """The stream goes on for who stays, also when the first one was the one who read."""
    server = VirtualServer(always=spoken())
    async with watched(server) as ai:
        first = asyncio.create_task(read(ai))
        second = asyncio.create_task(read(ai))
        await asyncio.sleep(0.5)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await second)[0] == "".join(WORDS)
    assert len(server.requests) == 1


async def test_with_the_last_reader_it_is_closed() -> None:
    """Its permit and its connection are back when the last block is left, however far it came."""
    server = VirtualServer(always=spoken())
    async with watched(server) as ai:
        async with ai.stream(MODEL, "hi", temperature=0) as first:
            async with ai.stream(MODEL, "hi", temperature=0) as second:
                await anext(first)
                await anext(second)
            assert (ai.statistics()["lanes"][0]["active"], server.open) == (1, 1)
        assert (ai.statistics()["lanes"][0]["active"], server.open) == (0, 0)


async def test_a_reader_who_leaves_at_once_closes_it_for_nobody_else() -> None:
    """He opens and leaves before the other, who came in the same step, has begun."""
    server = VirtualServer(always=spoken())

    async def glance(ai: Client) -> None:
        async with ai.stream(MODEL, "hi", temperature=0):
            pass

    async with watched(server) as ai:
        _, (text, _) = await asyncio.gather(glance(ai), read(ai))
        assert text == "".join(WORDS)
        (text, _), _ = await asyncio.gather(read(ai), glance(ai))
        assert text == "".join(WORDS)
    assert len(server.requests) == 2


async def test_a_slow_reader_holds_nobody_up() -> None:
    """He reads a word every ten seconds, the other one as they come; when all has come the permit is back."""
    server = VirtualServer(always=spoken())
    async with watched(server) as ai, ai.stream(MODEL, "hi", temperature=0) as slow:
        await anext(slow)
        text, seen = await read(ai)
        assert (text, seen[-1][0]) == ("".join(WORDS), 3.0)
        assert (ai.statistics()["lanes"][0]["active"], server.open) == (0, 0)
        await asyncio.sleep(10)
        assert (await slow.collect()).text == text


async def test_each_reader_has_his_own_deadline_and_patience() -> None:
    """Who has no time left ends; the others go on to the end."""
    server = VirtualServer(always=spoken())
    async with watched(server) as ai:
        ends = await asyncio.gather(read(ai, timeout=1.5), read(ai), return_exceptions=True)
        assert isinstance(ends[0], RequestTimeoutError)
        assert not isinstance(ends[1], BaseException)
        assert ends[1][0] == "".join(WORDS)


async def test_a_stream_that_breaks_off_breaks_off_for_all() -> None:
    """Each reader has the error with what he has read, and an id of his own."""
    server = VirtualServer(always=streams(event("one "), 1.0, event("two "), 1.0))
    async with watched(server) as ai:
        ends: list[Any] = await asyncio.gather(*(read(ai) for _ in range(3)), return_exceptions=True)
        assert {type(end) for end in ends} == {StreamIncompleteError}
        assert {end.partial.text for end in ends} == {"one two "}
        assert len({end.request_id for end in ends}) == 3


async def test_a_silent_stream_is_given_up_and_the_endpoint_blamed() -> None:
    """As with a stream of one's own: the breaker hears of a failure."""
    server = VirtualServer(always=streams(event("one "), 500.0, DONE))
    async with watched(server, stream_idle_timeout=5, failure_threshold=1) as ai:
        with pytest.raises(RequestTimeoutError):
            await read(ai)
        assert ai.statistics()["breakers"][0]["state"] == "open"


async def test_beyond_the_buffer_nobody_can_join() -> None:
    """A call that comes when the beginning is gone has a request of its own, and gets the whole text."""
    server = VirtualServer(always=spoken())
    async with watched(server, replay_bytes=250) as ai:
        first = asyncio.create_task(read(ai))
        await asyncio.sleep(0.5)
        second = asyncio.create_task(read(ai))
        await asyncio.sleep(2)
        assert (await read(ai))[0] == (await first)[0] == (await second)[0] == "".join(WORDS)
    assert len(server.requests) == 2


async def test_whoever_comes_to_a_beginning_that_is_gone_asks_anew() -> None:
    """One batch is larger than the buffer and read before the others begin: they have requests of their own."""
    server = VirtualServer(always=streams(b"".join(map(event, WORDS)) + DONE))
    async with watched(server, replay_bytes=1) as ai:
        ends = await asyncio.gather(*(read(ai) for _ in range(3)))
    assert [text for text, _ in ends] == ["".join(WORDS)] * 3
    assert 1 <= len(server.requests) <= 3


async def test_without_a_buffer_streams_are_not_shared() -> None:
    """With replay_bytes=0 each call has its own, and other calls are shared all the same."""
    server = VirtualServer(always=spoken())
    async with watched(server, replay_bytes=0) as ai:
        await asyncio.gather(read(ai), read(ai))
    assert len(server.requests) == 2


@pytest.mark.parametrize("caching", ["off", "on"])
@pytest.mark.parametrize("staying", [0, 1])
async def test_a_reader_cancelled_at_any_step_leaves_nothing(caching: str, staying: int) -> None:
    """Once or twice in a row, while he opens, reads or closes: who stays has the whole, and all is given back."""
    for steps in range(30):
        for times in (1, 2):
            server = VirtualServer(always=streams(event("one "), event("two"), DONE))
            async with watched(server, cache=caching) as ai:
                tasks = [asyncio.create_task(read(ai)) for _ in range(1 + staying)]
                for _ in range(steps):
                    await asyncio.sleep(0)
                for _ in range(times):
                    tasks[0].cancel()
                    await asyncio.sleep(0)
                ends = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(end[0] == "one two" for end in ends[1:] if not isinstance(end, BaseException))
                assert not any(isinstance(end, BaseException) for end in ends[1:])
