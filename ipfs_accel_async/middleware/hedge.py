"""Ask a second time when the first answer is slower than almost all others, and take whichever comes first."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from ipfs_accel_async.policy.window import Samples

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.policy.budget import RetryBudget
    from ipfs_accel_async.types import Target

LATEST = 128
FEWEST = 20
QUANTILE = 0.95
MAX_SCOPES = 1_000


class Hedge:
    """Sends a second attempt beside one that has taken longer than 95 of 100 do, for calls that may be sent twice.

    It stands inside retry, so that each attempt may be hedged, and outside breaker and dispatcher, so that the second
    one has permits and a key of its own. It is sent only when there is a free place for it and the retry budget has
    something left: it never waits, and displaces nobody. The first good answer wins; the other attempt is cancelled,
    which blames nobody. When both fail, the error of the first one is raised.

    Args:
        wanted: Whether calls to a provider are hedged.
        budget_for: The retry budget of a target's endpoint.
        room: Whether a call to a target would go at once.
        told: Told of each second attempt, and whether it won.
    """

    def __init__(
        self,
        wanted: Callable[[str], bool],
        budget_for: Callable[[Target], RetryBudget],
        room: Callable[[Target], bool],
        told: Callable[[Call, bool], None],
    ) -> None:
        self._wanted = wanted
        self._budget_for = budget_for
        self._room = room
        self._told = told
        self._latency: OrderedDict[tuple[str, str, str, str], Samples] = OrderedDict()

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call`, by its first or its second attempt.

        Raises:
            AccelError: The error of the first attempt.
        """
        hedged = call.idempotent and not call.payload.stream and self._wanted(call.target.provider)
        return self._measured(call, next) if hedged else next(call)

    async def _measured(self, call: Call, next: Handler) -> Result:  # noqa: A002
        samples = self._samples(call)
        if samples.count < FEWEST:
            answer: Result = await next(call)
        else:
            answer = await self._hedged(call, next, samples.quantile(QUANTILE))
        attempt = call.trace.current
        if attempt is not None and attempt.sent is not None:
            # of a hedged call too from its first attempt on: the slow ones that lost must not vanish from the figures
            samples.add(asyncio.get_running_loop().time() - attempt.sent)
        return answer

    async def _hedged(self, call: Call, next: Handler, patience: float) -> Result:  # noqa: A002
        loop, trace = asyncio.get_running_loop(), call.trace
        trace.current = None  # what stands there is an earlier attempt
        first = loop.create_task(_side(next, call))
        sides = [first]
        second = None
        try:
            if await _slow(first, call, patience) and self._may(call.target, loop.time()):
                second = call.beside()
                second.trace.hedge = True
                second.trace.attempts = trace.attempts
                second.trace.avoid = trace.key
                sides.append(loop.create_task(_side(next, second)))
            best = await _best(sides)
            if second is not None:
                self._told(call, best is not first)
            return best.result()
        finally:
            await _end(sides)
            if second is not None:
                trace.attempts = max(trace.attempts, second.trace.attempts)
                trace.queue_seconds += second.trace.queue_seconds

    def _may(self, target: Target, now: float) -> bool:
        return self._room(target) and self._budget_for(target).try_withdraw(now)

    def _samples(self, call: Call) -> Samples:
        target = call.target
        scope = (target.provider, target.endpoint, target.model, call.operation)
        found = self._latency.get(scope)
        if found is None:
            if len(self._latency) >= MAX_SCOPES:
                self._latency.popitem(last=False)
            found = self._latency[scope] = Samples(LATEST)
        else:
            self._latency.move_to_end(scope)
        return found


async def _side(next: Handler, call: Call) -> Result:  # noqa: A002
    return await next(call)  # type: ignore[no-any-return]


async def _slow(first: asyncio.Task[Result], call: Call, patience: float) -> bool:
    """Wait until the first attempt has ended, or has been under way for so long; time in the queue is not its own."""
    time = asyncio.get_running_loop().time
    while not first.done():
        attempt, now = call.trace.current, time()
        due = (now if attempt is None or attempt.sent is None else attempt.sent) + patience
        if due <= now:
            return True
        await asyncio.wait((first,), timeout=due - now)
    return False


async def _best(sides: list[asyncio.Task[Result]]) -> asyncio.Task[Result]:
    """The one that answers first; if none does, the first one."""
    while True:
        for side in sides:
            if side.done() and not side.cancelled() and side.exception() is None:
                return side
        pending = [side for side in sides if not side.done()]
        if not pending:
            return sides[0]
        await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)


async def _end(sides: list[asyncio.Task[Result]]) -> None:
    """Cancel what still runs and see it end, so that its permits are back and no task is left."""
    for side in sides:
        side.add_done_callback(_heard)
    left = [side for side in sides if side.cancel()]
    if left:
        await asyncio.wait(left)


def _heard(side: asyncio.Task[Result]) -> None:
    if not side.cancelled():
        side.exception()  # the other one was taken: nobody else asks for it
