"""Streams as their readers see them."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async.answers import Delta
from ipfs_accel_async.errors import InvalidRequestError
from tests.doubles import a_stream

END = Delta(end=True)


async def test_the_reply_is_whole_when_the_stream_is() -> None:
    """After the end mark the reply has all text; before it, only partial may be asked for."""
    stream, _ = a_stream([Delta("a"), Delta("b")], [Delta("c"), END])
    async with stream:
        async for delta in stream:
            if delta.text == "b":
                assert stream.partial.text == "ab"
                with pytest.raises(InvalidRequestError, match="not ended yet"):
                    _ = stream.reply
    assert stream.reply.text == "abc"


async def test_reading_on_after_the_end_just_ends() -> None:
    """A second loop over a finished stream gives nothing and raises nothing."""
    stream, _ = a_stream([Delta("a"), END])
    assert len([delta async for delta in stream]) == 2
    assert [delta async for delta in stream] == []
    assert (await stream.collect()).text == "a"


async def test_reading_a_closed_stream_is_an_error() -> None:
    """A stream closed before its end cannot be read on."""
    stream, _ = a_stream([Delta("a")], [END])
    await stream.aclose()
    with pytest.raises(InvalidRequestError, match="closed"):
        await anext(stream)


async def test_two_readers_are_an_error() -> None:
    """While one task waits for a piece, another that asks is refused; the first is not disturbed."""
    stream, _ = a_stream([Delta("a"), END], pause=1.0)
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    with pytest.raises(InvalidRequestError, match="another task"):
        await anext(stream)
    assert (await first).text == "a"
    await stream.aclose()


async def test_a_cancelled_read_leaves_the_stream_open() -> None:
    """Cancelling one read, by a timeout of the reader's own, does not end the stream."""
    stream, source = a_stream([Delta("a"), END], pause=2.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await anext(stream)
    assert source.closed == 0
    assert (await anext(stream)).text == "a"


async def test_closing_tells_first_and_frees_the_socket_after() -> None:
    """Permits are back before the first await of closing: a second cancellation cannot lose them."""
    stream, source = a_stream([Delta("a")], [END])
    told: list[int] = []
    stream.on_close(lambda _: told.append(source.closed))
    await stream.aclose()
    assert told == [0]
    late: list[str] = []
    stream.on_close(lambda outcome: late.append(outcome.kind))
    assert late == ["ignored"]
