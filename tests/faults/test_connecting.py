"""Group C: no connection, a lost one, one too many."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import threading
from typing import Any

import pytest

from ipfs_accel_async.errors import (
    ConnectError,
    InterruptedCallError,
    RequestTimeoutError,
)
from tests.faults.http import GOOD, answer
from tests.faults.scenarios import scenario
from tests.faults.script import close, drip, hang, reset, send, sleep
from tests.faults.server import FaultServer
from tests.faults.watching import FAST, PATIENT, watched

pytestmark = pytest.mark.sockets


class Nobody:
    """An address where nobody listens: the port is bound, so nobody else can."""

    def __init__(self) -> None:
        self.held = socket.socket()
        self.held.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.held.getsockname()[1]}"


@scenario("C01")
async def test_a_closed_port_is_tried_again_and_counts_each_time() -> None:
    """Three attempts, each a failure of the endpoint: a breaker with that threshold is open afterwards."""
    nobody = Nobody()
    with nobody.held:
        async with watched(nobody, max_retries=2, failure_threshold=3, **FAST) as ai:
            with pytest.raises(ConnectError) as caught:
                await ai.chat("openai:m", "hi")
            assert (caught.value.phase, caught.value.attempts, caught.value.retryable) == ("connect", 3, True)
            assert ai.report()["circuit_breaker"]["state"] == "open"


@scenario("C02")
async def test_a_connection_that_is_never_completed_ends_at_the_connect_timeout() -> None:
    """The backlog is full, so that the handshake gets no answer: the connect timeout ends it, not the deadline."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        nobody = Nobody()
        nobody.held.close()
        nobody.url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        try:
            await asyncio.sleep(0.01)
            async with watched(nobody, max_retries=0, connect_timeout=0.1) as ai:
                started = asyncio.get_running_loop().time()
                with pytest.raises(RequestTimeoutError) as caught:
                    await ai.chat("openai:m", "hi")
                assert caught.value.phase == "connect"
                assert 0.09 <= asyncio.get_running_loop().time() - started < 5
        finally:
            for filler in fillers:
                filler.close()


@scenario("C03")
async def test_a_name_that_does_not_exist_blames_no_key() -> None:
    """A ConnectError after one more try, not after all that there are; no key is put aside."""
    nowhere = Nobody()
    nowhere.held.close()
    nowhere.url = "http://nobody.invalid"
    async with watched(nowhere, keys={"openai": ["sk-one", "sk-two"]}, **PATIENT, **FAST) as ai:
        for _ in range(4):
            with pytest.raises(ConnectError, match="looked up") as caught:
                await ai.chat("openai:m", "hi")
            assert (caught.value.phase, caught.value.attempts, caught.value.code) == ("connect", 2, "dns")
        assert "not found twice" in str(ai.explain(caught.value))


