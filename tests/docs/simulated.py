"""A simulator in a thread of its own: code under test may run its own event loops."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ipfs_accel_async import registry
from ipfs_accel_async.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextmanager
def in_a_thread() -> Iterator[Simulator]:
    """All twins on a free loopback port, until the block ends."""
    sim = Simulator()
    started = threading.Event()
    loop = asyncio.SelectorEventLoop()
    leave = asyncio.Event()

    async def serve() -> None:
        async with sim:
            started.set()
            await leave.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            started.set()
            loop.close()

    thread = threading.Thread(target=run, name="simulator", daemon=True)  # a run that is killed must not hang on it
    thread.start()
    started.wait()
    try:
        yield sim
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread.join()


def environment(base_urls: Mapping[str, str]) -> dict[str, str]:
    """The variables that point every provider at its twin."""
    values = {}
    for name, url in base_urls.items():
        codec = registry.codec(name)
        values |= {codec.key_env[0]: f"key-of-{name}", codec.url_env[0]: url}
        values |= dict.fromkeys(codec.key_parts.get(codec.key_env[0], ())[:1], f"secret-of-{name}")
    return values
