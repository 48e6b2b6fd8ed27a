"""Whose turn it is among tenants that share places: start-time fair queueing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_IDLE = 64
"""Tenants remembered beyond those that have had more than their share."""


class Shares:
    """Virtual time: a call moves its tenant's clock on by one over the weight, and the earliest clock goes next.

    A tenant that comes, or comes back, starts at the time of the call that went last: what it did not use before it
    does not get later, so no tenant is ever behind another by more than a call of each.

    Args:
        weights: By tenant, above 0; 1 for those that are not named.
    """

    __slots__ = ("_finish", "_keep", "_now", "_weights")

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._finish: dict[str, float] = {}
        self._now = 0.0
        self._keep = MOST_IDLE

    def weight(self, tenant: str) -> float:
        """The weight of a tenant."""
        return self._weights.get(tenant, 1.0)

    def start(self, tenant: str) -> float:
        """The virtual time at which the tenant's next call may start; it never goes back."""
        return max(self._now, self._finish.get(tenant, 0.0))

    def charge(self, tenant: str) -> None:
        """A call of the tenant goes, instead of what else waits."""
        self._now = self.start(tenant)
        self._finish[tenant] = self._now + 1.0 / self.weight(tenant)
        if len(self._finish) > self._keep:
            self._finish = {name: at for name, at in self._finish.items() if at > self._now}
            self._keep = 2 * len(self._finish) + MOST_IDLE

    def clear(self) -> None:
        """Nobody waits: what was used then is forgotten."""
        self._finish.clear()
        self._now = 0.0
        self._keep = MOST_IDLE
