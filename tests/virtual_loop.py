"""An event loop on which waiting costs nothing: its clock jumps to the next timer."""

from __future__ import annotations

import asyncio
import math
import selectors
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

STUCK_THREAD = 30.0  # real seconds before work in a thread counts as lost
STRAY_THREAD = 5.0  # the same for threads that the loop did not start and cannot count


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[valid-type,misc]
    """Polls the real selector and, where that would block, moves the loop's clock instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self._loop.threads_at_work:
            return self._await_thread(STUCK_THREAD)
        if self._loop.jump_to_next_timer():
            return ready
        if threading.active_count() > 1:
            return self._await_thread(STRAY_THREAD)
        raise RuntimeError("deadlock: every task waits, and no timer, callback or thread can wake one")

    def _await_thread(self, seconds: float) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(seconds)
        if not ready:
            raise RuntimeError(f"deadlock: no thread has answered in {seconds:g} real seconds")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, for tests.

    ``time()`` starts at 0.0 and stands still while callbacks run. When none is ready it moves at once to the
    due time of the next timer that is not cancelled, exactly, so ``asyncio.sleep(3600)`` ends at 3600.0.
    The clock waits for ``run_in_executor`` and ``asyncio.to_thread``. It does not wait for sockets: tests
    that use them carry the ``sockets`` marker and get the ordinary loop.

    Raises:
        RuntimeError: out of the run, beginning with "deadlock:", when nothing could ever wake a task.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self.threads_at_work = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock without running anything, as a callback that computes for so long would."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._now += seconds

    def jump_to_next_timer(self) -> bool:
        """Move the clock to the next live timer; False when there is none."""
        # The base loop has just dropped cancelled timers from the head of the heap, so the head is live.
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        if not scheduled:
            return False
        self._now = max(self._now, scheduled[0].when())
        # Far from zero the next float is further away than the base loop's tolerance for "due".
        self._clock_resolution = max(1e-9, math.ulp(self._now))
        return True

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future: asyncio.Future[Any] = super().run_in_executor(executor, func, *args)
        self.threads_at_work += 1
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        self.threads_at_work += 1  # it joins the workers from a thread of its own
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self.threads_at_work -= 1

    def _thread_done(self, _: asyncio.Future[Any]) -> None:
        self.threads_at_work -= 1
