"""Group S, second part: the decoder on the wire, readers who pause, leave or forget, and time between tokens."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from typing import Any

import pytest

from ipfs_accel_async.errors import (
    InvalidRequestError,
    RequestTimeoutError,
    ResponseTooLargeError,
    StreamIncompleteError,
)
from tests.faults.http import chunk, raw
from tests.faults.scenarios import scenario
from tests.faults.script import Script, close, cut, hang, repeat, reset, send, sleep, split
from tests.faults.server import FaultServer
from tests.faults.streaming import DONE, event
from tests.faults.virtual import VirtualServer, streams
from tests.faults.watching import watched

HEAD = raw("200 OK", "content-type: text/event-stream", "transfer-encoding: chunked")


LAST: Script = (send(b"0\r\n\r\n"),)


def flow(*parts: bytes, end: Script = LAST) -> Script:
    """A stream on a socket, in chunks."""
    return (send(HEAD), *[step for part in parts for step in (send(chunk(part)), sleep(0))], *end)


@scenario("S02", "S04")
@pytest.mark.sockets
async def test_characters_split_on_the_wire_arrive_whole(server: FaultServer) -> None:
    """Two, three and four-byte characters and those that look like line ends, one byte a packet."""
    text = "é 世界 🙂 \u2028 \u0085 \x0b \x0c"
    data = (event(text) + DONE).replace(b"\n", b"\r\n")
    plain = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"%s"}}]}\r\n\r\n'
    data = plain % json.dumps(text, ensure_ascii=False).encode()[1:-1].replace(b"\x0b", b"") + data
    server.answers += [
        (send(HEAD), split(b"".join(chunk(data[at : at + 1]) for at in range(len(data))), 3), send(b"0\r\n\r\n"))
    ]
    async with watched(server, max_retries=0) as ai, ai.stream("openai:m", "hi") as stream:
        assert (await stream.collect()).text == text + text


@scenario("S06")
@pytest.mark.sockets
async def test_a_line_without_an_end_is_refused_within_the_cap(server: FaultServer) -> None:
    """A gigabyte is on its way; 16 MiB are read, and held at most about twice."""
    server.answers += [(send(HEAD), send(chunk(event("x"))), repeat(chunk(b"data: " + b"x" * 65_530), 16_384))]
    async with watched(server, max_retries=0, max_response_bytes=2**31) as ai:
        tracemalloc.start()
        try:
            with pytest.raises(ResponseTooLargeError):
                async with ai.stream("openai:m", "hi") as stream:
                    await stream.collect()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 48 * 2**20


@scenario("S07")
async def test_comments_without_end_take_no_memory() -> None:
    """Two hundred thousand, before the first token and after it: nothing of them is kept."""
    many = b": ping\n\n" * 20_000
    server = VirtualServer(streams(*[many] * 5, event("a"), *[many] * 5, DONE))
    async with watched(server, max_retries=0) as ai:
        tracemalloc.start()
        try:
            async with ai.stream("openai:m", "hi") as stream:
                assert (await stream.collect()).text == "a"
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 24 * len(many)


ENDS: dict[str, Script] = {
    "reset": (reset(),),
    "no last chunk": (close(),),
    "cut": (cut(),),
    "bad chunk": (send(b"zz\r\n"), close()),
}


@scenario("S09")
@pytest.mark.sockets
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("tokens", [0, 1, 5])
async def test_a_connection_that_breaks_after_some_tokens(server: FaultServer, end: str, tokens: int) -> None:
    """After none the call is tried again; after some it is an error with these, and the server hears no second call."""
    parts = [event(str(number)) for number in range(tokens)]
    server.answers += [flow(*parts, end=(sleep(0.01), *ENDS[end])), flow(event("again"), DONE)]
    async with watched(server, max_retries=1, initial_retry_delay=0) as ai:
        if not tokens:
            async with ai.stream("openai:m", "hi") as stream:
                assert (await stream.collect()).text == "again"
            return
        with pytest.raises(StreamIncompleteError) as caught:
            async with ai.stream("openai:m", "hi") as stream:
                await stream.collect()
        assert caught.value.partial is not None
        assert caught.value.partial.text == "".join(map(str, range(tokens)))
        assert len(server.requests) == 1


@scenario("S14")
@pytest.mark.parametrize("between", [[], [1.0, b": ping\n\n"] * 500])
async def test_silence_and_heartbeats_do_not_outlast_the_deadline(between: list[Any]) -> None:
    """A token, then nothing but comments: the deadline ends it in the phase total, with what came."""
    server = VirtualServer(streams(event("a"), *between, 10_000.0))
    async with watched(server, timeout=60, max_retries=0) as ai:
        async with ai.stream("openai:m", "hi") as stream:
            with pytest.raises(RequestTimeoutError) as caught:
                await stream.collect()
            assert stream.partial.text == "a"
        assert (caught.value.phase, asyncio.get_running_loop().time()) == ("total", 60.0)


@scenario("S16", "Q17")
async def test_a_reader_who_pauses_keeps_its_permit_and_is_blamed_for_nothing() -> None:
    """A minute's pause: the stream goes on where it was; the next call waited for it to end."""
    server = VirtualServer(streams(event("a"), event("b"), DONE))
    async with watched(server, max_concurrent_requests=1, max_retries=0) as ai:
        async with ai.stream("openai:m", "hi") as stream:
            await anext(stream)
            waiting = asyncio.ensure_future(ai.chat("openai:m", "next"))
            await asyncio.sleep(60)
            assert not waiting.done()
            assert (await stream.collect()).text == "ab"
        await waiting
        assert server.times == [0.0, 60.0]


