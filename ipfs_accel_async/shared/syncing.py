"""The one task that talks to Redis: leases shares that are short; tells and hears verdicts, a few times a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.shared.link import PAUSE, DownError, Link
from ipfs_accel_async.shared.quota import SharedQuota
from ipfs_accel_async.shared.scripts import HOLD_ON, LEASE, LET_GO, SYNC

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.middleware.keyring import KeyPool
    from ipfs_accel_async.middleware.limits import LimitGate
    from ipfs_accel_async.policy.quota import Limits, Quota
    from ipfs_accel_async.shared.verdicts import Verdicts

BEAT = 0.25
"""Seconds between two signs of life; what is told to others is that old at most."""


class Sync:
    """Shares what the processes of one namespace have in common.

    Args:
        link: To Redis.
        verdicts: What is told and heard.
        wake: Lets waiting calls ask again.

    Attributes:
        flights: Single flights of this process, whose leases are renewed.
        processes: How many share, as far as it was heard.
    """

    def __init__(self, link: Link, verdicts: Verdicts, wake: Callable[[], None]) -> None:
        self._link = link
        self._verdicts = verdicts
        self._wake = wake
        self._made = 0
        self._active: dict[SharedQuota, None] = {}
        self._due: dict[SharedQuota, None] = {}
        self._landed: set[str] = set()
        self._asked = asyncio.Event()
        self.flights: set[str] = set()
        self.processes = 1
        link.on_down = wake  # whoever waits for a share gets one of this process
        self._task = asyncio.get_running_loop().create_task(self._run(), name="ipfs_accel_async shared state")

    def adopt(self, scope: str, limited: KeyPool | LimitGate) -> None:
        """Make the limits of keys, or of an endpoint, shared ones."""
        limited.quotas.share(lambda group, model, limits: self._quota(scope, group, model, limits))

    def land(self, flight: str) -> None:
        """Let others compute what this process has computed, or not; soon, as nothing is awaited here."""
        self.flights.discard(flight)
        self._landed.add(flight)
        self._asked.set()

    async def aclose(self) -> None:
        """Give back what is held, and close; idempotent, and no longer than a second."""
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def _quota(self, scope: str, group: str, model: str, limits: Limits) -> Quota:
        self._made += 1
        name = self._link.key("quota", scope, group, model)
        holder = f"{self._link.holder}.{self._made}"
        return SharedQuota(name, holder, limits, self._ask, lambda: self._link.down, lambda: self.processes)

    def _ask(self, quota: SharedQuota) -> None:
        self._active[quota] = self._due[quota] = None
        self._asked.set()

    async def _run(self) -> None:
        beat = asyncio.get_running_loop().time()
        try:
            while not self._task.cancelling():  # a library below may swallow what ends this
                try:
                    beat = await self._turn(beat)
                except DownError:
                    pass
                except Exception as error:  # noqa: BLE001 - an answer that is none; calls must not wait for ever
                    self._link.failed(error)
        finally:
            await self._leave()

    async def _turn(self, beat: float) -> float:
        """Do what is due, and return when the next sign of life is."""
        if self._link.down:
            await asyncio.sleep(PAUSE)
            await self._link.ping()
            return beat
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(beat):
                await self._asked.wait()
        except TimeoutError:
            pass
        if loop.time() >= beat:
            beat = loop.time() + BEAT
            await self._beat()
        self._asked.clear()
        due, self._due = self._due, {}
        for quota in due:
            await self._lease(quota)
        while self._landed:
            await self._link.run(LET_GO, [self._landed.pop()], [self._link.holder])
        return beat

    async def _beat(self) -> None:
        await self._tell()
        for quota in list(self._active):
            self._due[quota] = None
            quota.quiet += 1
            if quota.idle:
                del self._active[quota], self._due[quota]
        for flight in list(self.flights):
            await self._link.run(HOLD_ON, [flight], [self._link.holder, int(self._lease_seconds * 1_000)])

    @property
    def _lease_seconds(self) -> float:
        return self._link.settings.lease_seconds

    async def _lease(self, quota: SharedQuota) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        answer = await self._link.run(LEASE, [quota.name], quota.question(self._lease_seconds, asked))
        if quota.answered(answer, asked + self._lease_seconds, loop.time()):
            self._wake()

    async def _tell(self) -> None:
        """Tell what this process has found out, and hear what others have."""
        loop = asyncio.get_running_loop()
        own: list[object] = [self._link.holder, self._lease_seconds]
        for verdict in self._verdicts.news(loop.time()):
            own += verdict
        given = await self._link.run(SYNC, [self._link.key("verdicts"), self._link.key("processes")], own)
        answer = [value.decode() if isinstance(value, bytes) else str(value) for value in given]
        self.processes = max(int(answer[0]), 1)
        now = loop.time()
        heard = [
            self._verdicts.hear(name, float(left), now) for name, left in zip(answer[1::2], answer[2::2], strict=True)
        ]
        if any(heard):
            self._wake()

    async def _leave(self) -> None:
        """Give back what is held; the others need not wait for the end of its leases."""
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(PAUSE):
                for quota in self._active:
                    quota.rest()
                    await self._link.run(LEASE, [quota.name], quota.question(self._lease_seconds, now))
                for flight in self._landed | self.flights:
                    await self._link.run(LET_GO, [flight], [self._link.holder])
                await self._link.command("ZREM", self._link.key("processes"), self._link.holder)
        except (DownError, TimeoutError):
            pass  # their leases end
        finally:
            await self._link.aclose()
