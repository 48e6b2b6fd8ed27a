"""Single flight: equal calls under way share one request."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from ipfs_accel_async.errors import DeadlineExceededError, QueueFullError
from ipfs_accel_async.middleware.cache import READING, lifetime
from ipfs_accel_async.middleware.flight import Flight
from ipfs_accel_async.partition import UnkeyableError, identity

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.settings import Settings
    from ipfs_accel_async.types import Target

    Form: TypeAlias = tuple[Hashable, tuple[Target, ...], int | None]

SAMPLED = frozenset({"chat", "complete", "complete_batch"})
"""Operations whose answers are drawn: equal calls want one answer each, unless they ask for a repeatable one."""

REPEATABLE = frozenset(
    {"classify", "count_tokens", "detokenize", "embed", "moderate", "rerank", "similarity", "tokenize"}
)

UNSHARED = frozenset({"off", "write-only"})
"""Modes of the cache in which a caller wants an answer made for it alone."""


class Coalesce:
    """Lets equal calls that are under way at once share one request, and its answer.

    Shared are calls whose answers are the same each time: embeddings and their kin, chats with temperature 0 or a
    seed, and whatever may be answered from the cache. Calls are equal when the cache's key is, and their fallbacks.
    The request runs in a task of its own, in the context of the first caller. Each caller keeps its own deadline and
    its own cancellation; when the last one has left, the request is cancelled. An answer of the service, an error too,
    is for all; what ends the first caller alone (its deadline, its place in the queue) is not: another one asks anew.

    Args:
        settings_for: Settings of a provider.
        caching: Whether any provider's answers may come from a cache.
        gathered: Whether equal calls share a place in a gathered request further in: they pass through here.
    """

    def __init__(
        self,
        settings_for: Callable[[str], Settings],
        *,
        caching: bool = False,
        gathered: Callable[[Call], bool] = lambda _: False,
    ) -> None:
        self._settings_for = settings_for
        self._gathered = gathered
        self._caching = caching
        self._flights: dict[Form, Flight] = {}
        self._tasks: dict[asyncio.Task[Result], None] = {}  # in the order in which they began
        self.led = 0
        self.shared = 0

    @property
    def under_way(self) -> int:
        """Requests that run."""
        return len(self._tasks)

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call` with the answer to an equal one, if one is under way."""
        if call.operation in SAMPLED:
            asked = call.payload
            if not self._caching and asked.temperature != 0 and asked.seed is None:  # type: ignore[attr-defined]
                return next(call)
        elif call.operation not in REPEATABLE and not self._caching:
            return next(call)
        if not self._caching and self._gathered(call):
            return next(call)
        settings = self._settings_for(call.target.provider)
        return self._share(call, settings, next) if self._shareable(call, settings) else next(call)

    def _shareable(self, call: Call, settings: Settings) -> bool:
        stream = call.payload.stream
        if not settings.single_flight or not call.idempotent or call.options.cache in UNSHARED:
            return False
        if stream and (stream is not True or not settings.replay_bytes):
            return False
        if self._caching and (call.options.cache or settings.cache) in READING and lifetime(call, settings):
            return True
        if call.operation in SAMPLED:
            asked = call.payload
            return asked.temperature == 0 or asked.seed is not None  # type: ignore[attr-defined]
        return call.operation in REPEATABLE

    async def _share(self, call: Call, settings: Settings, next: Handler) -> Result:  # noqa: A002
        try:
            form = (identity(call), call.fallbacks, call.options.max_retries)
        except (UnkeyableError, RecursionError):
            return await next(call)  # type: ignore[no-any-return]
        asked_anew, latest = False, call.deadline
        while True:
            flight = self._flights.get(form)
            led = flight is None or flight.call.priority > call.priority  # who is urgent does not wait for who is not
            if flight is None or led:
                flight = self._begin(
                    form, call if latest <= call.deadline else replace(call, deadline=latest), settings
                )
                self._own(flight.begin(next))
            else:
                self.shared += 1
            try:
                answer = await flight.answer(call, led=led)
                if answer is not None:
                    return answer
            except (DeadlineExceededError, QueueFullError) as error:
                late = isinstance(error, DeadlineExceededError)
                if led or asked_anew or (late and call.deadline <= flight.call.deadline):
                    raise
                asked_anew, latest = True, max(call.deadline, flight.latest)

    def _begin(self, form: Form, call: Call, settings: Settings) -> Flight:
        self.led += 1
        flight = self._flights[form] = Flight(call, settings, lambda: self._retire(form, flight))
        return flight

    def _own(self, task: asyncio.Task[Result]) -> None:
        self._tasks[task] = None
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Result]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled():
            task.exception()  # whoever wanted it may have left

    def _retire(self, form: Form, flight: Flight) -> None:
        if self._flights.get(form) is flight:
            del self._flights[form]

    async def aclose(self) -> None:
        """End the requests that are left, when the client is closed: nobody waits for them any more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
