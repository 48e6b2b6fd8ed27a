"""The exact cache in the stack: one layer looks, one keeps, and what runs between them runs for a miss only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from ipfs_accel_async.flow import Flow
from ipfs_accel_async.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ipfs_accel_async.answers import Answer, Delta
    from ipfs_accel_async.cache.exact import Cache
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.settings import Settings

READING = ("on", "read-only")
WRITING = ("on", "write-only")
_PIECES = ("events", "bytes")


class Lookup:
    """Answers a call from the cache: a hit costs no place, no key and no token.

    Args:
        cache: The client's.
        settings_for: Settings of a provider.
    """

    def __init__(self, cache: Cache, settings_for: Callable[[str], Settings]) -> None:
        self._cache = cache
        self._settings_for = settings_for

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call` by what is kept, else by `next`."""
        settings = self._settings_for(call.target.provider)
        if (call.options.cache or settings.cache) not in READING or not lifetime(call, settings):
            return next(call)
        return self._look(call, next)

    async def _look(self, call: Call, next: Handler) -> Result:  # noqa: A002
        found = await self._cache.find(call, call.options.max_age)
        if found is None:
            call.trace.cache = "miss"
            return await next(call)  # type: ignore[no-any-return]
        call.trace.cache = "hit"
        if isinstance(found, Flow):
            call.trace.first_delta_at = asyncio.get_running_loop().time()
        return found


class Keep:
    """Keeps what comes from below; inside single flight, so that a shared answer is kept once.

    Args:
        cache: The client's.
        settings_for: Settings of a provider.
    """

    def __init__(self, cache: Cache, settings_for: Callable[[str], Settings]) -> None:
        self._cache = cache
        self._settings_for = settings_for

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call` by `next`, and keep a whole answer: of a stream when it has been read to its end."""
        settings = self._settings_for(call.target.provider)
        ttl = lifetime(call, settings)
        if (call.options.cache or settings.cache) not in WRITING or not ttl:
            return next(call)
        return self._keep(call, next, ttl, settings)

    async def _keep(self, call: Call, next: Handler, ttl: float, settings: Settings) -> Result:  # noqa: A002
        answer: Result = await next(call)
        if isinstance(answer, Stream):
            answer.idle = settings.stream_idle_timeout
            recording = Recording(answer, call, self._cache, ttl, settings.replay_bytes)
            return answer.beside(recording, call)
        if not isinstance(answer, Flow) and await self._cache.keep(call, answer, ttl):
            call.trace.cache = "stored"
        return answer


class Keeper(Protocol):
    """Where whole answers go."""

    async def keep(self, call: Call, answer: Answer, ttl: float, deltas: Sequence[Delta] = ()) -> bool:
        """Keep an answer for `ttl` seconds, if it may be given again; whether it is kept."""


class Recording:
    """A stream's source that keeps what was read of another stream, if that was all of it.

    Args:
        stream: The other stream.
        call: The call that it answers.
        cache: Where to keep it.
        ttl: Seconds.
        most: Bytes beyond which it is not kept.
    """

    def __init__(self, stream: Stream, call: Call, cache: Keeper, ttl: float, most: int) -> None:
        self._stream = stream
        self._call = call
        self._cache = cache
        self._ttl = ttl
        self._room = most
        self._deltas: list[Delta] = []

    async def read(self) -> Sequence[Delta]:
        """The next deltas."""
        deltas = await self._stream.batch()
        self._room -= sum(map(weight, deltas))
        if self._room >= 0:
            self._deltas += deltas
        else:
            self._deltas.clear()
        return deltas

    async def aclose(self) -> None:
        """Close the stream, and keep it if it came to its end."""
        stream, deltas = self._stream, self._deltas
        await stream.aclose()
        if stream.ended and deltas and await self._cache.keep(self._call, stream.partial, self._ttl, deltas):
            self._call.trace.cache = "stored"
        self._deltas = []


def lifetime(call: Call, settings: Settings) -> float:
    """Seconds that answers of a call's operation are kept; none where it has effects, or comes as events or bytes."""
    if not call.idempotent or call.payload.stream in _PIECES:
        return 0.0
    return settings.lifetime(call.operation)


def weight(delta: Delta) -> int:
    """Roughly the bytes that a delta holds."""
    return 100 + 2 * (len(delta.text) + len(delta.reasoning) + sum(len(one.arguments) for one in delta.tool_calls))
