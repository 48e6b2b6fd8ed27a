"""How many calls of a provider go at once: read and changed while they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipfs_accel_async.engine import Engine
    from ipfs_accel_async.lanes import Lane


class Capacity:
    """The places of one provider of a client, over all its endpoints.

    Args:
        engine: The client's.
        provider: Provider name.
    """

    def __init__(self, engine: Engine, provider: str) -> None:
        self._engine = engine
        self._provider = provider
        self._made = engine.provider(provider)

    def __repr__(self) -> str:
        return (
            f"Capacity({self._provider!r}, max_concurrent_requests={self.max_concurrent_requests},"
            f" in_flight={self.in_flight}, waiting={self.waiting})"
        )

    @property
    def max_concurrent_requests(self) -> int:
        """Calls that may be in flight at once."""
        changed = self._made.places
        return self._made.settings.max_concurrent_requests if changed is None else changed

    @property
    def in_flight(self) -> int:
        """Calls and open streams that hold a place."""
        return sum(lane.active for lane in self._lanes())

    @property
    def waiting(self) -> int:
        """Calls that wait for one."""
        return sum(lane.queue.waiting for lane in self._lanes())

    def set(self, *, max_concurrent_requests: int) -> None:
        """Change the cap at once. Call it in the thread of the client's loop.

        Lowering it ends no call: those that are in flight beyond it keep their places, and nothing new goes until
        enough of them have come back. Raising it lets as many more go as it is raised by.

        Args:
            max_concurrent_requests: From 0, which pauses the provider: calls wait until it is raised, or their
                deadline has come.

        Raises:
            ConfigError: It is no whole number from 0.
        """
        if type(max_concurrent_requests) is not int or max_concurrent_requests < 0:
            raise ConfigError("max_concurrent_requests is a whole number from 0", provider=self._provider)
        self._made.places = max_concurrent_requests
        current = self._engine.current
        if current is not None:
            cap = current.scopes.slots.get(self._provider)
            if cap is not None:
                cap.resize(max_concurrent_requests)
                current.dispatcher.wake()

    def _lanes(self) -> Iterator[Lane]:
        current = self._engine.current
        lanes = {} if current is None else current.dispatcher.lanes
        return (lane for (provider, _), lane in lanes.items() if provider == self._provider)


class Sizing:
    """Mixed into :class:`Client`."""

    _engine: Engine

    def capacity(self, provider: str) -> Capacity:
        """How many calls of a provider go at once, and wait: ``ai.capacity("vllm").set(max_concurrent_requests=50)``.

        Args:
            provider: Provider name.

        Raises:
            ConfigError: There is no such provider.
        """
        return Capacity(self._engine, provider)
