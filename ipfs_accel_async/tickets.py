"""Tickets and the queue they wait in: ``asyncio.PriorityQueue``, with dead tickets skipped and swept."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.lanes import Grant

Rank = tuple[float, int]
"""Submission time plus priority times aging, then the order of arrival: lower goes first."""


class Ticket:
    """A call's place in a queue.

    Attributes:
        rank: Set on admission.
        grant: Set in the step that resolves `future`.
        queued: Whether the queue still counts it. A ticket that was cancelled stays where it is until it surfaces.
    """

    __slots__ = ("call", "future", "grant", "queued", "rank")

    def __init__(self, call: Call, future: asyncio.Future[None]) -> None:
        self.call = call
        self.future = future
        self.rank: Rank = (0.0, 0)
        self.grant: Grant | None = None
        self.queued = False

    @property
    def live(self) -> bool:
        """Whether somebody still waits for it: a cancelled task's future is done before the task runs again."""
        return self.queued and not self.future.done()


class TicketQueue:
    """Tickets by rank; never blocks, never compares calls.

    Args:
        mirrored: Keep the order from the other end too, for :meth:`lowest`.
    """

    def __init__(self, *, mirrored: bool = False) -> None:
        self._queue: asyncio.PriorityQueue[tuple[Rank, Ticket]] = asyncio.PriorityQueue()
        self._head: tuple[Rank, Ticket] | None = None
        self._mirror: list[tuple[float, int, Ticket]] | None = [] if mirrored else None
        self._by_priority: Counter[int] = Counter()
        self.waiting = 0

    @property
    def held(self) -> int:
        """Tickets in memory, the dead ones included."""
        return self._queue.qsize() + (self._head is not None)

    def put(self, ticket: Ticket) -> None:
        """Queue a ticket by its rank, which no other ticket has."""
        entry = (ticket.rank, ticket)
        if self._head is not None and entry[0] < self._head[0]:
            entry, self._head = self._head, entry
        self._queue.put_nowait(entry)
        if self._mirror is not None:
            heapq.heappush(self._mirror, (-ticket.rank[0], -ticket.rank[1], ticket))
        ticket.queued = True
        self.waiting += 1
        self._by_priority[ticket.call.priority] += 1

    def ahead_of(self, priority: int) -> int:
        """How many surely go before a call that is made now: those of its priority, and of better ones."""
        return sum(count for level, count in self._by_priority.items() if level <= priority)

    @property
    def head(self) -> Ticket | None:
        """The live ticket that goes next; it stays."""
        while self._head is None or not self._head[1].live:
            if self._head is not None:
                self._forget(self._head[1])
            if self._queue.empty():
                self._head = None
                return None
            self._head = self._queue.get_nowait()
        return self._head[1]

    def take(self) -> Ticket:
        """Remove and give the live ticket that goes next.

        Raises:
            asyncio.QueueEmpty: None waits.
        """
        ticket = self.head
        if ticket is None:
            raise asyncio.QueueEmpty
        self._head = None
        self._forget(ticket)
        return ticket

    def lowest(self) -> Ticket | None:
        """The live ticket that would go last; it stays."""
        while self._mirror and not self._mirror[0][2].live:
            heapq.heappop(self._mirror)
        return self._mirror[0][2] if self._mirror else None

    def drop(self, ticket: Ticket) -> None:
        """Let a ticket die where it is; sweep when most are dead, so that cancelled calls leave no memory behind."""
        self._forget(ticket)
        if self._queue.qsize() > 2 * self.waiting + 16:
            live: asyncio.PriorityQueue[tuple[Rank, Ticket]] = asyncio.PriorityQueue()
            while not self._queue.empty():
                entry = self._queue.get_nowait()
                if entry[1].queued:
                    live.put_nowait(entry)
            self._queue = live

    def _forget(self, ticket: Ticket) -> None:
        if not ticket.queued:
            return
        ticket.queued = False
        self.waiting -= 1
        self._by_priority[ticket.call.priority] -= 1
        if self._mirror is not None and len(self._mirror) > 2 * self.waiting + 16:
            self._mirror = [entry for entry in self._mirror if entry[2].queued]
            heapq.heapify(self._mirror)
