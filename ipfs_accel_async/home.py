"""Where a client's calls go: the runtime of the loop it is used in, made on first use and ended once."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.arguments import as_grace
from ipfs_accel_async.errors import ClientClosedError, ConfigError, ForkedClientError
from ipfs_accel_async.transport.schemes import Schemes

if TYPE_CHECKING:
    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.groups import ModelGroup
    from ipfs_accel_async.metrics.report import Report
    from ipfs_accel_async.provider import Providers
    from ipfs_accel_async.runtime import Runtime
    from ipfs_accel_async.settings import Settings
    from ipfs_accel_async.shared import Redis
    from ipfs_accel_async.shared.link import Link
    from ipfs_accel_async.transport import Transport


class Home:
    """What all views of one client share.

    Args:
        providers: The client's providers.
        common: The client's settings.
        http_client: As of :class:`Client`.
        transport: As of :class:`Client`.
        max_total: Cap over all providers together; None for none.
        cache: Of answers; None for none.
        redis: What is shared with other processes; None for nothing.
    """

    def __init__(
        self,
        providers: Providers,
        common: Settings,
        http_client: Any,
        transport: Transport | None,
        max_total: int | None,
        cache: Cache | None = None,
        redis: Redis | None = None,
    ) -> None:
        self.providers = providers
        self.transport = transport
        self.max_total = max_total
        self.cache = cache
        self.redis = redis
        self.groups: dict[str, ModelGroup] = {}
        self.current: Runtime | None = None
        self.closed = False
        from ipfs_accel_async.runtime import Runtime, idle_report  # a third of the package, for who makes a client

        self._make_runtime, self._idle_report = Runtime, idle_report
        self._common = common
        self._http_client = http_client
        self._process = 0

    @property
    def link(self) -> Link | None:
        """The connection to what is shared; None while there is none."""
        shared = None if self.current is None else self.current.shared
        return None if shared is None else shared.link

    def report(self) -> Report:
        """The metrics report; of zeros while nothing was called."""
        return self._idle_report() if self.current is None else self.current.report()

    def statistics(self) -> dict[str, Any]:
        """What is going on right now."""
        return {"under_way": 0, "lanes": [], "breakers": []} if self.current is None else self.current.statistics()

    def runtime(self) -> Runtime:
        """The stack of the running loop, made on first use.

        Raises:
            ClientClosedError: The client is closed.
            ConfigError: It is in use in another loop.
            ForkedClientError: It is in use in another process.
        """
        if self.closed:
            raise ClientClosedError("the client is closed: make a new one")
        process = os.getpid()
        if self.current is not None and self._process != process:
            raise ForkedClientError(
                "this client was used before the process forked, and its connections belong to the parent: make a"
                " client of its own in each process"
            )
        if self.current is None or self.current.loop is not asyncio.get_running_loop():
            if self.current is not None and not self.current.loop.is_closed():
                raise ConfigError("this client belongs to another running event loop: make one client a loop")
            self._process = process
            self.current = self._make_runtime(
                self.providers, self._make_transport(), self.max_total, self.cache, self.redis
            )
        return self.current

    async def aclose(self, grace: float | None = None) -> None:
        """Fail what waits, let what is under way end within `grace` seconds, and close. Idempotent."""
        self.closed = True
        if self.current is not None and self._process == os.getpid():  # else the connections are another process's
            try:
                await self.current.aclose(self._common.close_grace if grace is None else as_grace(grace))
            finally:
                if self.cache is not None:
                    await self.cache.aclose()

    def _make_transport(self) -> Transport:
        if self.transport is not None:
            return self.transport
        return Schemes(
            self._http_client,
            connect_timeout=self._common.connect_timeout,
            max_response_bytes=self._common.max_response_bytes,
        )
