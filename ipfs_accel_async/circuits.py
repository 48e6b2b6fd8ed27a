"""``client.breaker(model)``: circuit breakers seen, opened and closed by hand; and who hears of their changes."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import ConfigError
from ipfs_accel_async.types import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.policy.breaker import Breaker
    from ipfs_accel_async.policy.permit import State

_WORST: tuple[State, ...] = ("open", "half-open", "closed")


@dataclass(frozen=True, slots=True)
class BreakerChange:
    """A breaker has changed.

    Args:
        provider: Provider name.
        endpoint: Base URL.
        model: Model name; empty for the breaker over all models of the endpoint.
        state: ``closed``, ``open`` or ``half-open``.
    """

    provider: str
    endpoint: str
    model: str
    state: State


class Circuit:
    """The breakers of one model, or those over all models of a provider, at every endpoint or at one.

    Args:
        engine: The client's.
        provider: Provider name.
        model: Model name; empty for all.
        endpoint: Name or URL of the one endpoint that is meant; empty for every one.
    """

    def __init__(self, engine: Engine, provider: str, model: str, endpoint: str = "") -> None:
        self._engine = engine
        self._provider = provider
        self._model = model
        self._endpoint = "" if not endpoint else engine.provider(provider).target(model, endpoint=endpoint).endpoint

    def __repr__(self) -> str:
        return f"Circuit({':'.join(filter(None, (self._provider, self._model)))!r}, state={self.state!r})"

    @property
    def state(self) -> State:
        """The worst of its breakers: ``open``, ``half-open`` or ``closed``."""
        now = self._engine.time()
        states = {breaker.state(now) for breaker in self._known().values()}
        return next((state for state in _WORST if state in states), "closed")

    @property
    def retry_after(self) -> float | None:
        """Seconds until all of its breakers may be asked again; None if they may now."""
        now = self._engine.time()
        waits = (breaker.refused_for(now) for breaker in self._known().values())
        return max((wait for wait in waits if wait is not None), default=None)

    def open(self, seconds: float) -> None:
        """Refuse calls from now on, as if they had failed: before maintenance, say. Call it in the client's loop.

        What is under way goes on, and its result changes nothing. After `seconds` it is half-open: one call tries.

        Args:
            seconds: How long, above 0.

        Raises:
            ConfigError: That is no number of seconds, or the client is in use in another loop.
            ClientClosedError: The client is closed.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < float("inf"):
            raise ConfigError("a breaker is opened for a number of seconds above 0", provider=self._provider)
        scopes = self._engine.runtime().scopes
        for endpoint in {*self._known(), *self._configured()}:
            target = Target(self._provider, self._model, endpoint)
            breaker = scopes.breakers.of(target) if self._model else scopes.breakers.endpoint(target).breaker
            breaker.force_open(self._engine.time(), seconds)

    def close(self) -> None:
        """Let calls pass again and forget the failures. Call it in the client's loop."""
        for breaker in self._known().values():
            breaker.force_close(self._engine.time())

    def _known(self) -> dict[str, Breaker]:
        """Breakers that there are, by endpoint."""
        runtime = self._engine.current
        if runtime is None:
            return {}
        known = runtime.scopes.breakers
        found = known.items() if self._model else [((*scope, ""), breaker) for scope, breaker in known.endpoints()]
        wanted = (self._provider, self._model)
        return {
            endpoint: breaker
            for (provider, endpoint, model), breaker in found
            if (provider, model) == wanted and self._endpoint in {"", endpoint}
        }

    def _configured(self) -> list[str]:
        """Endpoints that calls go to, asked before or not."""
        made = self._engine.provider(self._provider)
        if self._endpoint:
            return [self._endpoint]
        return [one.url for one in made.endpoints] if made.spread else [made.target(self._model).endpoint]


class Fuses:
    """Mixed into :class:`Client`."""

    _engine: Engine

    def breaker(self, model: str, *, endpoint: str = "") -> Circuit:
        """A circuit breaker: ``ai.breaker("vllm:llama").open(600)`` keeps calls away, ``.close()`` lets them back.

        Args:
            model: ``"provider:model"``, or a provider's name alone for the breaker over all of its models.
            endpoint: Name or URL of one endpoint of several.

        Raises:
            ConfigError: There is no such provider or endpoint.
        """
        provider, _, name = model.partition(":")
        self._engine.provider(provider)
        return Circuit(self._engine, provider, name, endpoint)

    def on_breaker(self, listener: Callable[[BreakerChange], object]) -> Callable[[], None]:
        """Have a function called when a breaker changes, in the next step of the loop; until that loop ends.

        What it raises goes to the loop's exception handler; calls are not concerned. That a breaker is half-open is
        found out, and told, when somebody looks at it next. Call it in the client's loop.

        Args:
            listener: A function, not a coroutine function; it must not block.

        Returns:
            What ends it.

        Raises:
            ConfigError: It is none, or the client is in use in another loop.
            ClientClosedError: The client is closed.
        """
        if not callable(listener) or iscoroutinefunction(listener):
            raise ConfigError("on_breaker takes a function of one argument that is no coroutine function")
        runtime = self._engine.runtime()
        loop, listeners = runtime.loop, runtime.scopes.listeners

        def tell(change: BreakerChange) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(listener, change)  # a report may be asked for in any thread

        listeners.append(tell)
        return lambda: listeners.remove(tell) if tell in listeners else None
