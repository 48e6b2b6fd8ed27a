"""One timer of the loop for the deadlines of many calls: a timer of each call's own is a sixth of what a call costs."""

from __future__ import annotations

import asyncio
from contextvars import Context
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ipfs_accel_async.middleware.scope import Scope

SPARE = 64
"""Entries of scopes that were left, beyond as many as are open, before they are cleared away."""
NEVER = float("inf")


class Timers:
    """Scopes that end at instants of their own.

    Who leaves in time only leaves an entry, which is cleared away with others.
    """

    def __init__(self) -> None:
        self._open: dict[Scope, int] = {}  # in the order in which they were entered
        self._due: dict[int, Scope] = {}
        self._entries: list[tuple[float, int]] = []  # without the scope, which knows its task, and that its result
        self._serial = 0
        self._at = NEVER
        self._timer: asyncio.TimerHandle | None = None
        self._context = Context()  # not that of the call which happens to arm it

    def __len__(self) -> int:
        """Scopes that are open."""
        return len(self._open)

    def __iter__(self) -> Iterator[Scope]:
        """Scopes that are open."""
        return iter(list(self._open))

    def enter(self, scope: Scope, at: float) -> None:
        """End `scope`, which was entered, at an instant of the loop's time."""
        self._serial = self._open[scope] = serial = self._serial + 1
        if at < NEVER:
            self._due[serial] = scope
            heappush(self._entries, (at, serial))
            if at < self._at:
                self._arm(at)

    def leave(self, scope: Scope) -> None:
        """A scope is left, in time or not."""
        still = self._open
        self._due.pop(still.pop(scope, 0), None)
        if not still:
            self._entries.clear()
            self._arm(NEVER)
        elif len(self._entries) > 2 * len(still) + SPARE:
            self._entries = [entry for entry in self._entries if entry[1] in self._due]
            heapify(self._entries)

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._at = at
        if at == NEVER:
            self._timer = None
        else:
            self._timer = asyncio.get_running_loop().call_at(at, self._ring, context=self._context)

    def _ring(self) -> None:
        now = max(asyncio.get_running_loop().time(), self._at)  # a loop rings within the resolution of its clock
        entries = self._entries
        while entries and (entries[0][0] <= now or entries[0][1] not in self._due):
            scope = self._due.pop(heappop(entries)[1], None)
            if scope is not None:
                scope.end()
        self._arm(entries[0][0] if entries else NEVER)
