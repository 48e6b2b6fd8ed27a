"""Ending on a signal: what is under way may finish, nothing new begins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable


class Draining:
    """Closes a client when the process is told to end.

    The first signal closes with grace, one that comes meanwhile closes at once, and later ones do again what they did
    before.

    Args:
        close: Closes the client within so many seconds.
        signals: Which signals; each is given back to the system when all is closed.
        grace: Seconds for what is under way.
        then: Is called when all is closed.

    Raises:
        ConfigError: Signals cannot be handled here: not in the main thread, or not on this system.
    """

    def __init__(
        self,
        close: Callable[[float | None], Awaitable[None]],
        signals: Iterable[int],
        grace: float | None,
        then: Callable[[], object] | None,
    ) -> None:
        self._close = close
        self._grace = grace
        self._then = then
        self._signals = tuple(signals)
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        fault = "" if self._signals else "name at least one signal, such as signal.SIGTERM"
        try:
            for signal in self._signals:
                self._loop.add_signal_handler(signal, self._begin)
        except (NotImplementedError, RuntimeError, ValueError, TypeError) as error:
            fault = f"this signal cannot be handled here ({type(error).__name__}): call aclose() yourself"
        if fault:
            raise ConfigError(fault)

    def _begin(self) -> None:
        task = self._loop.create_task(self._drain(0 if self._tasks else self._grace))
        self._tasks.add(task)

    async def _drain(self, grace: float | None) -> None:
        try:
            await self._close(grace)
        finally:
            for signal in self._signals:
                self._loop.remove_signal_handler(signal)
            then, self._then = self._then, None
            if then is not None:
                then()
