"""The connection to Redis: bounded, time-boxed, and given up for a while when it fails."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from ipfs_accel_async.shared import Redis

log = logging.getLogger("ipfs_accel_async")
QUIET_SECONDS = 60.0
PAUSE = 1.0
"""Seconds between two tries of a Redis that is down."""


class DownError(Exception):
    """Redis does not answer now."""


class Link:
    """Runs scripts and commands on Redis; whoever uses it has an answer of its own for when that is down.

    Args:
        settings: Where it is.
        holder: Of leases; no two links have the same one.

    Attributes:
        settings: See above.
        holder: This process, as Redis knows it.
        down: Whether the last use failed; until :meth:`ping` succeeds nothing else is sent.
        on_down: Is called when it goes down.

    Raises:
        ConfigError: The extra ``redis`` is not installed.
    """

    def __init__(self, settings: Redis, holder: str) -> None:
        try:
            from redis import asyncio as library
        except ImportError:
            raise ConfigError("shared state needs the extra: pip install 'ipfs-accel-async[redis]'") from None
        self._library = library
        self.settings = settings
        self.holder = holder
        self.down = False
        self._client: Any = None
        self._scripts: dict[str, Any] = {}
        self._warned = float("-inf")
        self.on_down: Callable[[], None] | None = None

    def key(self, *parts: str) -> str:
        """A key of ours: the parts, each with its length, under the namespace."""
        return self.settings.namespace + "".join(f":{len(part)}:{part}" for part in parts)

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run a script.

        Raises:
            DownError: Redis is down, or took longer than the time box.
        """
        client = self._open()
        made = self._scripts.get(script)
        if made is None:
            made = self._scripts[script] = client.register_script(script)
        return await self._boxed(lambda: made(keys=keys, args=arguments))

    async def command(self, *parts: Any) -> Any:
        """Run a command.

        Raises:
            DownError: As :meth:`run`.
        """
        client = self._open()
        return await self._boxed(lambda: client.execute_command(*parts))

    async def ping(self) -> bool:
        """Whether Redis answers in time, on new connections; if it does, it is used again."""
        await self.aclose()
        client = self._open()
        try:
            async with asyncio.timeout(max(self.settings.timeout, PAUSE / 2)):
                await client.execute_command("PING")  # with all that a new connection needs
            async with asyncio.timeout(self.settings.timeout):
                await client.execute_command("PING")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is down
            self.failed(error)
            return False
        self.down = False
        return True

    async def aclose(self) -> None:
        """Close the connections; used again, it opens new ones."""
        client, self._client, self._scripts = self._client, None, {}
        if client is not None:
            try:
                async with asyncio.timeout(PAUSE):
                    await client.aclose(close_connection_pool=True)
            except Exception as error:  # noqa: BLE001 - it is gone either way
                self.failed(error)

    async def _boxed(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        if self.down:
            raise DownError
        failure: Exception | None = None
        task = asyncio.current_task()
        cancelling = 0 if task is None else task.cancelling()
        try:
            async with _box(self.settings.timeout):
                answer = await ask()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is down
            failure = error
        if task is not None and task.cancelling() > cancelling:
            raise asyncio.CancelledError  # the library may swallow it
        if failure is not None:
            self.failed(failure)
            raise DownError
        return answer

    def failed(self, error: Exception) -> None:
        """Redis cannot be used: nothing is asked of it for a while. One warning a minute says so."""
        first = not self.down
        self.down = True
        now = asyncio.get_running_loop().time()
        if not 0 <= now - self._warned < QUIET_SECONDS:
            self._warned = now
            # its class alone: the text may have the address with its password
            log.warning("shared state is down (%s): each process goes on with its own share", type(error).__name__)
        if first and self.on_down is not None:
            self.on_down()

    def _open(self) -> Any:
        if self._client is None:
            pool = self._library.BlockingConnectionPool.from_url(
                self.settings.url.reveal(),
                max_connections=self.settings.max_connections,
                timeout=self.settings.timeout,
                socket_timeout=max(self.settings.timeout, PAUSE),
                socket_connect_timeout=max(self.settings.timeout, PAUSE),
            )
            self._client = self._library.Redis(connection_pool=pool)
        return self._client


@asynccontextmanager
async def _box(seconds: float) -> AsyncIterator[None]:
    """As asyncio.timeout; but where the loop itself was held up, the answer that may be there is looked at first.

    Each time anew, as long as it is: a Redis that is gone is told by the library's own timeout meanwhile.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def over() -> None:
        nonlocal timer
        now = loop.time()
        if now > timer.when() + seconds / 2:
            timer = loop.call_at(now + seconds, over)
        else:
            timeout.reschedule(now)

    timer = loop.call_at(loop.time() + seconds, over)
    try:
        async with asyncio.timeout(None) as timeout:
            yield
    finally:
        timer.cancel()