@scenario("C04")
async def test_a_name_that_hangs_holds_up_nobody_else(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty calls whose name hangs in the system's resolver end at their deadline; other names are looked up."""
    woken, plain = threading.Event(), socket.getaddrinfo

    def hanging(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "slow.localhost":
            woken.wait(30)
        return plain("127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    urls = {"openai": f"http://quick.localhost:{server.port}/v1", "groq": "http://slow.localhost:9/v1"}
    keys = dict.fromkeys(urls, "sk-test")
    options: dict[str, Any] = {"max_concurrent_requests": 50, "max_retries": 0, "base_urls": urls, "keys": keys}
    async with watched(server, **options) as ai:
        hung = [asyncio.ensure_future(ai.chat("groq:m", "hi", timeout=0.15)) for _ in range(50)]
        await asyncio.sleep(0.02)
        assert (await ai.chat("openai:m", "hi", timeout=30)).text == "hello"
        ends = await asyncio.gather(*hung, return_exceptions=True)
        assert {type(end) for end in ends} == {RequestTimeoutError}
        assert {end.phase for end in ends if isinstance(end, RequestTimeoutError)} == {"connect"}
        woken.set()


@scenario("C05")
async def test_the_other_address_answers(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two addresses of a name the first refuses: the call succeeds on the second, in one attempt."""
    loop = asyncio.get_running_loop()

    async def both(host: Any, port: Any, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(loop, "getaddrinfo", both)
    urls = {"openai": f"http://both.localhost:{server.port}/v1"}
    async with watched(server, max_retries=0, base_urls=urls) as ai:
        reply = await ai.chat("openai:m", "hi")
        assert (reply.text, reply.attempts) == ("hello", 1)


@scenario("C06")
@pytest.mark.parametrize("how", [reset, close])
async def test_a_connection_that_is_dropped_when_it_is_made(how: Any) -> None:
    """No request was answered; the second attempt is the one result."""
    async with FaultServer(greetings=((how(),),)) as server, watched(server, max_retries=1, **FAST) as ai:
        reply = await ai.chat("openai:m", "hi")
        assert (reply.text, reply.attempts) == ("hello", 2)
        assert len(server.requests) == 1


@scenario("C07")
async def test_a_connection_that_was_closed_while_idle_is_not_used(server: FaultServer) -> None:
    """The server closes after its answer: the next call goes over a new connection, in one attempt."""
    server.answers += [(*GOOD, close())]
    async with watched(server, max_retries=0) as ai:
        await ai.chat("openai:m", "hi")
        for _ in range(500):
            if not server.open:
                break
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.01)
        reply = await ai.chat("openai:m", "hi")
        assert (reply.attempts, server.accepted) == (1, 2)


@scenario("C08")
@pytest.mark.parametrize("how", [reset, close])
async def test_what_may_have_been_done_is_not_done_twice(server: FaultServer, how: Any) -> None:
    """A POST that is not known to be harmless was on its way when the connection went: it is sent once."""
    server.answers += [GOOD, (how(),)]
    async with watched(server, max_retries=3, **FAST) as ai:
        await ai.request("openai", "POST", "/things", json={})
        with pytest.raises(InterruptedCallError) as caught:
            await ai.request("openai", "POST", "/things", json={})
        assert caught.value.attempts == 1
        assert len(server.requests) == 2


@scenario("C09")
async def test_no_descriptors_left_is_our_own_trouble(server: FaultServer) -> None:
    """An error that says so, no failure of the endpoint; when one is free the next call goes through."""
    async with watched(server, max_retries=0, failure_threshold=1) as ai:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.open(os.devnull, os.O_RDONLY)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        try:
            os.close(lowest)
            with pytest.raises(ConnectError, match="file descriptors") as caught:
                await ai.chat("openai:m", "hi")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert caught.value.retryable
        assert ai.report()["circuit_breaker"]["state"] == "closed"
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("C10")
async def test_a_call_beyond_the_cap_waits_in_our_queue(server: FaultServer) -> None:
    """A hundred streams hold every permit and connection; the next call's time is up in the queue, unsent."""
    event = b'data: {"choices":[{"index":0,"delta":{"content":"x"}}],"model":"m"}\n\n'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    server.always = (send(head + b"%x\r\n%s\r\n" % (len(event), event)), hang())
    async with watched(server, max_concurrent_requests=100, max_retries=0) as ai:

        async def reader() -> None:
            async with ai.stream("openai:m", "hi") as stream:
                await anext(stream)
                held.release()
                await done.wait()

        held, done = asyncio.Semaphore(0), asyncio.Event()
        readers = [asyncio.ensure_future(reader()) for _ in range(100)]
        for _ in readers:
            await held.acquire()
        with pytest.raises(TimeoutError) as caught:
            await ai.chat("openai:m", "hi", timeout=0.02)
        assert (caught.value.phase, len(server.requests)) == ("queue", 100)  # type: ignore[attr-defined]
        done.set()
        await asyncio.gather(*readers)


@scenario("C13")
async def test_an_endpoint_that_comes_and_goes(server: FaultServer) -> None:
    """Down and up three times: each call has one result, and a connection is made anew when it is back."""
    async with watched(server, max_retries=0, **PATIENT) as ai:
        for _ in range(3):
            assert (await ai.chat("openai:m", "hi")).text == "hello"
            await server.down()
            for _ in range(3):
                with pytest.raises((ConnectError, InterruptedCallError)):
                    await ai.chat("openai:m", "hi")
            await server.up()
        assert len(server.requests) == 3
        report = ai.report()
        assert (report["total_requests"], report["errors"]["total_errors"]) == (12, 9)


@scenario("C06", "C13")
async def test_a_slow_server_is_no_broken_one(server: FaultServer) -> None:
    """An answer that drips in is read whole: slowness alone is no fault."""
    server.answers += [(sleep(0.02), drip(answer(), every=0, size=7))]
    async with watched(server, max_retries=0) as ai:
        assert (await ai.chat("openai:m", "hi")).text == "hello"
