"""``client.endpoints(provider)``: several endpoints of one provider, seen and changed at run time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipfs_accel_async.endpoints import Endpoint
    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.policy.replica import Replica


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """An endpoint and what it has done so far.

    Args:
        name: What it is called.
        url: Its base URL.
        weight: Its share of the calls.
        price: What a call costs there.
        in_flight: Calls under way.
        calls: Calls that ended, of which `failures` failed.
        failures: Faults of the endpoint; what a caller did wrong is none.
        tokens: What they used.
        latency: Seconds to the first byte or token, a peak-weighted average; None before the first answer.
        ejected: Whether it is asked only when no other can take a call.
    """

    name: str
    url: str
    weight: float
    price: float
    in_flight: int = 0
    calls: int = 0
    failures: int = 0
    tokens: int = 0
    latency: float | None = None
    ejected: bool = False


class EndpointList:
    """The endpoints of one provider.

    Args:
        engine: The client's.
        provider: Provider name.
    """

    def __init__(self, engine: Engine, provider: str) -> None:
        self._engine = engine
        self._provider = provider

    def __iter__(self) -> Iterator[EndpointState]:
        known = self._replicas()
        return iter([self._state(one, known.get(one.name)) for one in self._made.endpoints])

    def __len__(self) -> int:
        return len(self._made.endpoints)

    def __getitem__(self, name: str) -> EndpointState:
        """How one of them stands.

        Raises:
            ConfigError: None has that name.
        """
        return self._state(self._made.endpoints[name], self._replicas().get(name))

    def add(self, url: str, *, name: str = "", **settings: Any) -> EndpointState:
        """A further endpoint; from the next call on it gets its share.

        The first one that is added to a provider joins the address it had before, which is then called ``default``.

        Args:
            url: Base URL.
            name: To call it by; default: the URL.
            settings: `weight` (1), `price` (0), `keys`, and any setting that is to differ from the provider's, such as
                `max_concurrent_requests`.

        Raises:
            ConfigError: The name or the URL is taken, or a value cannot be used.
        """
        return self._state(self._told(self._made.add_endpoint(url, name=name, **settings)), None)

    def update(self, name: str, **settings: Any) -> EndpointState:
        """Change its weight, price, keys or settings; those not named stay. Calls under way end as they began.

        Raises:
            ConfigError: None has that name, or a value cannot be used.
        """
        made = self._told(self._made.endpoints.update(name, **settings))
        return self._state(made, self._replicas().get(name))

    def remove(self, name: str) -> None:
        """Take it out: no further calls go there, those under way end as they began.

        Raises:
            ConfigError: None has that name, or it is the last one.
        """
        self._told(self._made.endpoints.remove(name))

    @property
    def _made(self) -> Any:
        return self._engine.provider(self._provider)

    def _told(self, made: Endpoint) -> Endpoint:
        runtime = self._engine.current
        if runtime is not None:
            runtime.scopes.retune(runtime.dispatcher.lanes)
            runtime.dispatcher.wake()
        return made

    def _replicas(self) -> dict[str, Replica]:
        runtime = self._engine.current
        if runtime is None or not self._made.spread:
            return {}
        return {member.replica.name: member.replica for member in runtime.scopes.replicas(self._made).members()}

    def _state(self, one: Endpoint, replica: Replica | None) -> EndpointState:
        if replica is None:
            return EndpointState(name=one.name, url=one.url, weight=one.weight, price=one.price)
        return EndpointState(
            name=one.name,
            url=one.url,
            weight=one.weight,
            price=one.price,
            in_flight=replica.in_flight,
            calls=replica.calls,
            failures=replica.failures,
            tokens=replica.tokens,
            latency=replica.latency.value,
            ejected=replica.ejected_until > self._engine.time(),
        )


class Spreading:
    """Mixed into :class:`Client`."""

    _engine: Engine

    def endpoints(self, provider: str) -> EndpointList:
        """The endpoints of a provider: iterate over them, ``add``, ``update``, ``remove``.

        Raises:
            ConfigError: There is no such provider.
        """
        self._engine.provider(provider)
        return EndpointList(self._engine, provider)
