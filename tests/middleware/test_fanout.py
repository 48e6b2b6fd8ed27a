"""One stream, many readers: none is read ahead of, none is waited for, each gets every delta once."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async import Delta, Stream, StreamIncompleteError
from ipfs_accel_async.answers import Reply
from ipfs_accel_async.middleware.fanout import Fanout, Reader
from tests.doubles import TARGET, ListSource, a_call, a_stream

WORDS = ["one ", "two ", "three ", "four"]


async def test_a_lone_reader_who_pauses_is_not_read_ahead_of() -> None:
    """Nothing is read that nobody has asked for: the server feels it when its reader is slow."""
    upstream, source = a_stream(*[[Delta(word)] for word in WORDS], [Delta(end=True)])
    async with upstream.beside(Reader(Fanout(upstream, 10**6, lambda: None), a_call(), led=True), a_call()) as stream:
        await anext(stream)
        await asyncio.sleep(60)
        assert len(source.batches) == len(WORDS)
        assert (await stream.collect()).text == "".join(WORDS)


async def test_who_is_too_far_behind_is_given_up_not_waited_for() -> None:
    """Beyond the buffer the others go on; he has an error that says so, with what he has read."""
    upstream, _ = a_stream(*[[Delta("x" * 50)] for _ in range(30)], [Delta(finish_reason="stop", end=True)])
    fanout = Fanout(upstream, 1_000, lambda: None)
    call = a_call()
    fast, slow = (upstream.beside(Reader(fanout, call, led=led), call) for led in (True, False))
    async with slow, fast:
        await anext(slow)
        assert len((await fast.collect()).text) == 1_500
        with pytest.raises(StreamIncompleteError, match="too far behind") as caught:
            await slow.collect()
        assert caught.value.partial is not None
        assert caught.value.partial.text == "x" * 50


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 3))
async def test_any_interleaving_gives_every_reader_the_whole(turns: list[int], width: int) -> None:
    """Whoever reads when: each gets every delta once, in order."""
    deltas = [Delta(str(number)) for number in range(20)]
    batches = [deltas[start : start + width] for start in range(0, len(deltas), width)]
    source = ListSource(*batches, [Delta(end=True)])
    upstream = Stream(source, Reply(target=TARGET, request_id="id"))
    fanout = Fanout(upstream, 10**6, lambda: None)
    call = a_call()
    readers = [upstream.beside(Reader(fanout, call, led=not place), call) for place in range(4)]
    seen: list[list[str]] = [[] for _ in readers]
    for turn in turns:
        async for delta in readers[turn]:
            seen[turn].append(delta.text)
            break
    for reader, texts in zip(readers, seen, strict=True):
        texts += [delta.text async for delta in reader]
        await reader.aclose()
    assert all([text for text in texts if text] == [delta.text for delta in deltas] for texts in seen)
    assert source.closed == 1
