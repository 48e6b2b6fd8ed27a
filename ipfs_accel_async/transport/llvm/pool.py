"""The worker processes: so many at once, started when needed, replaced when broken."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import ClientClosedError
from ipfs_accel_async.transport.llvm.process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MAX_OBJECTS = 256
"""A worker that linked so many objects is replaced: what is linked stays in its memory."""

MAX_ENDING = 64


class Pool:
    """Lends workers, first come first served.

    Args:
        size: How many run at once.
        memory_limit: Cap on each one's address space in bytes; 0 is none.
    """

    def __init__(self, size: int, memory_limit: int) -> None:
        self.size = size
        self._memory_limit = memory_limit
        self._permits = asyncio.Semaphore(size)
        self._idle: list[WorkerProcess] = []
        self._lent: set[WorkerProcess] = set()
        self._ending: set[WorkerProcess] = set()
        self._closed = False
        self.started = 0
        self.facts: dict[str, str] = {}

    @property
    def running(self) -> int:
        """Workers that are ready or at work."""
        return len(self._idle) + len(self._lent)

    @asynccontextmanager
    async def lease(self, *, once: bool = False) -> AsyncIterator[WorkerProcess]:
        """Lend a worker.

        It is ended with the lease when its call was left unanswered (cancelled, too long, crashed).

        Args:
            once: Whether to end it in any case: foreign code may have left anything behind in it.

        Raises:
            ConfigError: No worker can be started.
            ClientClosedError: The pool is closed.
        """
        async with self._permits:
            worker = await self._take()
            try:
                yield worker
            finally:
                self._lent.discard(worker)
                if once or worker.busy or self._closed or len(worker.objects) >= MAX_OBJECTS:
                    self._end(worker)
                else:
                    self._idle.append(worker)

    async def _take(self) -> WorkerProcess:
        while self._idle and not self._closed:
            worker = self._idle.pop()
            if worker.alive:
                self._lent.add(worker)
                return worker
            self._end(worker)
        if self._closed:
            raise ClientClosedError("the LLVM engine is closed")
        worker = await WorkerProcess.start(self._memory_limit)
        self._lent.add(worker)
        try:
            await worker.ready()
            if self._closed:
                raise ClientClosedError("the LLVM engine is closed")
        except BaseException:
            self._lent.discard(worker)
            self._end(worker)
            raise
        self.started += 1
        self.facts = worker.facts
        return worker

    def _end(self, worker: WorkerProcess) -> None:
        worker.kill()
        if len(self._ending) > MAX_ENDING:  # the dead among so many died long enough ago for their pipes to be closed
            self._ending = {ending for ending in self._ending if ending.alive}
        self._ending.add(worker)

    async def aclose(self) -> None:
        """End every worker, at work or not, and wait until they are gone. Idempotent."""
        self._closed = True
        for worker in [*self._idle, *self._lent]:
            self._end(worker)
        self._idle.clear()
        for worker in list(self._ending):
            await worker.ended()
        self._ending.clear()
