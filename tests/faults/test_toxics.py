"""The fault server and the proxy are faulty in the ways they say, and the client holds behind each of them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from ipfs_accel_async.errors import AccelError, ConnectError, InterruptedCallError, RequestTimeoutError
from tests.faults import proxy
from tests.faults.http import answer
from tests.faults.proxy import Proxy
from tests.faults.scenarios import scenario
from tests.faults.script import close, drip, half_close, reset, send, sleep
from tests.faults.server import FaultServer
from tests.faults.watching import PATIENT, watched

pytestmark = pytest.mark.sockets


async def raw_end(script: Any) -> tuple[bytes, str]:
    """What a bare client gets of a script: the bytes, and how they end."""
    async with FaultServer(script) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        got = b""
        try:
            while data := await reader.read(100):
                got += data
            return got, "end"
        except ConnectionResetError:
            return got, "reset"
        finally:
            writer.close()


async def test_steps_do_what_they_say() -> None:
    """Bytes arrive, and the connection ends as the script ends it."""
    assert await raw_end((send(b"abc"), close())) == (b"abc", "end")
    assert await raw_end((drip(b"abc", every=0.001), close())) == (b"abc", "end")
    assert await raw_end((send(b"abc"), half_close())) == (b"abc", "end")
    assert (await raw_end((sleep(0.01), reset())))[1] == "reset"


async def test_the_server_goes_down_and_comes_back_on_its_port(server: FaultServer) -> None:
    """Down it refuses; up it is at the same address."""
    port = server.port
    await server.down()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await server.up()
    assert server.port == port


SLOW: dict[str, tuple[proxy.Toxic, float]] = {
    "latency": (proxy.latency(0.05, 0.01, random.Random(1)), 0.04),
    "bandwidth": (proxy.bandwidth(5_000), 0.05),
    "slicer": (proxy.slicer(100, 0.01), 0.02),
    "slow_close": (proxy.slow_close(0.05), 0.0),
}


@scenario("B02")
@pytest.mark.parametrize("toxic", SLOW)
async def test_slow_is_not_broken(server: FaultServer, toxic: str) -> None:
    """Late, thin, sliced or slow to close: the answer comes, in one attempt, no sooner than it could."""
    made, least = SLOW[toxic]
    async with Proxy(server.url) as through:
        through.downstream = [made]
        async with watched(through, max_retries=0) as ai:
            began = asyncio.get_running_loop().time()
            assert (await ai.chat("openai:m", "hi")).text == "hello"
            assert asyncio.get_running_loop().time() - began >= least


BROKEN: dict[str, tuple[proxy.Toxic, type[AccelError]]] = {
    "black hole": (proxy.timeout(), RequestTimeoutError),
    "timeout": (proxy.timeout(0.02), InterruptedCallError),
    "reset_peer": (proxy.reset_peer(), InterruptedCallError),
    "limit_data in the head": (proxy.limit_data(10), InterruptedCallError),
    "limit_data in the body": (proxy.limit_data(len(answer()) - 1), InterruptedCallError),
    "no data": (proxy.limit_data(0), InterruptedCallError),
}


@scenario("B01", "B03")
@pytest.mark.parametrize("toxic", BROKEN)
async def test_broken_is_typed_and_mended_by_the_next_attempt(server: FaultServer, toxic: str) -> None:
    """A typed error; when the toxic is gone, so is the fault."""
    made, kind = BROKEN[toxic]
    async with Proxy(server.url) as through, watched(through, max_retries=0) as ai:
        through.downstream = [made]
        with pytest.raises(kind):
            await ai.chat("openai:m", "hi", timeout=0.2 if kind is RequestTimeoutError else 30)
        through.downstream = []
        assert (await ai.chat("openai:m", "hi")).text == "hello"


async def test_all_of_the_bytes_is_not_too_few(server: FaultServer) -> None:
    """A limit of exactly the answer lets it pass."""
    async with Proxy(server.url) as through:
        through.downstream = [proxy.limit_data(len(answer()))]
        async with watched(through, max_retries=0) as ai:
            assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("C01", "C13")
async def test_down_and_up_again(server: FaultServer) -> None:
    """Down it is a ConnectError (or a cut, for a call on a kept connection); up again it answers."""
    async with Proxy(server.url) as through, watched(through, max_retries=0, **PATIENT) as ai:
        assert (await ai.chat("openai:m", "hi")).text == "hello"
        await through.down()
        with pytest.raises((ConnectError, InterruptedCallError)):
            await ai.chat("openai:m", "hi")
        await through.up()
        assert (await ai.chat("openai:m", "hi")).text == "hello"


@scenario("B01", "B02", "C13")
async def test_a_thousand_calls_of_which_some_meet_a_fault() -> None:
    """Every tenth answer is cut, reset, refused or slow; every call ends, and the ledger is exact."""
    rng = random.Random(11)
    faults: list[Any] = [
        (reset(),),
        (close(),),
        (send(answer()[:-9]), close()),
        (send(b"nonsense\r\n\r\n"), close()),
        (send(answer({"error": {"message": "busy"}}, status=503)),),
        (sleep(0.01), send(answer())),
    ]
    good = (send(answer()),)
    ends: Counter[str] = Counter()
    async with (
        FaultServer(*[rng.choice(faults) if rng.random() < 0.1 else good for _ in range(1_100)]) as server,
        watched(server, initial_retry_delay=0, max_retries=3, max_concurrent_requests=20, **PATIENT) as ai,
    ):

        async def worker() -> None:
            for _ in range(50):
                try:
                    ends[(await ai.chat("openai:m", "hi")).text] += 1
                except AccelError as error:
                    ends[type(error).__name__] += 1

        await asyncio.gather(*(worker() for _ in range(20)))
    assert ends.total() == 1_000
    assert ends["hello"] >= 990
