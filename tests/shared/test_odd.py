"""A Redis that is down, slow or odd: calls go on in time, and rightly."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from ipfs_accel_async import Client
from ipfs_accel_async.shared import Redis
from ipfs_accel_async.shared.link import DownError, Link
from ipfs_accel_async.transport.mock import MockTransport
from tests.shared.resp import Odd
from tests.shared.test_shared import MODEL, Service, client, until

if TYPE_CHECKING:
    from tests.shared.conftest import Server

pytestmark = pytest.mark.sockets
BOX = 0.05
SLACK = 0.5
"""Seconds that this machine may be late, over several calls."""

ODD = {
    "wrong type": b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    "a replica": b"-READONLY You can't write against a read only replica.\r\n",
    "full": b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "a cluster": b"-MOVED 3999 127.0.0.1:6381\r\n",
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "script killed": b"-ERR Error running script: Script killed by user with SCRIPT KILL...\r\n",
    "busy with a script": b"-BUSY Redis is busy running a script.\r\n",
    "no script, again and again": b"-NOSCRIPT No matching script.\r\n",
    "no protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "another answer": b"$5\r\nhello\r\n",
    "numbers that are none": b"*3\r\n$3\r\nabc\r\n$1\r\n\xff\r\n$3\r\nnan\r\n",
    "too few": b"*1\r\n$1\r\n1\r\n",
    "nothing": b"_\r\n",
    "it hangs up": None,
}


def sharing(service: Service, url: str, box: float = 5.0, **options: Any) -> Client:
    """A client that shares on this, with so many seconds for each of its answers."""
    return Client(
        keys={"openai": "sk-a"},
        transport=MockTransport(service),
        shared=Redis(url, timeout=box),
        max_retries=0,
        timeout=20.0,
        **{"cache": "on", "rpm": 60_000, **options},
    )


async def asked(ai: Client, service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Twenty calls, one after the other, all in time and answered rightly; said once, without the password."""
    loop = asyncio.get_running_loop()
    with caplog.at_level(logging.WARNING, logger="ipfs_accel_async"):
        begun = loop.time()
        for number in range(20):
            assert (await ai.chat(MODEL, f"Hello {number}")).text == "Yes."
        assert loop.time() - begun < BOX + SLACK
    assert service.count == 20
    said = [record.getMessage() for record in caplog.records]
    assert sum("shared state is down" in message for message in said) == 1
    assert "secret" not in " ".join(said)


