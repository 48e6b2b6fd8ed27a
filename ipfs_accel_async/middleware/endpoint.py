"""One of several endpoints, with all that a call to it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ipfs_accel_async.middleware.adaptive import AdaptiveGate
from ipfs_accel_async.policy.replica import Replica

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.gates import Gate

ANY = 10**6
"""More calls than are ever under way."""


class Known(Protocol):
    """What the gate reads of an endpoint."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def url(self) -> str:
        """Its base URL."""

    @property
    def weight(self) -> float:
        """Its share."""

    @property
    def price(self) -> float:
        """What a call costs there."""

    @property
    def room(self) -> int | None:
        """Most calls under way there; None for any number."""


class Member:
    """An endpoint with what a call to it needs.

    Args:
        endpoint: Name, URL, weight, price, and how many calls it may have under way.
        gates: Its further conditions: keys, limits, breaker.
    """

    __slots__ = ("_found", "gates", "replica", "room", "url")

    def __init__(self, endpoint: Known, gates: Sequence[Gate]) -> None:
        self.url = endpoint.url
        self.room = endpoint.room
        self.gates = gates
        self.replica = Replica(endpoint.name, endpoint.weight, endpoint.price)
        self._found = next((gate for gate in gates if isinstance(gate, AdaptiveGate)), None)

    @property
    def places(self) -> int:
        """Calls that may be under way there at once; without any bound of its own, as many as there ever are."""
        room = ANY if self.room is None else self.room
        return room if self._found is None else min(room, self._found.places)

    @property
    def limits(self) -> dict[str, int]:
        """The limits that were found, by model."""
        return {} if self._found is None else self._found.limits
