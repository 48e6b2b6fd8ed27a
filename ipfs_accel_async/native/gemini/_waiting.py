"""Asking for an object again and again until it is ready: files that are processed, batches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import InvalidRequestError, RequestTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ipfs_accel_async.answers import NativeAnswer

GROWTH = 1.5
LONGEST = 60.0


async def until(
    ask: Callable[[], Awaitable[NativeAnswer]],
    ready: Callable[[NativeAnswer], bool],
    what: str,
    *,
    poll: float,
    timeout: float,
) -> NativeAnswer:
    """Ask until an object is ready.

    Args:
        ask: Fetches the object.
        ready: Judges it; raises for one that failed.
        what: Its name, for the error.
        poll: Seconds before the second request; the pause grows by half each time, up to a minute (or `poll`).
        timeout: Seconds for everything.

    Raises:
        RequestTimeoutError: The time is up; the object goes on without us.
        InvalidRequestError: `poll` or `timeout` is not above 0.
    """
    if not (poll > 0 and timeout > 0):
        raise InvalidRequestError("poll and timeout are seconds above 0")
    pause = poll
    scope = asyncio.timeout(timeout)
    try:
        async with scope:
            while True:
                answer = await ask()
                if ready(answer):
                    return answer
                await asyncio.sleep(pause)
                pause = max(poll, min(pause * GROWTH, LONGEST))
    except TimeoutError as error:
        if not scope.expired():
            raise  # the request's own
        message = f"{what} is not ready after {timeout:g} s: wait longer, or ask for it later"
        raise RequestTimeoutError(message, retryable=False, phase="wait") from error
