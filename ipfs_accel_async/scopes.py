"""What the settings of the providers make: lanes with their caps and gates, breakers, retry policies and budgets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ipfs_accel_async.caps import Cap
from ipfs_accel_async.circuits import BreakerChange
from ipfs_accel_async.endpoints import POOL
from ipfs_accel_async.lanes import Lane
from ipfs_accel_async.members import Members
from ipfs_accel_async.middleware.adaptive import AdaptiveGate
from ipfs_accel_async.middleware.breaker import BreakerGate, Breakers
from ipfs_accel_async.middleware.endpoint import ANY
from ipfs_accel_async.middleware.replicas import EndpointGate, Replicas
from ipfs_accel_async.policy.balance import Balancer
from ipfs_accel_async.policy.breaker import Breaker
from ipfs_accel_async.policy.budget import RetryBudget
from ipfs_accel_async.policy.ejection import Ejection
from ipfs_accel_async.policy.failures import FailureRate
from ipfs_accel_async.policy.limit import AdaptiveLimit
from ipfs_accel_async.policy.prefixes import Prefixes, chain
from ipfs_accel_async.provider import backoff_of
from ipfs_accel_async.settings.breaking import Breaking
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.config import ProviderSettings
    from ipfs_accel_async.errors import CostExceedsLimitError
    from ipfs_accel_async.gates import Gate
    from ipfs_accel_async.middleware.keyring import KeyPool
    from ipfs_accel_async.middleware.limits import LimitGate
    from ipfs_accel_async.policy.backoff import Backoff
    from ipfs_accel_async.policy.permit import State
    from ipfs_accel_async.provider import Provider, Providers
    from ipfs_accel_async.settings import Settings


class Scopes:
    """The parts of a runtime that belong to a provider, an endpoint or a model, made on first use.

    Args:
        providers: The client's providers.
        max_total: Cap over all of them together; None for none.
        rng: For the jitter of breakers.

    Attributes:
        joined: Is called with the provider of new lanes and keys, where processes share.
        woken: Is called when keys have changed, as calls may wait for one.
        listeners: Are told of the changes of breakers.
    """

    def __init__(self, providers: Providers, max_total: int | None, rng: random.Random) -> None:
        self._providers = providers
        self.rng = rng
        self._budgets: dict[tuple[str, str], RetryBudget] = {}
        self.total = None if max_total is None else Cap(max_total)
        self.slots: dict[str, Cap] = {}
        self.breakers = Breakers(self._breaker)
        self._replicas: dict[str, Replicas] = {}
        self._tuned: dict[tuple[str, str], tuple[object, ...]] = {}
        self.joined: Callable[[Provider], None] | None = None
        self.woken: Callable[[], None] | None = None
        self.listeners: list[Callable[[BreakerChange], None]] = []

    def retries(self, target: Target) -> tuple[int, Backoff]:
        """How often a target's calls are sent again, and after how long."""
        made = self._providers[target.provider]
        own = self._settings(target)
        return own.max_retries, made.backoff if own is made.settings else backoff_of(own)

    def _settings(self, target: Target) -> ProviderSettings:
        """Those of the endpoint, if it has its own; else those of the provider."""
        made = self._providers[target.provider]
        named = made.endpoints.at(target.endpoint) if made.spread else None
        return made.settings if named is None else named.settings

    def too_large(self, call: Call) -> CostExceedsLimitError | None:
        """Why a call alone is above what any key may use in a whole window; None if it fits one."""
        made = self._providers[call.target.provider]
        pool, found = made.pool, None
        if pool.quotas.limited and not made.spread:
            for member in pool.ring.seats:
                found = pool.quotas.too_large(member, call)
                if found is None:
                    break
        return found

    def budget(self, target: Target) -> RetryBudget:
        """The retry budget of a target's endpoint."""
        scope = (target.provider, target.endpoint)
        found = self._budgets.get(scope)
        if found is None:
            own = self._settings(target)
            found = RetryBudget(ratio=own.retry_budget_ratio, reserve=own.retry_budget_reserve)
            self._budgets[scope] = found
        return found

    def retune(self, lanes: Mapping[tuple[str, str], Lane]) -> None:
        """Let caps, queues, breakers and the balance follow settings that have changed.

        Args:
            lanes: By provider and endpoint.
        """
        for name, cap in self.slots.items():
            made = self._providers[name]
            if made.places is None:
                cap.resize(_together(made.settings) if made.spread else made.settings.max_concurrent_requests)
        for name, replicas in self._replicas.items():
            replicas.balancer.strategy = self._providers[name].settings.balance
        for (provider, endpoint), lane in lanes.items():
            lane.settings = self._settings(Target(provider, "", endpoint))
        known = [(scope[:2], breaker) for scope, breaker in self.breakers.items()] + self.breakers.endpoints()
        targets = {scope: Target(scope[0], "", scope[1]) for scope, _ in known}
        stale = {scope for scope, one in targets.items() if self._tuned[scope] != _tuning(self._settings(one))}
        for scope, breaker in known:
            if scope in stale:
                breaker.adopt(self._breaker(targets[scope]))

    def _breaker(self, target: Target) -> Breaker:
        own = self._settings(target)
        self._tuned[target.provider, target.endpoint] = _tuning(own)
        slow = None
        if own.slow_first_token is not None:
            slow = FailureRate(rate=own.slow_first_token_rate, calls=own.failure_rate_calls, window=300.0)
        made = Breaker(
            failure_threshold=own.failure_threshold,
            rate=FailureRate(rate=own.failure_rate, calls=own.failure_rate_calls),
            slow=slow,
            slow_after=own.slow_first_token or float("inf"),
            probe_timeout=own.probe_timeout,
            reset_timeout=own.reset_timeout,
            max_reset_timeout=max(own.reset_timeout, own.max_reset_timeout),
            rng=self.rng,
        )
        made.on_change = partial(self._changed, target, made)
        return made

    def _changed(self, target: Target, breaker: Breaker, state: State, _at: float) -> None:
        if self.listeners:
            model = "" if self.breakers.endpoint(target).breaker is breaker else target.model
            for listener in list(self.listeners):
                listener(BreakerChange(target.provider, target.endpoint, model, state))

    def lane(self, target: Target) -> Lane:
        """The lane of a target's endpoint, with the caps it shares."""
        made = self._providers[target.provider]
        own, named = made.settings, made.endpoints.at(target.endpoint)
        if named is not None or target.endpoint.startswith(POOL):
            gate = EndpointGate(self.replicas(made), "" if named is None else named.name)
            kept = own if named is None else named.settings
            return Lane(self._caps(target, _together(own), own), [gate], kept, gate, spread=True)
        caps = self._caps(target, own.max_concurrent_requests, own)
        if own.max_concurrent_per_endpoint is not None:
            caps.append(Cap(own.max_concurrent_per_endpoint, own.reserved_for_high))
        gates = self._gates(made, made.pool, own)
        limits = next((gate for gate in gates if isinstance(gate, AdaptiveGate)), None)
        return Lane(caps, gates, own, limits)

    def _caps(self, target: Target, most: int, own: ProviderSettings) -> list[Cap]:
        places = self._providers[target.provider].places
        slots = self.slots.setdefault(target.provider, Cap(most if places is None else places, own.reserved_for_high))
        return [slots] if self.total is None else [slots, self.total]

    def _gates(self, made: Provider, pool: KeyPool, own: Settings, limits: LimitGate | None = None) -> list[Gate]:
        if self.joined is not None:
            self.joined(made)
        pool.on_change = self.woken
        adaptive: list[Gate] = [AdaptiveGate(partial(_limit, own))] if own.adaptive_concurrency else []
        # a probe's permit last: never held while something else is missing
        return [*adaptive, *([] if limits is None else [limits]), pool, BreakerGate(self.breakers)]

    def replicas(self, made: Provider) -> Replicas:
        """The endpoints of a provider, as they are known here."""
        name = made.codec.name
        found = self._replicas.get(name)
        if found is None:
            balancer = Balancer(made.settings.balance, self.rng)
            members = Members(made, lambda one, pool: self._gates(made, pool, one.settings, made.limits_of(one)))
            found = Replicas(members, balancer, Ejection(), Prefixes(), chain, self.breakers.refused_for)
            self._replicas[name] = found
        return found


def _together(own: Settings) -> int:
    """Calls under way to all endpoints together: each has a cap of its own, and they have one if it was set."""
    return own.max_concurrent_requests if "max_concurrent_requests" in own.model_fields_set else ANY


def _tuning(own: Settings) -> tuple[object, ...]:
    return tuple(getattr(own, name) for name in Breaking.model_fields)


def _limit(own: Settings) -> AdaptiveLimit:
    return AdaptiveLimit(
        initial=own.initial_concurrent,
        least=own.min_concurrent,
        most=own.max_concurrent_requests,
        tolerance=own.latency_tolerance,
    )
