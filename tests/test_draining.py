"""A process that is told to end: what is under way may finish, nothing new begins."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from ipfs_accel_async import Client, ConfigError, MockTransport
from tests.processes import run

pytestmark = pytest.mark.sockets

SERVICE = """
    async def main():
        stop = asyncio.Event()
        async with await a_client(max_concurrent_requests=2) as ai:
            ai.drain_on(signal.SIGTERM, grace={grace}, then=stop.set)
            calls = [asyncio.ensure_future(ai.chat("openai:m", f"{n} slow {seconds}")) for n in range(3)]
            await asked(ai, 2)
            await asyncio.sleep(0.1)
            print("ready", flush=True)
            await stop.wait()
            ends = await asyncio.gather(*calls, return_exceptions=True)
            print([type(one).__name__ for one in ends])
            try:
                await ai.chat("openai:m", "more")
            except ClientClosedError:
                print("no more")

    asyncio.run(main())
"""


def program(grace: float, seconds: float) -> str:
    """The service with its numbers."""
    return SERVICE.replace("{grace}", str(grace)).replace("{seconds}", str(seconds))


async def test_sigterm_lets_calls_under_way_finish() -> None:
    """Two that are under way are answered, one that waits is told, and the process ends as it wishes."""
    ran = await run(program(20, 0.4), meanwhile=lambda process: process.send_signal(signal.SIGTERM))
    assert ran.out == "ready\n['Reply', 'Reply', 'ClientClosedError']\nno more\n", ran.err
    assert (ran.status, ran.err) == (0, "")


async def test_what_is_not_done_within_the_grace_is_ended() -> None:
    """With a typed error; the process does not wait for it."""
    ran = await run(program(0.1, 60), meanwhile=lambda process: process.send_signal(signal.SIGTERM))
    assert ran.out == "ready\n['ClientClosedError', 'ClientClosedError', 'ClientClosedError']\nno more\n", ran.err
    assert (ran.status, ran.err) == (0, "")


async def test_a_second_signal_cuts_the_grace_short() -> None:
    """Whoever asks twice means now."""
    again = program(60, 60).replace(
        'print("ready", flush=True)',
        'print("ready", flush=True); asyncio.get_running_loop().call_later(0.2, os.kill, os.getpid(), signal.SIGTERM)',
    )
    ran = await run(again, meanwhile=lambda process: process.send_signal(signal.SIGTERM))
    assert ran.out.splitlines()[1] == "['ClientClosedError', 'ClientClosedError', 'ClientClosedError']", ran.err
    assert (ran.status, ran.err) == (0, "")


async def test_afterwards_the_signal_does_what_it_did_before() -> None:
    """A program that hangs after it was drained can still be ended."""
    ran = await run(
        """
        async def main():
            async with await a_client() as ai:
                ai.drain_on(signal.SIGTERM, then=lambda: os.kill(os.getpid(), signal.SIGTERM))
                await ai.chat("openai:m", "hello")
                print("ready", flush=True)
                await asyncio.sleep(60)

        asyncio.run(main())
        """,
        meanwhile=lambda process: process.send_signal(signal.SIGTERM),
    )
    assert ran.status == -signal.SIGTERM


@pytest.mark.parametrize("signals", [(), (0,), (signal.SIGKILL,), (1_000,), ("SIGTERM",), (None,)])
async def test_a_signal_that_cannot_be_handled_is_a_config_error(signals: Any) -> None:
    """None at all, one that does not exist, and SIGKILL."""
    async with Client(transport=MockTransport(lambda _: MockTransport.reply({}))) as ai:
        with pytest.raises(ConfigError, match="signal"):
            ai.drain_on(*signals)
