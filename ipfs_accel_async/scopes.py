"""What the settings of the providers make: lanes with their caps and gates, breakers, retry policies and budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.lanes import Gate, Lane
from ipfs_accel_async.middleware.breaker import BreakerGate, Breakers
from ipfs_accel_async.middleware.keyring import KeyGate
from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.policy.budget import RetryBudget
from ipfs_accel_async.policy.failures import FailureRate
from ipfs_accel_async.policy.keyring import KeyRing

if TYPE_CHECKING:
    import random

    import anyio

    from ipfs_accel_async.policy.backoff import Backoff
    from ipfs_accel_async.provider import Providers
    from ipfs_accel_async.types import Target


class Scopes:
    """The parts of a runtime that belong to a provider, an endpoint or a model, made on first use.

    Args:
        providers: The client's providers.
        max_total: Cap over all of them together; None for none.
        rng: For the jitter of breakers.
    """

    def __init__(self, providers: Providers, max_total: int | None, rng: random.Random) -> None:
        self._providers = providers
        self.rng = rng
        self._budgets: dict[tuple[str, str], RetryBudget] = {}
        self.total = None if max_total is None else _semaphore(max_total)
        self.slots: dict[str, anyio.Semaphore] = {}
        self.breakers = Breakers(self._breaker)

    def retries(self, provider: str) -> tuple[int, Backoff]:
        """How often a provider's calls are sent again, and after how long."""
        made = self._providers[provider]
        return made.settings.max_retries, made.backoff

    def budget(self, target: Target) -> RetryBudget:
        """The retry budget of a target's endpoint."""
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
            rng=self.rng,
        )

    def lane(self, target: Target) -> Lane:
        """The lane of a target's endpoint, with the caps it shares."""
        made = self._providers[target.provider]
        own = made.settings
        slots = self.slots.setdefault(target.provider, _semaphore(own.max_concurrent_requests))
        caps = [slots]
        if own.max_concurrent_per_endpoint is not None:
            caps.append(_semaphore(own.max_concurrent_per_endpoint))
        if self.total is not None:
            caps.append(self.total)
        gates: list[Gate] = []
        keys = made.found.keys
        if keys is not None:
            gates.append(KeyGate(keys, KeyRing(len(keys))))
        gates.append(BreakerGate(self.breakers))  # last: a probe's permit is never held while something else is missing
        return Lane(caps, gates, own)


def _semaphore(size: int) -> anyio.Semaphore:
    from anyio import Semaphore  # loads on first use, as all that importing the package does not need

    return Semaphore(size)
