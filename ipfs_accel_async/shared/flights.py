"""Single flight over processes: one computes, the others wait for the answer it keeps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.flow import Flow
from ipfs_accel_async.middleware.cache import READING, WRITING, lifetime
from ipfs_accel_async.partition import request_key
from ipfs_accel_async.shared.link import DownError, Link

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.settings import Settings
    from ipfs_accel_async.shared.syncing import Sync

FIRST, GROWTH, LONGEST = 0.02, 1.5, 0.25
"""Seconds between two looks for an answer that another process computes."""


class SharedFlights:
    """Lets one process compute what several ask for, where its answer will be kept.

    Who computes holds a lease and renews it; when it dies the lease ends, and another one computes. While Redis is
    down each process computes for itself.

    Args:
        link: To Redis.
        sync: Renews the leases.
        cache: Where the answers come from.
        settings_for: Settings of a provider.
    """

    def __init__(self, link: Link, sync: Sync, cache: Cache, settings_for: Callable[[str], Settings]) -> None:
        self._link = link
        self._sync = sync
        self._cache = cache
        self._settings_for = settings_for

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call`, or wait for another process' answer to an equal one."""
        settings = self._settings_for(call.target.provider)
        mode = call.options.cache or settings.cache
        if mode not in READING or mode not in WRITING or not settings.single_flight or self._link.down:
            return next(call)
        key = request_key(call) if lifetime(call, settings) else None
        return next(call) if key is None else self._fly(call, next, self._link.key("flight", key))

    async def _fly(self, call: Call, next: Handler, flight: str) -> Result:  # noqa: A002
        pause = FIRST
        while not await self._takes_off(flight):
            call.trace.phase = "queue"
            await asyncio.sleep(pause)
            pause = min(pause * GROWTH, LONGEST)
            found = await self._cache.find(call, call.options.max_age)
            if found is not None:
                call.trace.cache = "hit"
                return found
        self._sync.flights.add(flight)
        answer: Result | None = None
        try:
            answer = await next(call)
        finally:
            if not isinstance(answer, Flow):
                self._sync.land(flight)
        if isinstance(answer, Flow):
            answer.on_close(lambda outcome: self._closed(flight, outcome))
        return answer

    async def _takes_off(self, flight: str) -> bool:
        """Whether this process computes; also when Redis is down."""
        milliseconds = int(self._link.settings.lease_seconds * 1_000)
        try:
            return await self._link.command("SET", flight, self._link.holder, "NX", "PX", milliseconds) is not None
        except DownError:
            return True
        except BaseException:
            self._sync.land(flight)  # it may have been taken all the same
            raise

    def _closed(self, flight: str, outcome: Outcome) -> None:
        self._sync.land(flight)
