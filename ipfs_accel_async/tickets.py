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


STEP = 64
"""Entries that are looked at when a ticket leaves: no sweep takes long, and each is over before the next one begins."""


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


class Heap(asyncio.PriorityQueue[tuple[Rank, Ticket]]):
    """Entries by rank; the one that stands last may go too, as what is before it is a heap without it."""

    _queue: list[tuple[Rank, Ticket]]

    def least(self) -> tuple[Rank, Ticket] | None:
        """The first entry, which stays; None if there is none."""
        return self._queue[0] if self._queue else None

    def last(self) -> tuple[Rank, Ticket]:
        """Take what stands last, whatever its rank."""
        return self._queue.pop()


class TicketQueue:
    """Tickets by rank; never blocks, never compares calls.

    When most of it is dead it is swept, a few entries a step: the living move over to an empty heap.

    Args:
        sign: -1 for the order from the other end.
    """

    __slots__ = ("_head", "_queue", "_sign", "_swept", "waiting")

    def __init__(self, sign: int = 1) -> None:
        self._sign = sign
        self._queue = Heap()
        self._swept = Heap()
        self._head: tuple[Rank, Ticket] | None = None
        self.waiting = 0

    @property
    def kept(self) -> int:
        """Tickets in memory, the dead ones included."""
        return self._queue.qsize() + self._swept.qsize() + (self._head is not None)

    def put(self, ticket: Ticket) -> None:
        """Queue a ticket by its rank, which no other ticket has."""
        entry = ((ticket.rank[0] * self._sign, ticket.rank[1] * self._sign), ticket)
        if self._head is not None and entry[0] < self._head[0]:
            entry, self._head = self._head, entry
        self._queue.put_nowait(entry)
        ticket.queued = True
        self.waiting += 1

    @property
    def head(self) -> Ticket | None:
        """The live ticket that goes next; it stays."""
        while self._head is None or not self._head[1].live:
            new, old = self._queue.least(), self._swept.least()
            if new is None and old is None:
                self._head = None
                return None
            first = self._swept if new is None or (old is not None and old < new) else self._queue
            self._head = first.get_nowait()
        return self._head[1]

    def leave(self, ticket: Ticket) -> None:
        """Count a ticket no more, wherever it is; sweep while most are dead, so that they leave no memory behind."""
        ticket.queued = False
        self.waiting -= 1
        if self._head is not None and self._head[1] is ticket:
            self._head = None
        elif self._swept.empty() and self._queue.qsize() > 2 * self.waiting + 16:
            self._queue, self._swept = self._swept, self._queue
        for _ in range(min(STEP, self._swept.qsize())):
            entry = self._swept.last()
            if entry[1].queued:
                self._queue.put_nowait(entry)
