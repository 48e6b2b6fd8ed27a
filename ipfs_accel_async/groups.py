"""Model groups: several models under one name, balanced like endpoints, each the fallback of the others."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

from ipfs_accel_async.core import settle
from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.policy.balance import Balancer, Strategy
from ipfs_accel_async.policy.ejection import Ejection
from ipfs_accel_async.policy.replica import Replica
from ipfs_accel_async.requirements import requirements

if TYPE_CHECKING:
    from ipfs_accel_async.call import Outcome
    from ipfs_accel_async.core import Result
    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.types import Payload, Target

_FIELDS = {"model", "weight", "price"}
STRATEGIES = tuple(name for name in get_args(Strategy) if name != "prefix")


class ModelGroup:
    """One name for several models.

    Args:
        name: Of the caller's choice, without a colon.
        models: ``"provider:model"``, or mappings with ``model``, ``weight`` and ``price``.
        balance: ``p2c``, ``weighted``, ``least-loaded``, ``latency`` or ``cheapest``.

    Raises:
        ConfigError: A value cannot be used.
    """

    def __init__(self, name: str, models: Iterable[Any], balance: str = "p2c") -> None:
        if not name or ":" in name:
            raise ConfigError(f"the name of a model group has no colon, unlike 'provider:model': not {name!r}")
        if balance not in STRATEGIES:
            raise ConfigError(f"balance of the model group {name!r} is one of {', '.join(STRATEGIES)}")
        if isinstance(models, (str, Mapping)) or not isinstance(models, Iterable):
            raise ConfigError(f"the model group {name!r} is a list of models, or a mapping with it as models")
        self.name = name
        self._replicas: dict[str, Replica] = {}
        self._balancer = Balancer(balance, random.Random())  # type: ignore[arg-type]
        self._ejection = Ejection()
        for one in models:
            own: Any = {"model": one} if isinstance(one, str) else one
            if not isinstance(own, Mapping) or not own.keys() <= _FIELDS or not isinstance(own.get("model"), str):
                raise ConfigError(f"a model of the group {name!r} is 'provider:model', or a mapping with it as model")
            model, weight, price = own["model"], own.get("weight", 1.0), own.get("price", 0.0)
            numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (weight, price))
            if not numbers or not 0 < weight < float("inf") or not 0 <= price < float("inf"):
                raise ConfigError(f"weight is above 0 and price from 0, for {model!r} in the group {name!r}")
            if model in self._replicas:
                raise ConfigError(f"the model group {name!r} has {model!r} twice")
            self._replicas[model] = Replica(model, weight, price)
        if not self._replicas:
            raise ConfigError(f"the model group {name!r} has no model")

    @property
    def models(self) -> tuple[str, ...]:
        """Its models, as they were given."""
        return tuple(self._replicas)

    async def ask(
        self, engine: Engine, operation: str, payload: Payload, others: tuple[Target, ...], **wishes: Any
    ) -> Result:
        """Send a payload to the model whose turn it is, with the others as its fallbacks.

        Args:
            engine: Sends it.
            operation: What is asked for.
            payload: What is asked; models that cannot answer it come last.
            others: Further fallbacks, of the call.
            wishes: The call's priority, timeout and tags.
        """
        needed = requirements(payload)
        targets = {name: engine.target(name, operation) for name in self._replicas}
        replicas = list(self._replicas.values())
        order = self._balancer.order(replicas, asyncio.get_running_loop().time())
        # stable: of those that can answer, the order is the balancer's
        order.sort(key=lambda one: not needed <= engine.provider(targets[one.name].provider).codec.capabilities)
        first, *rest = (targets[one.name] for one in order)
        sent = engine.send(operation, first, payload, fallbacks=(*rest, *others), **wishes)
        self._balancer.took(order[0], replicas)  # not before: what cannot be sent is never given back
        by_target = {targets[one.name]: one for one in order}
        return await settle(sent, partial(self._ended, order[0], by_target))

    def _ended(self, first: Replica, by_target: Mapping[Target, Replica], outcome: Outcome) -> None:
        """A call has ended: each model that was asked is judged by its own attempts."""
        now = asyncio.get_running_loop().time()
        first.in_flight -= 1
        source = outcome.answer if outcome.answer is not None else outcome.error
        trace = getattr(source, "trace", None)
        for attempt in [] if trace is None else trace.tries:
            replica = _of(by_target, attempt.target)
            if replica is None or attempt.outcome not in {"ok", "failed"}:
                continue
            failed = attempt.outcome == "failed"
            replica.calls += 1
            replica.failures += failed
            replica.tally.add(failed, now)
            if failed:
                self._ejection.judge(replica, list(self._replicas.values()), now)
                continue
            self._ejection.recovered(replica, now)
            begun = attempt.first or attempt.head
            if begun is not None and attempt.sent is not None:
                replica.latency.add(begun - attempt.sent, now)


def _of(by_target: Mapping[Target, Replica], target: Target) -> Replica | None:
    """The model of an attempt; an endpoint of several was chosen after the target was named."""
    found = by_target.get(target)
    if found is None:
        same = [one for at, one in by_target.items() if (at.provider, at.model) == (target.provider, target.model)]
        found = same[0] if len(same) == 1 else None
    return found


def model_groups(given: Any) -> dict[str, ModelGroup]:
    """The groups of what callers pass as ``model_groups``.

    Raises:
        ConfigError: It is no mapping of names to models.
    """
    if not isinstance(given, Mapping):
        raise ConfigError("model_groups is a mapping by name: {'fast': ['groq:...', 'openai:...']}")
    made = {}
    for name, own in given.items():
        if isinstance(own, Mapping):
            if not own.keys() <= {"models", "balance"}:
                raise ConfigError(f"the model group {name!r} has models and balance, nothing else")
            made[name] = ModelGroup(name, own.get("models", ()), own.get("balance", "p2c"))
        else:
            made[name] = ModelGroup(name, own)
    return made