@pytest.mark.parametrize("kind", ODD)
async def test_what_redis_answers_oddly_is_done_without(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Errors, answers of another kind and garbage: each call is answered, and one warning says so."""
    service = Service()
    async with Odd(ODD[kind]) as odd, sharing(service, odd.url) as ai:
        await asked(ai, service, caplog)
        await until(lambda: odd.asked)


async def test_a_slow_redis_costs_a_call_its_box(caplog: pytest.LogCaptureFixture) -> None:
    """A Redis that takes five seconds is waited for once, for the time of its box, and not at all by later calls."""
    service = Service()
    async with Odd(b"_\r\n", seconds=5.0, alive=False) as odd, sharing(service, odd.url, BOX) as ai:
        await asked(ai, service, caplog)
        assert len(odd.asked) <= 4


async def test_a_redis_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody listens: as when it is slow."""
    service = Service()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with sharing(service, f"redis://:secret@127.0.0.1:{nobody.getsockname()[1]}/0") as ai:
            await asked(ai, service, caplog)


async def test_one_that_hangs_does_not_keep_a_client_from_closing() -> None:
    """A close takes no longer than the second that it has for Redis, a second one nothing; no task is left."""
    service = Service()
    async with Odd(b"_\r\n", seconds=60.0) as odd:
        before = asyncio.all_tasks()
        ai = Client(
            keys={"openai": "sk-a"}, transport=MockTransport(service), shared=Redis(odd.url, timeout=10.0), rpm=60
        )
        ai._engine.runtime()
        loop = asyncio.get_running_loop()
        await until(lambda: odd.asked)
        begun = loop.time()
        await ai.aclose()
        await ai.aclose()
        assert loop.time() - begun < 1 + 1 + SLACK
        served = {task for task in asyncio.all_tasks() - before if "_serve" in repr(task)}
        assert asyncio.all_tasks() - before == served


async def test_without_redis_calls_go_on_and_it_is_said_once(redis: Server, caplog: pytest.LogCaptureFixture) -> None:
    """While Redis is down nothing is lost and little is waited; one warning, without the password; it comes back."""
    service = Service()
    async with client(redis, service, shared=Redis(redis.url, timeout=0.05), cache="on", rpm=60_000) as ai:
        await ai.chat(MODEL, "Hello")
        redis.stop()
        with caplog.at_level(logging.WARNING, logger="ipfs_accel_async"):
            for number in range(40):
                assert (await ai.chat(MODEL, f"Hello {number}")).text == "Yes."
        assert sum("shared state is down" in record.message for record in caplog.records) == 1
        redis.start()
        link = ai._engine._home.link
        assert link is not None
        await until(lambda: not link.down)
        before = service.count
        await ai.chat(MODEL, "Back?")
        await ai.chat(MODEL, "Back?")
        assert service.count == before + 1


async def test_a_redis_that_is_not_there_from_the_start(redis: Server) -> None:
    """A client works without it from its first call on, under its own share of the limit."""
    redis.stop()
    service = Service()
    async with client(redis, service, rpm=6_000) as ai:
        await asyncio.gather(*(ai.chat(MODEL, str(number)) for number in range(5)))
        assert service.count == 5


async def test_scripts_that_were_flushed_are_loaded_again(redis: Server) -> None:
    """SCRIPT FLUSH in the middle of it is not noticed."""
    service = Service()
    async with sharing(service, redis.url) as ai:
        await ai.chat(MODEL, "Hello")
        link = ai._engine._home.link
        assert link is not None
        await link.command("SCRIPT", "FLUSH")
        await ai.chat(MODEL, "Hello again")
        await ai.chat(MODEL, "Hello again")
        assert (service.count, link.down) == (2, False)


@pytest.mark.parametrize(
    "value", [b"", b"\x80\x04.", b"\xff" * 8, bytes(4_096), b"\x7f\xf8" + bytes(30), b"ipfs-accel/2\n" + bytes(64)]
)
async def test_what_others_left_under_a_key_is_a_miss(redis: Server, value: bytes) -> None:
    """Foreign, cut and pickled values: the service is asked."""
    service = Service()
    async with sharing(service, redis.url) as ai:
        await ai.chat(MODEL, "Hello")
        link = ai._engine._home.link
        assert link is not None
        for name in await link.command("KEYS", "*:answer:*"):
            await link.command("SET", name, value, "KEEPTTL")
        reply = await ai.chat(MODEL, "Hello")
        assert (reply.text, reply.cached, service.count, link.down) == ("Yes.", False, 2, False)


async def test_who_cancels_is_cancelled() -> None:
    """A call that waits for Redis ends at once when it is cancelled, whatever the library does with that."""
    async with Odd(b"_\r\n", seconds=60.0) as odd:
        link = Link(Redis(odd.url, timeout=10.0), "me")
        task = asyncio.ensure_future(link.command("GET", "a"))
        await until(lambda: odd.asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not link.down
        await link.aclose()


async def test_nothing_is_asked_of_one_that_is_down() -> None:
    """Until a ping succeeds every use fails at once."""
    async with Odd(b"-ERR no\r\n") as odd:
        link = Link(Redis(odd.url, timeout=5.0), "me")
        for _ in range(3):
            with pytest.raises(DownError):
                await link.command("GET", "a")
        assert odd.asked == [b"GET"]
        assert await link.ping()
        with pytest.raises(DownError):
            await link.command("GET", "a")
        assert odd.asked == [b"GET", b"GET"]
        await link.aclose()


async def test_a_loop_that_was_held_up_is_not_redis_being_down(redis: Server) -> None:
    """An answer that came while this process did something else for longer than the box counts."""
    box = 0.25
    link = Link(Redis(redis.url, timeout=box), "me")
    assert await link.ping()
    loop = asyncio.get_running_loop()
    for _ in range(3):
        loop.call_soon(time.sleep, 2 * box)  # what holds the loop up
        assert await link.command("SET", "a", "b")
    assert not link.down
    await link.aclose()
