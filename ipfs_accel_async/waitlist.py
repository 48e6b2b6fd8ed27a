"""All that waits for one lane: models that may go, tenants by their shares, tickets by their rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.lines import Group
from ipfs_accel_async.policy.fair import Shares
from ipfs_accel_async.tickets import TicketQueue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.tickets import Ticket


class Waitlist:
    """The tickets of one lane.

    Args:
        weights: Of tenants.
        mirrored: Keep the order from the other end too, for :meth:`last`.

    Attributes:
        waiting: How many there are.
    """

    def __init__(self, weights: Mapping[str, float], *, mirrored: bool = False) -> None:
        self._shares = Shares(weights)
        self._mirrors: dict[str, TicketQueue] | None = {} if mirrored else None
        self.groups: dict[tuple[str, str], Group] = {}
        self.waiting = 0

    @property
    def kept(self) -> int:
        """Tickets in memory, the dead ones included."""
        return sum(line.tickets.kept for group in self.groups.values() for line in group.lines.values())

    @staticmethod
    def _key(call: Call) -> tuple[str, str]:
        return call.target.model, call.options.key

    def free_for(self, call: Call) -> bool:
        """Whether nothing waits that a call would overtake: what waits in other groups is held, if there is room."""
        return self._key(call) not in self.groups

    def put(self, ticket: Ticket) -> None:
        """Queue a ticket by its rank."""
        key = self._key(ticket.call)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(key, self._shares)
        group.put(ticket)
        self.waiting += 1
        if self._mirrors is not None:
            mirror = self._mirrors.get(ticket.tenant)
            if mirror is None:
                mirror = self._mirrors[ticket.tenant] = TicketQueue(sign=-1)
            mirror.put(ticket)

    def head(self, *, high: bool) -> Ticket | None:
        """The live ticket that goes next, of groups whose first one is not held; it stays.

        Args:
            high: Of those of high priority alone.
        """
        best = None
        for group in self.groups.values():
            entry = group.best(high=high)
            if entry is None or group.held is entry[3].tickets.head:
                continue
            if best is None or entry[:2] < best[:2]:
                best = entry
        return None if best is None else best[3].tickets.head

    def take(self, ticket: Ticket) -> None:
        """Remove a ticket that goes; its tenant has had its turn."""
        self._shares.charge(ticket.tenant)
        self.drop(ticket)

    def drop(self, ticket: Ticket) -> bool:
        """Remove a ticket that does not go; whether others were held behind it, which may be asked for now."""
        line = ticket.line
        if line is None or not ticket.queued:
            return False
        group = line.group
        line.tickets.leave(ticket)
        line.by_priority[ticket.call.priority] -= 1
        if line.entry is None and not line.tickets.waiting:
            del group.lines[line.key]
        group.waiting -= 1
        self.waiting -= 1
        if not group.waiting:
            group.forget()
            del self.groups[group.key]
        if self._mirrors is not None:
            mirror = self._mirrors[ticket.tenant]
            mirror.leave(ticket)
            if not mirror.waiting:
                del self._mirrors[ticket.tenant]
        if not self.waiting:
            self._shares.clear()
        return group.held is ticket and group.waiting > 0

    def release(self) -> None:
        """Let all that is held be asked for again: something was given back."""
        for group in self.groups.values():
            group.held = None

    def ahead_of(self, ticket: Ticket) -> int:
        """How many surely go before a call that is made now: its tenant's, of its priority and of better ones.

        What a gate holds back may go later, unless it is in the call's own group.
        """
        own, ahead = self._key(ticket.call), 0
        for group in self.groups.values():
            if group.held is None or group.key == own:
                for high in (True, False):
                    line = group.lines.get((ticket.tenant, high))
                    if line is not None:
                        levels = line.by_priority.items()
                        ahead += sum(count for level, count in levels if level <= ticket.call.priority)
        return ahead

    def last(self, newcomer: Ticket) -> Ticket:
        """Who goes without a place when there is none left.

        It is the last ticket of the tenant that has most waiting for its weight, the newcomer counted too; of several
        such tenants the one that would go last.
        """
        mirrors = self._mirrors or {}
        counts = {tenant: mirror.waiting for tenant, mirror in mirrors.items()}
        counts[newcomer.tenant] = counts.get(newcomer.tenant, 0) + 1
        loads = {tenant: count / self._shares.weight(tenant) for tenant, count in counts.items()}
        most = max(loads.values())
        lowest = [mirrors[tenant].head for tenant, load in loads.items() if load == most and tenant in mirrors]
        if loads[newcomer.tenant] == most:
            lowest.append(newcomer)
        return max(
            (ticket for ticket in lowest if ticket is not None), key=lambda ticket: ticket.rank, default=newcomer
        )
