"""Group B, second part: HTTP that is none, floods, redirects, bombs, and answers that come too late."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest

from ipfs_accel_async.errors import (
    AccelError,
    DecodeError,
    ProtocolError,
    ResponseTooLargeError,
    TransportError,
    UnexpectedRedirectError,
)
from tests.answering import completion
from tests.faults import http
from tests.faults.http import BODY, answer, encoded, zipped
from tests.faults.scenarios import scenario
from tests.faults.script import close, hang, send, sleep
from tests.faults.server import FaultServer
from tests.faults.watching import watched

pytestmark = pytest.mark.sockets
CAP = 2**20


@scenario("B08")
@pytest.mark.parametrize("flood", http.HEADER_FLOODS)
async def test_a_flood_of_headers_is_refused_in_bounded_memory(flood: str) -> None:
    """A typed error (or headers that nobody asked about), with no more memory than a few caps."""
    async with (
        FaultServer((send(http.HEADER_FLOODS[flood]), close())) as server,
        watched(server, max_retries=0, timeout=30) as ai,
    ):
        tracemalloc.start()
        try:
            with pytest.raises(AccelError):
                await ai.chat("openai:m", "hi")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 16 * 2**20
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("B09")
@pytest.mark.parametrize("line", http.STATUS_LINES)
async def test_a_status_line_that_is_none(line: str) -> None:
    """A typed error, and the next call is answered on another connection."""
    async with FaultServer((send(http.STATUS_LINES[line]), close())) as server, watched(server, max_retries=0) as ai:
        with pytest.raises((TransportError, ProtocolError)):
            await ai.chat("openai:m", "hi")
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        assert server.accepted == 2


@scenario("B10")
async def test_nobody_gets_the_answer_of_a_cancelled_call(server: FaultServer) -> None:
    """Calls cancelled at random turns beside calls that go on: every answer is the one of its own question."""

    def echo(words: str) -> dict[str, Any]:
        return completion(words)

    class Echo(FaultServer):
        """Answers with the question."""

        @property
        def always(self) -> Any:
            asked = json.loads(self.requests[-1].body)["messages"][0]["content"]
            return (sleep(0), send(answer(echo(asked))))

        @always.setter
        def always(self, script: Any) -> None:
            """Nothing else is said."""

    async with (
        Echo() as echoing,
        watched(echoing, max_concurrent_requests=10, queue_size=1_000, max_retries=0) as ai,
    ):
        wrong = []
        for turn in range(60):
            asked = [f"{turn}-{number}" for number in range(20)]
            tasks = [asyncio.ensure_future(ai.chat("openai:m", words)) for words in asked]
            for _ in range(turn % 23):
                await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            wrong += [
                end
                for words, end in zip(asked, ends, strict=True)
                if not isinstance(end, asyncio.CancelledError) and getattr(end, "text", end) != words
            ]
        assert wrong == []


PLACES = [
    "{here}/elsewhere",
    "/elsewhere",
    "elsewhere",
    "{other}/steal",
    "//127.0.0.1:{port}/steal",
    "http://ok@127.0.0.1:{port}/steal",
    "file:///etc/passwd",
]


@scenario("B13")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_never_followed(server: FaultServer, status: int) -> None:
    """To this host, another, over another scheme or in another's name: an error, and nothing arrives there."""
    async with FaultServer() as other, watched(server, max_retries=3) as ai:
        for place in PLACES:
            where = place.format(here=server.url, other=other.url, port=other.port)
            server.answers += [(send(answer(b"", f"location: {where}", status=status)),)]
            with pytest.raises(UnexpectedRedirectError) as caught:
                await ai.chat("openai:m", "hi")
            assert caught.value.attempts == 1
        assert (len(server.requests), other.accepted) == (len(PLACES), 0)
        assert ai.report()["circuit_breaker"]["state"] == "closed"


BOMBS = {
    "gzip": (zipped(64 * CAP), "gzip"),
    "deflate": (zlib.compress(bytes(64 * CAP)), "deflate"),
    "many members": (gzip.compress(bytes(CAP // 4)) * 256, "gzip"),
    "plain": (bytes(2 * CAP), "identity"),
}


@scenario("B14")
@pytest.mark.parametrize("bomb", BOMBS)
async def test_a_bomb_is_refused_within_the_cap(bomb: str) -> None:
    """ResponseTooLargeError; no more memory than the cap and a little."""
    body, encoding = BOMBS[bomb]
    async with (
        FaultServer(encoded(body, encoding)) as server,
        watched(server, max_retries=0, max_response_bytes=CAP, frames=False) as ai,
    ):
        tracemalloc.start()
        try:
            with pytest.raises(ResponseTooLargeError):
                await ai.chat("openai:m", "hi")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 4 * CAP + len(body) * 3
        assert (await ai.chat("openai:m", "hi")).text == "hello"


ENCODINGS = {
    "cut off": (gzip.compress(BODY)[:-12], "gzip"),
    "damaged": (gzip.compress(BODY)[:30] + b"\0" * 40, "gzip"),
    "another than it says": (BODY, "gzip"),
    "twice": (gzip.compress(gzip.compress(BODY)), "gzip"),
    "a list of two": (gzip.compress(gzip.compress(BODY)), "gzip, gzip"),
    "brotli": (b"\x0b\x02\x80hello\x03", "br"),
    "zstandard": (b"\x28\xb5\x2f\xfd\x04\x00", "zstd"),
    "unknown": (BODY, "snappy"),
}


@scenario("B14")
@pytest.mark.parametrize("fault", ENCODINGS)
async def test_a_broken_encoding_is_a_decode_error(fault: str) -> None:
    """Damaged, nested, or one that nobody asked for: never bytes taken for text."""
    async with FaultServer(encoded(*ENCODINGS[fault])) as server, watched(server, max_retries=0) as ai:
        with pytest.raises(DecodeError):
            await ai.chat("openai:m", "hi")
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("B04", "B07")
async def test_bytes_behind_an_answer_are_not_the_next_one(server: FaultServer) -> None:
    """A second response nobody asked for, on the same connection: the next call gets its own."""
    stray = answer(completion("stray"))
    server.answers += [(send(answer() + stray), hang())]
    async with watched(server, max_retries=0, timeout=30) as ai:
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        await asyncio.sleep(0.01)
        assert (await ai.chat("openai:m", "hi")).text == "hello"