@scenario("S16")
@pytest.mark.sockets
async def test_a_reader_who_pauses_holds_the_server_up_and_not_our_memory(server: FaultServer) -> None:
    """The server has far more to say than is read: it has to wait, as the socket's buffers are all there is."""
    one = chunk(event("x" * 65_000))
    said: list[int] = []

    async def talk(wire: Any) -> None:
        for number in range(2_000):
            wire.writer.write(one)
            await wire.writer.drain()
            said.append(number)

    server.answers += [(send(HEAD), talk)]
    async with (
        watched(server, max_retries=0, max_response_bytes=2**30) as ai,
        ai.stream("openai:m", "hi") as stream,
    ):
        await anext(stream)
        before = -1
        while before != len(said):  # until the buffers of both sides are full
            before = len(said)
            await asyncio.sleep(0.05)
        assert before < 400


@scenario("S17")
@pytest.mark.sockets
@pytest.mark.parametrize("how", ["break", "raise", "cancel"])
async def test_a_reader_who_leaves_frees_permit_and_connection_at_once(server: FaultServer, how: str) -> None:
    """By break, by an exception of its own or by cancellation: the next call goes out in the same step."""
    server.always = flow(event("a"), event("b"), end=(hang(),))
    async with watched(server, max_concurrent_requests=1, max_retries=0) as ai:

        async def read() -> None:
            async with ai.stream("openai:m", "hi") as stream:
                async for _ in stream:
                    if how == "break":
                        break
                    if how == "raise":
                        raise LookupError
                    entered.set()
                    await asyncio.Event().wait()

        for _ in range(3):
            entered = asyncio.Event()
            task = asyncio.ensure_future(read())
            if how == "cancel":
                await entered.wait()
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert ai.report()["queue"]["active_requests"] == 0
        for _ in range(500):
            if not server.open:
                break
            await asyncio.sleep(0.002)
        assert server.open == 0


@scenario("S18")
async def test_two_readers_and_a_late_one() -> None:
    """The second reader is refused and the first goes on; a closed stream is refused to all."""
    server = VirtualServer(streams(event("a"), 1.0, event("b"), DONE))
    async with watched(server, max_retries=0) as ai:
        async with ai.stream("openai:m", "hi") as stream:
            await anext(stream)
            first = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            with pytest.raises(InvalidRequestError, match="another task"):
                await anext(stream)
            assert (await first).text == "b"
        with pytest.raises(InvalidRequestError, match="closed"):
            await anext(stream)


def counted(**counts: int) -> bytes:
    """An event with token counts alone."""
    return b"data: " + json.dumps({"id": "c", "model": "m", "choices": [], "usage": counts}).encode() + b"\n\n"


USAGE: dict[str, tuple[list[bytes], int]] = {
    "absent": ([], 0),
    "late": ([counted(prompt_tokens=3, completion_tokens=4, total_tokens=7)], 7),
    "doubled": ([counted(prompt_tokens=3, completion_tokens=4, total_tokens=7)] * 2, 7),
}


@scenario("S19")
@pytest.mark.parametrize("when", USAGE)
async def test_tokens_are_counted_once(when: str) -> None:
    """Absent they are none; late or doubled they are counted once, in the reply and in the report."""
    events, total = USAGE[when]
    async with watched(VirtualServer(streams(event("a"), *events, DONE)), max_retries=0) as ai:
        async with ai.stream("openai:m", "hi") as stream:
            reply = await stream.collect()
        assert reply.usage.total_tokens == total
        assert ai.report()["token_counts"]["total"] == total
