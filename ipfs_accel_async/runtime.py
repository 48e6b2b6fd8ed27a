"""What a client builds when it is first used in a loop: dispatcher, breakers, meters, transport and their stack."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.core import stack
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.exchange import Exchange
from ipfs_accel_async.lanes import Gate, Lane
from ipfs_accel_async.metrics.meter import Meter
from ipfs_accel_async.metrics.report import Report, report
from ipfs_accel_async.middleware.breaker import BreakerGate, Breakers, CircuitBreaker
from ipfs_accel_async.middleware.deadline import Deadline
from ipfs_accel_async.middleware.describe import Describe
from ipfs_accel_async.middleware.fallback import Fallback
from ipfs_accel_async.middleware.hedge import Hedge
from ipfs_accel_async.middleware.keyring import KeyGate
from ipfs_accel_async.middleware.observe import Observe
from ipfs_accel_async.middleware.retry import Retry
from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.policy.budget import RetryBudget
from ipfs_accel_async.policy.failures import FailureRate
from ipfs_accel_async.policy.keyring import KeyRing
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    import anyio

    from ipfs_accel_async.policy.backoff import Backoff
    from ipfs_accel_async.provider import Providers
    from ipfs_accel_async.transport import Transport

SUM = "ipfs_accel_async"


class Runtime:
    """The stack of one client in one loop.

    Args:
        providers: The client's providers.
        transport: Sends the requests.
        max_total: Cap over all providers together; None for none.
    """

    def __init__(self, providers: Providers, transport: Transport, max_total: int | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport = transport
        self._providers = providers
        self._total = None if max_total is None else _semaphore(max_total)
        self._slots: dict[str, anyio.Semaphore] = {}
        self._budgets: dict[tuple[str, str], RetryBudget] = {}
        self._rng = random.Random()
        self._started = self.loop.time()
        self._since = time.time()
        self._sum = self._meter(SUM)
        self._meters: dict[str, tuple[Meter, Meter]] = {}
        self.breakers = Breakers(self._breaker)
        self.dispatcher = Dispatcher(self._lane, linked=max_total is not None)
        observe = Observe(self._meters_for)
        self._deadline = Deadline(lambda provider: providers[provider].settings.stream_idle_timeout)
        self.handle = stack(
            [
                observe,
                self._deadline,
                Fallback(),
                Describe(providers.codecs),
                Retry(self._retries, self._rng, observe.retried, self._budget),
                Hedge(lambda name: providers[name].settings.hedge, self._budget, self.dispatcher.room, observe.hedged),
                CircuitBreaker(self.breakers),
                self.dispatcher,
            ],
            Exchange(providers.codecs, transport),
        )

    def _meter(self, name: str) -> Meter:
        return Meter(name, self._started, self._since)

    def _meters_for(self, provider: str) -> tuple[Meter, Meter]:
        found = self._meters.get(provider)
        if found is None:
            found = self._meters[provider] = (self._sum, self._meter(provider))
        return found

    def _retries(self, provider: str) -> tuple[int, Backoff]:
        made = self._providers[provider]
        return made.settings.max_retries, made.backoff

    def _budget(self, target: Target) -> RetryBudget:
        scope = (target.provider, target.endpoint)
        found = self._budgets.get(scope)
        if found is None:
            own = self._providers[target.provider].settings
            found = RetryBudget(ratio=own.retry_budget_ratio, reserve=own.retry_budget_reserve)
            self._budgets[scope] = found
        return found

    def _breaker(self, provider: str) -> Breaker:
        own = self._providers[provider].settings
        return Breaker(
            failure_threshold=own.failure_threshold,
            rate=FailureRate(rate=own.failure_rate, calls=own.failure_rate_calls),
            reset_timeout=own.reset_timeout,
            max_reset_timeout=max(own.reset_timeout, own.max_reset_timeout),
            rng=self._rng,
        )

    def _lane(self, target: Target) -> Lane:
        made = self._providers[target.provider]
        own = made.settings
        slots = self._slots.setdefault(target.provider, _semaphore(own.max_concurrent_requests))
        caps = [slots]
        if own.max_concurrent_per_endpoint is not None:
            caps.append(_semaphore(own.max_concurrent_per_endpoint))
        if self._total is not None:
            caps.append(self._total)
        gates: list[Gate] = []
        keys = made.found.keys
        if keys is not None:
            gates.append(KeyGate(keys, KeyRing(len(keys))))
        gates.append(BreakerGate(self.breakers))  # last: a probe's permit is never held while something else is missing
        return Lane(caps, gates, own)

    def report(self) -> Report:
        """The metrics report, in sum and per provider."""
        now = self.loop.time()
        lanes, breakers = self.dispatcher.lanes, self.breakers.items()
        whole = report(self._sum, list(lanes.values()), breakers, now)
        whole["providers"] = {
            name: report(
                meter,
                [lane for (provider, _), lane in lanes.items() if provider == name],
                [entry for entry in breakers if entry[0][0] == name],
                now,
            )
            for name, (_, meter) in self._meters.items()
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
                    "free": min(cap.value for cap in lane.caps),
                    "service_seconds": lane.service.mean,
                    "keys": [gate.loads for gate in lane.gates if isinstance(gate, KeyGate)],
                    "retry_budget": self._budget(Target(provider, "", endpoint)).balance(now),
                }
                for (provider, endpoint), lane in self.dispatcher.lanes.items()
            ],
            "breakers": [
                {"provider": provider, "endpoint": endpoint, "model": model, "state": breaker.state(now)}
                for (provider, endpoint, model), breaker in self.breakers.items()
            ]
            + [
                {"provider": provider, "endpoint": endpoint, "model": "", "state": breaker.state(now)}
                for (provider, endpoint), breaker in self.breakers.endpoints()
            ],
        }

    async def aclose(self, grace: float) -> None:
        """Fail what waits, let what is under way end within `grace` seconds, end the rest, close the connections."""
        self.dispatcher.close()
        try:
            await self._deadline.drain(grace)
        finally:
            await self.transport.aclose()


def _semaphore(size: int) -> anyio.Semaphore:
    from anyio import Semaphore  # loads on first use, as all that importing the package does not need

    return Semaphore(size)


def idle_report() -> Report:
    """The report of a client that was not used yet."""
    whole = report(Meter(SUM, 0.0, time.time()), [], [], 0.0)
    whole["providers"] = {}
    return whole
