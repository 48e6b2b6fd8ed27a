"""Tickets and the queue they wait in: ``asyncio.PriorityQueue``, with dead tickets skipped and swept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.lanes import Grant
    from ipfs_accel_async.lines import Line

Rank = tuple[float, int]
"""Submission time (or deadline) plus priority times aging, then the order of arrival: lower goes first."""


class Ticket:
    """A call's place in a queue.

    Attributes:
        high: Whether it may use what is reserved for high priority.
        tenant: Whose share of the places it uses.
        rank: Set on admission.
        line: The line that it waits in.
        grant: Set in the step that resolves `future`.
        queued: Whether it is counted as waiting. One that was cancelled stays where it is until it surfaces.
    """

    __slots__ = ("call", "future", "grant", "high", "line", "queued", "rank", "tenant")

    def __init__(self, call: Call, future: asyncio.Future[None], high: bool, tenant: str) -> None:
        self.call = call
        self.future = future
        self.high = high
        self.tenant = tenant
        self.rank: Rank = (0.0, 0)
        self.line: Line | None = None
        self.grant: Grant | None = None
        self.queued = False

    @property
    def live(self) -> bool:
        """Whether somebody still waits for it: a cancelled task's future is done before the task runs again."""
        return self.queued and not self.future.done()


class TicketQueue:
    """Tickets by rank; never blocks, never compares calls."""

    __slots__ = ("_head", "_queue", "waiting")

    def __init__(self) -> None:
        self._queue: asyncio.PriorityQueue[tuple[Rank, Ticket]] = asyncio.PriorityQueue()
        self._head: tuple[Rank, Ticket] | None = None
        self.waiting = 0

    @property
    def kept(self) -> int:
        """Tickets in memory, the dead ones included."""
        return self._queue.qsize() + (self._head is not None)

    def put(self, ticket: Ticket) -> None:
        """Queue a ticket by its rank, which no other ticket has."""
        entry = (ticket.rank, ticket)
        if self._head is not None and entry[0] < self._head[0]:
            entry, self._head = self._head, entry
        self._queue.put_nowait(entry)
        ticket.queued = True
        self.waiting += 1

    @property
    def head(self) -> Ticket | None:
        """The live ticket that goes next; it stays."""
        while self._head is None or not self._head[1].live:
            if self._queue.empty():
                self._head = None
                return None
            self._head = self._queue.get_nowait()
        return self._head[1]

    def leave(self, ticket: Ticket) -> None:
        """Count a ticket no more, wherever it is; sweep when most are dead, so that they leave no memory behind."""
        ticket.queued = False
        self.waiting -= 1
        if self._head is not None and self._head[1] is ticket:
            self._head = None
        elif self._queue.qsize() > 2 * self.waiting + 16:
            live: asyncio.PriorityQueue[tuple[Rank, Ticket]] = asyncio.PriorityQueue()
            while not self._queue.empty():
                entry = self._queue.get_nowait()
                if entry[1].queued:
                    live.put_nowait(entry)
            self._queue = live
