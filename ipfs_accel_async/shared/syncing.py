"""The one task that talks to Redis: leases shares that are short; tells and hears verdicts, a few times a second."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import TYPE_CHECKING

from ipfs_accel_async.keys import Token
from ipfs_accel_async.shared.link import PAUSE, DownError, Link
from ipfs_accel_async.shared.quota import QUIET, SharedQuota
from ipfs_accel_async.shared.scripts import HOLD_ON, LEASE, LET_GO, SYNC
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.middleware.member import Member
    from ipfs_accel_async.policy.quota import Limits, Quota
    from ipfs_accel_async.provider import Provider, Providers
    from ipfs_accel_async.scopes import Scopes

BEAT = 0.25
"""Seconds between two signs of life; what is told to others is that old at most."""
_APART = "\x1f"


class Sync:
    """Shares what the processes of one namespace have in common.

    Args:
        link: To Redis.
        providers: The client's.
        scopes: Breakers of the runtime.
        wake: Lets waiting calls ask again.

    Attributes:
        flights: Single flights of this process, whose leases are renewed; `landed` are those of streams that ended.
        processes: How many share, as far as it was heard.
    """

    def __init__(self, link: Link, providers: Providers, scopes: Scopes, wake: Callable[[], None]) -> None:
        self._link = link
        self._providers = providers
        self._scopes = scopes
        self._wake = wake
        self._quotas: dict[str, SharedQuota] = {}
        self._short: dict[SharedQuota, str] = {}
        self._names: dict[SharedQuota, str] = {}
        self._asked = asyncio.Event()
        self._heard: dict[str, float] = {}
        self.flights: set[str] = set()
        self.landed: set[str] = set()
        self.processes = 1
        link.on_down = self._lost
        self._task = asyncio.get_running_loop().create_task(self._run(), name="ipfs_accel_async shared state")

    def adopt(self, made: Provider) -> None:
        """Make the limits of a provider shared ones."""
        provider = made.codec.name
        made.pool.quotas.share(lambda group, model, limits: self._quota(provider, group, model, limits))

    def _quota(self, provider: str, group: str, model: str, limits: Limits) -> Quota:
        name = self._link.key("quota", provider, group, model)
        made = self._quotas[name] = SharedQuota(limits, self._ask, lambda: self._link.down, lambda: self.processes)
        self._names[made] = name
        return made

    def _ask(self, quota: SharedQuota) -> None:
        if quota in self._names:
            self._short[quota] = self._names[quota]
            self._asked.set()

    def _lost(self) -> None:
        """Redis went down: whoever waits for a share gets one of this process."""
        self._wake()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        beat = loop.time()
        while True:
            if self._link.down:
                await asyncio.sleep(PAUSE)
                await self._link.ping()
                continue
            try:
                async with asyncio.timeout_at(beat):
                    await self._asked.wait()
            except TimeoutError:
                beat = loop.time() + BEAT
                await self._beat()
            self._asked.clear()
            short, self._short = self._short, {}
            for quota, name in short.items():
                await self._lease(quota, name)

    async def _beat(self) -> None:
        await self._tell()
        for name, quota in list(self._quotas.items()):
            if quota not in self._short:
                await self._lease(quota, name)
            quota.quiet += 1
        for flight in list(self.flights):
            await self._hold_on(flight)
        landed, self.landed = self.landed, set()
        for flight in landed:
            await self.let_go(flight)

    async def _lease(self, quota: SharedQuota, name: str) -> None:
        own = [self._link.holder, self._link.settings.lease_seconds]
        try:
            answer = await self._link.run(LEASE, [name], [*own, *quota.asking()])
        except DownError:
            return
        if quota.given(answer):
            self._wake()
        elif quota.wait and not quota.quiet:
            asyncio.get_running_loop().call_later(min(quota.wait, BEAT), self._wake)

    async def _hold_on(self, flight: str) -> None:
        milliseconds = int(self._link.settings.lease_seconds * 1_000)
        try:
            await self._link.run(HOLD_ON, [flight], [self._link.holder, milliseconds])
        except DownError:
            return

    async def let_go(self, flight: str) -> None:
        """Let others compute what this process has computed, or not."""
        self.flights.discard(flight)
        try:
            await self._link.run(LET_GO, [flight], [self._link.holder])
        except DownError:
            return

    async def _tell(self) -> None:
        """Tell what this process has found out, and hear what others have."""
        now = asyncio.get_running_loop().time()
        self._heard = {name: until for name, until in self._heard.items() if until > now}
        own: list[object] = [self._link.holder, self._link.settings.lease_seconds]
        for name, left in self._verdicts(now):
            if name not in self._heard:
                own += [name, left]
        keys = [self._link.key("verdicts"), self._link.key("processes")]
        try:
            given = await self._link.run(SYNC, keys, own)
        except DownError:
            return
        answer = [value.decode() if isinstance(value, bytes) else str(value) for value in given]
        self.processes = max(int(answer[0]), 1)
        changed = False
        for name, seconds in zip(answer[1::2], answer[2::2], strict=True):
            until = now + float(seconds)
            if until > self._heard.get(name, 0.0) + BEAT:
                changed = self._hear(name, until, now) or changed
            self._heard[name] = max(until, self._heard.get(name, 0.0))
        if changed:
            self._wake()

    def _verdicts(self, now: float) -> list[tuple[str, float]]:
        found = []
        for (provider, endpoint, model), breaker in self._scopes.breakers.items():
            if breaker.state(now) == "open":
                found.append((_APART.join(("open", provider, endpoint, model)), breaker.refused_for(now) or 0.0))
        for made in self._providers.made():
            provider, health = made.codec.name, made.pool.health
            for model, groups in health.parked.items():
                found += [
                    (_APART.join(("parked", provider, model, group)), until - now)
                    for group, until in groups.items()
                    if until > now
                ]
            for alias, left in health.quarantines(now):
                mark = self._mark(made.pool.members.get(alias))
                if mark:
                    found.append((_APART.join(("refused", provider, mark)), left))
        return [(name, left) for name, left in found if left > 0]

    def _hear(self, name: str, until: float, now: float) -> bool:
        kind, *rest = name.split(_APART)
        if kind == "open" and len(rest) == 3:
            provider, endpoint, model = rest
            breaker = self._scopes.breakers.of(Target(provider, model, endpoint)) if self._knows(provider) else None
            if breaker is not None and breaker.state(now) == "closed":
                breaker.force_open(now)
            return False
        made = next((one for one in self._providers.made() if rest and one.codec.name == rest[0]), None)
        if made is None:
            return False
        if kind == "parked" and len(rest) == 3:
            made.pool.health.park(rest[2], rest[1], until)
        elif kind == "refused":
            for member in made.pool.members.values():
                if not member.out and self._mark(member) == rest[-1]:
                    made.pool.health.quarantine(member, now)
        return True

    def _knows(self, provider: str) -> bool:
        return any(made.codec.name == provider for made in self._providers.made())

    def _mark(self, member: Member | None) -> str:
        """What tells a key from others without telling the key; nothing of a token, which changes."""
        if member is None or member.secret is None or isinstance(member.secret, Token):
            return ""
        mixed = self._link.settings.namespace.encode()[:64]
        return blake2b(member.secret.reveal().encode(), key=mixed, digest_size=12).hexdigest()

    async def aclose(self) -> None:
        """Give back what is held, and close."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if not self._link.down:
            for name, quota in self._quotas.items():
                quota.quiet = QUIET
                await self._lease(quota, name)
        await self._link.aclose()
