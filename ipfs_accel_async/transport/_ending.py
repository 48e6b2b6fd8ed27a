"""Closing what nobody closed: when the loop ends, or when the client that had it is collected."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any
from weakref import finalize

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ipfs_accel_async.transport import Transport


class Ending:
    """Sees to it that transports are closed.

    Connections can be closed in order only while their loop runs. The last that runs in it are its asynchronous
    generators: ``asyncio.run`` closes each that was begun. One of them waits here for that.

    Args:
        owner: Whoever closes the transports in the ordinary way; when it is collected without, they are closed.
        made: The transports; those that are in it at the end are closed.
    """

    def __init__(self, owner: object, made: dict[str, Transport]) -> None:
        self._waiting = _at_the_end(made)
        self._forgotten = finalize(owner, _forgotten, asyncio.get_running_loop(), self._waiting)
        self._forgotten.atexit = False

    async def begin(self) -> None:
        """Let the loop know."""
        await anext(self._waiting)

    async def aclose(self) -> None:
        """Close the transports now."""
        self._forgotten.detach()
        await self._waiting.aclose()


async def _at_the_end(made: dict[str, Transport]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        open_ = list(dict.fromkeys(made.values()))
        made.clear()
        for transport in open_:
            await transport.aclose()


_CLOSING: set[asyncio.Task[Any]] = set()
"""A task that nobody holds may be collected while it runs."""


def _forgotten(loop: asyncio.AbstractEventLoop, waiting: AsyncGenerator[None, None]) -> None:
    if not loop.is_running():
        return  # it ends, or has ended: the generator has seen to it
    loop.call_soon_threadsafe(_close, loop, waiting)
    warnings.warn("a Client was never closed: use it inside 'async with'", ResourceWarning, stacklevel=2)


def _close(loop: asyncio.AbstractEventLoop, waiting: AsyncGenerator[None, None]) -> None:
    task: asyncio.Task[Any] = loop.create_task(waiting.aclose())
    _CLOSING.add(task)
    task.add_done_callback(_CLOSING.discard)
