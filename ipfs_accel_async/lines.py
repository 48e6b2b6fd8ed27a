"""Tickets that a gate lets go or holds back together, in lines by tenant."""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING

from ipfs_accel_async.tickets import Rank, Ticket, TicketQueue

if TYPE_CHECKING:
    import asyncio

    from ipfs_accel_async.policy.fair import Shares

Entry = tuple[float, Rank, int, "Line"]
"""Start of the line's tenant, rank of its head, and a number, so that no two lines are ever compared."""


class Line:
    """Tickets of one tenant in one group: those that may use what is reserved, or the others."""

    __slots__ = ("by_priority", "entry", "group", "key", "tenant", "tickets")

    def __init__(self, group: Group, tenant: str, high: bool) -> None:
        self.group = group
        self.tenant = tenant
        self.key = (tenant, high)
        self.tickets = TicketQueue()
        self.by_priority: Counter[int] = Counter()
        self.entry: Entry | None = None


class Group:
    """What one refusal of a gate holds back: the tickets of one model, and of one key where calls name it.

    Attributes:
        held: The ticket that a gate has told to wait, and all behind it; not those that come before it meanwhile.
        timer: Asks again at the instant that the gate named.
    """

    __slots__ = ("_serial", "_shares", "held", "high", "key", "lines", "others", "timer", "waiting")

    def __init__(self, key: tuple[str, str], shares: Shares) -> None:
        self.key = key
        self._shares = shares
        self._serial = 0
        self.lines: dict[tuple[str, bool], Line] = {}
        self.high: list[Entry] = []  # heaps, whose entries may be out of date: their lines know which one counts
        self.others: list[Entry] = []
        self.held: Ticket | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.waiting = 0

    def put(self, ticket: Ticket) -> None:
        """Queue a ticket."""
        key = (ticket.tenant, ticket.high)
        line = self.lines.get(key)
        if line is None:
            line = self.lines[key] = Line(self, *key)
        head = line.tickets.head
        ticket.line = line
        line.tickets.put(ticket)
        line.by_priority[ticket.call.priority] += 1
        self.waiting += 1
        if head is None or ticket.rank < head.rank:
            heapq.heappush(self.high if ticket.high else self.others, self._entry(line, ticket))

    def best(self, *, high: bool) -> Entry | None:
        """The entry of the line that goes next; of those of high priority alone, where only they may."""
        first = self._first(self.high)
        second = None if high else self._first(self.others)
        return min(first, second) if first is not None and second is not None else first or second

    def forget(self) -> None:
        """Nothing waits in it: leave no timer behind."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def _first(self, heap: list[Entry]) -> Entry | None:
        """The entry of a heap's first line.

        A line's key only grows, and when its first ticket changes for a better one the line is entered anew: so what is
        at the top and up to date is the least of all.
        """
        while heap:
            entry = heap[0]
            line = entry[3]
            if entry is not line.entry:
                heapq.heappop(heap)
                continue
            head = line.tickets.head
            if head is None:
                heapq.heappop(heap)
                line.entry = None
                if not line.tickets.waiting:
                    del self.lines[line.key]
            elif (entry[0], entry[1]) == (self._shares.start(line.tenant), head.rank):
                return entry
            else:
                heapq.heapreplace(heap, self._entry(line, head))
        return None

    def _entry(self, line: Line, head: Ticket) -> Entry:
        self._serial += 1
        line.entry = (self._shares.start(line.tenant), head.rank, self._serial, line)
        return line.entry
