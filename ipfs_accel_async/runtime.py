"""What a client builds when it is first used in a loop: dispatcher, breakers, meters, transport and their stack."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.core import stack
from ipfs_accel_async.dispatcher import Dispatcher
from ipfs_accel_async.exchange import Exchange
from ipfs_accel_async.metrics.meter import Meter
from ipfs_accel_async.metrics.report import Report, report
from ipfs_accel_async.middleware.breaker import CircuitBreaker
from ipfs_accel_async.middleware.deadline import Deadline
from ipfs_accel_async.middleware.describe import Describe
from ipfs_accel_async.middleware.fallback import Fallback
from ipfs_accel_async.middleware.hedge import Hedge
from ipfs_accel_async.middleware.keyring import KeyGate
from ipfs_accel_async.middleware.observe import Observe
from ipfs_accel_async.middleware.retry import Retry
from ipfs_accel_async.scopes import Scopes
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
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
        rng = random.Random()
        self.scopes = scopes = Scopes(providers, max_total, rng)
        self._started = self.loop.time()
        self._since = time.time()
        self._sum = self._meter(SUM)
        self._meters: dict[str, tuple[Meter, Meter]] = {}
        self.dispatcher = Dispatcher(scopes.lane, linked=max_total is not None)
        observe = Observe(self._meters_for)
        self._deadline = Deadline(lambda provider: providers[provider].settings.stream_idle_timeout)
        self.handle = stack(
            [
                observe,
                self._deadline,
                Fallback(),
                Describe(providers.codecs),
                Retry(scopes.retries, rng, observe.retried, scopes.budget),
                Hedge(lambda name: providers[name].settings.hedge, scopes.budget, self.dispatcher.room, observe.hedged),
                CircuitBreaker(scopes.breakers),
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

    def report(self) -> Report:
        """The metrics report, in sum and per provider."""
        now = self.loop.time()
        lanes, breakers = self.dispatcher.lanes, self.scopes.breakers.items()
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

    async def aclose(self, grace: float) -> None:
        """Fail what waits, let what is under way end within `grace` seconds, end the rest, close the connections."""
        self.dispatcher.close()
        try:
            await self._deadline.drain(grace)
        finally:
            await self.transport.aclose()


def idle_report() -> Report:
    """The report of a client that was not used yet."""
    whole = report(Meter(SUM, 0.0, time.time()), [], [], 0.0)
    whole["providers"] = {}
    return whole
