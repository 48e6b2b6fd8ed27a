"""The virtual-time loop and the walls around the tests."""

from __future__ import annotations

import asyncio
import os
import pathlib
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.virtual_loop import VirtualLoop


def run(coroutine):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


async def test_an_hour_passes_at_once_and_exactly():
    """Sleeping moves the loop's clock by exactly the time asked for, without real waiting."""
    loop, began = asyncio.get_running_loop(), time.monotonic()
    assert isinstance(loop, VirtualLoop)
    await asyncio.sleep(3600)
    assert loop.time() == 3600.0
    await asyncio.sleep(1e9)
    assert loop.time() == 1e9 + 3600
    assert time.monotonic() - began < 5


async def test_timers_fire_in_order_of_their_time():
    """Ten thousand concurrent sleeps wake in the order of their due times."""
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await asyncio.sleep(seconds)
        woken.append(seconds)

    async with asyncio.TaskGroup() as group:
        for seconds in reversed(range(1, 10_001)):
            group.create_task(sleeper(seconds))
    assert woken == list(range(1, 10_001))
    assert asyncio.get_running_loop().time() == 10_000


async def test_cancelled_timers_do_not_move_the_clock():
    """A timer that was cancelled is passed over."""
    loop = asyncio.get_running_loop()
    for seconds in (1, 2, 500):
        loop.call_later(seconds, pytest.fail).cancel()
    await asyncio.sleep(3)
    assert loop.time() == 3


async def test_timeout_ends_a_wait_at_its_deadline():
    """asyncio.timeout works on virtual time."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(60):
            await asyncio.Event().wait()
    assert asyncio.get_running_loop().time() == 60


async def test_the_clock_waits_for_threads():
    """A job in the executor finishes before any timer fires."""
    release = threading.Event()
    loop = asyncio.get_running_loop()
    loop.call_soon(release.set)
    async with asyncio.timeout(10):
        assert await asyncio.to_thread(release.wait, 20)
    assert loop.time() == 0


async def test_advance_models_a_busy_callback():
    """Advancing the clock by hand makes timers due, and never turns it back."""
    loop = asyncio.get_running_loop()
    loop.advance(5)
    await asyncio.sleep(0)
    assert loop.time() == 5
    with pytest.raises(ValueError, match="backwards"):
        loop.advance(-1)


def test_a_deadlock_is_an_error_not_a_hang():
    """Waiting for something that nobody can ever set raises at once."""

    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match=r"^deadlock:"):
        run(wait_for_ever())


def test_a_deadlock_with_a_cancelled_timer_is_an_error_too():
    """A cancelled timer does not hide a deadlock."""

    async def wait_for_ever() -> None:
        asyncio.get_running_loop().call_later(5, print).cancel()
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match=r"^deadlock:"):
        run(wait_for_ever())


@given(
    st.lists(
        st.floats(0, 1e7, allow_nan=False).filter(lambda delay: delay == 0 or delay > 1e-9), min_size=1, max_size=30
    )
)
def test_the_run_ends_at_the_latest_timer(delays):
    """Whatever the delays (the loop knows none below a nanosecond), the clock ends at the longest of them."""

    async def main() -> float:
        await asyncio.gather(*(asyncio.sleep(delay) for delay in delays))
        return asyncio.get_running_loop().time()

    assert run(main()) == max(delays)


@pytest.mark.sockets
async def test_socket_tests_get_the_ordinary_loop():
    """Real loopback connections work under the sockets marker."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    assert not isinstance(asyncio.get_running_loop(), VirtualLoop)
    server = await asyncio.start_server(echo, "localhost", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"ping\n")
        assert await reader.readline() == b"ping\n"
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("connect", ["connect", "connect_ex"])
def test_connecting_beyond_loopback_is_refused(connect):
    """No test can reach another machine by accident."""
    with socket.socket() as sock, pytest.raises(RuntimeError, match="loopback only"):
        getattr(sock, connect)(("192.0.2.1", 80))


def test_names_are_not_looked_up():
    """Looking a real name up is refused, and a name under .invalid fails the way DNS does."""
    with pytest.raises(RuntimeError, match="loopback only"):
        socket.getaddrinfo("example.com", 80)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("host.invalid", 80)
    assert socket.getaddrinfo("localhost", 80)


def test_home_and_keys_are_not_the_machine_s(tmp_path):
    """The home directory is the test's own, and no provider variable is set."""
    assert pathlib.Path.home() == tmp_path
    assert not [name for name in os.environ if name.startswith(("OPENAI_", "ANTHROPIC_", "OLLAMA_"))]
