"""What a client builds when it is first used in a loop: dispatcher, breakers, meters, transport and their stack."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.batcher import Batcher
from ipfs_accel_async.batching.rules import Rulebook
from ipfs_accel_async.caching import semantic_layer
from ipfs_accel_async.core import stack
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.exchange import Exchange
from ipfs_accel_async.metrics.meter import Meter, total
from ipfs_accel_async.metrics.report import Report, report
from ipfs_accel_async.middleware.breaker import CircuitBreaker
from ipfs_accel_async.middleware.cache import Keep, Lookup
from ipfs_accel_async.middleware.coalesce import Coalesce
from ipfs_accel_async.middleware.deadline import Deadline
from ipfs_accel_async.middleware.describe import Describe
from ipfs_accel_async.middleware.fallback import Fallback
from ipfs_accel_async.middleware.hedge import Hedge
from ipfs_accel_async.middleware.keyring import KeyPool
from ipfs_accel_async.middleware.limits import Fits
from ipfs_accel_async.middleware.observe import Observe
from ipfs_accel_async.middleware.retry import Retry
from ipfs_accel_async.scopes import Scopes
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.lanes import Lane
    from ipfs_accel_async.middleware.limits import LimitGate
    from ipfs_accel_async.provider import Providers
    from ipfs_accel_async.shared import Redis
    from ipfs_accel_async.shared.state import SharedState
    from ipfs_accel_async.transport import Transport

SUM = "ipfs_accel_async"


class Runtime:
    """The stack of one client in one loop.

    Args:
        providers: The client's providers.
        transport: Sends the requests.
        max_total: Cap over all providers together; None for none.
        cache: Of answers; None for none.
        redis: What is shared with other processes; None for nothing.
    """

    def __init__(
        self,
        providers: Providers,
        transport: Transport,
        max_total: int | None,
        cache: Cache | None = None,
        redis: Redis | None = None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport = transport
        self._providers = providers
        rng = random.Random()
        self.scopes = scopes = Scopes(providers, max_total, rng)
        self._started = self.loop.time()
        self._since = time.time()
        self._meters: dict[str, Meter] = {}
        self.dispatcher = Dispatcher(scopes.lane)
        scopes.woken = self.dispatcher.wake
        self.shared = None if redis is None else shared_state(redis, providers, scopes, self.dispatcher.wake)
        observe = Observe(self._meter)
        self._deadline = Deadline(lambda provider: providers[provider].settings.stream_idle_timeout)
        describe = Describe(providers.codecs)
        rules = Rulebook(providers.codecs, lambda provider: providers[provider].settings)
        self._batcher = Batcher(rules, describe.held, observe.gathered)
        self.coalesce = Coalesce(
            lambda provider: providers[provider].settings, caching=cache is not None, gathered=self._batcher.shares
        )
        self.semantic = semantic_layer(cache, lambda call: self.handle(call), providers, rng)
        self.handle = stack(
            [
                observe,
                self._deadline,
                *([] if cache is None else [Lookup(cache, lambda provider: providers[provider].settings)]),
                *([] if self.semantic is None else [self.semantic]),
                self.coalesce,
                *([] if self.shared is None else self.shared.flights(cache)),
                *([] if cache is None else [Keep(cache, lambda provider: providers[provider].settings)]),
                Fallback(
                    providers.codecs,
                    lambda target: providers[target.provider].settings.context_tokens.get(target.model),
                ),
                self._batcher,
                describe,
                *([Fits(scopes.too_large)] if providers.counts_tokens else []),
                Retry(scopes.retries, rng, observe.retried, scopes.budget),
                Hedge(lambda name: providers[name].settings.hedge, scopes.budget, self.dispatcher.room, observe.hedged),
                CircuitBreaker(scopes.breakers),
                self.dispatcher,
            ],
            Exchange(providers.codecs, transport),
        )

    def flights(self) -> dict[str, int]:
        """Calls that others might share, and those that shared them, by single flight or in a gathered request."""
        one, other = self.coalesce, self._batcher
        return {"sent": one.led + other.led, "shared": one.shared + other.shared}

    def _meter(self, provider: str) -> Meter:
        found = self._meters.get(provider)
        if found is None:
            found = self._meters[provider] = Meter(provider, self._started, self._since)
        return found

    def report(self) -> Report:
        """The metrics report, in sum and per provider."""
        now = self.loop.time()
        lanes, breakers = self.dispatcher.lanes, self.scopes.breakers.items()
        whole = report(
            total(SUM, self._started, self._since, self._meters.values()), list(lanes.values()), breakers, now
        )
        whole["providers"] = {
            name: report(
                meter,
                [lane for (provider, _), lane in lanes.items() if provider == name],
                [entry for entry in breakers if entry[0][0] == name],
                now,
            )
            for name, meter in self._meters.items()
        }
        return whole

    def statistics(self) -> dict[str, Any]:
        """What is going on right now, as plain values."""
        now = self.loop.time()
        return {
            "under_way": self._deadline.open,
            "lanes": [
                {
                    "provider": provider,
                    "endpoint": endpoint,
                    "waiting": lane.queue.waiting,
                    "active": lane.active,
                    "free": min(cap.free for cap in lane.caps),
                    "adaptive": lane.adaptive,
                    "service_seconds": lane.service.mean,
                    "keys": [pool.loads for pool in self._pools(provider, lane)],
                    "limits": [held.quotas.states(now) for held in self._limited(provider, lane)],
                    "retry_budget": self.scopes.budget(Target(provider, "", endpoint)).balance(now),
                }
                for (provider, endpoint), lane in self.dispatcher.lanes.items()
            ],
            "breakers": [
                {"provider": provider, "endpoint": endpoint, "model": model, "state": breaker.state(now)}
                for (provider, endpoint, model), breaker in self.scopes.breakers.items()
            ]
            + [
                {"provider": provider, "endpoint": endpoint, "model": "", "state": breaker.state(now)}
                for (provider, endpoint), breaker in self.scopes.breakers.endpoints()
            ],
        }

    def _pools(self, provider: str, lane: Lane) -> list[KeyPool]:
        if lane.spread:
            return list(self._providers[provider].pools.values())
        return [gate for gate in lane.gates if isinstance(gate, KeyPool)]

    def _limited(self, provider: str, lane: Lane) -> list[KeyPool | LimitGate]:
        return [*self._pools(provider, lane), *(self._providers[provider].limited.values() if lane.spread else ())]

    async def aclose(self, grace: float) -> None:
        """Fail what waits, let what is under way end within `grace` seconds, end the rest, close the connections."""
        self.dispatcher.close()
        self._batcher.close()
        try:
            await self._deadline.drain(grace)
            await self.coalesce.aclose()
            if self.semantic is not None:
                await self.semantic.aclose()
            await self._batcher.aclose()
        finally:
            if self.shared is not None:
                await self.shared.aclose()
            await self.transport.aclose()


def shared_state(redis: Redis, providers: Providers, scopes: Scopes, wake: Callable[[], None]) -> SharedState:
    """What a runtime shares with other processes."""
    from ipfs_accel_async.shared.state import SharedState  # an extra

    made = SharedState(redis, providers, scopes, wake)
    scopes.joined = made.join
    return made


def idle_report() -> Report:
    """The report of a client that was not used yet."""
    whole = report(Meter(SUM, 0.0, time.time()), [], [], 0.0)
    whole["providers"] = {}
    return whole
