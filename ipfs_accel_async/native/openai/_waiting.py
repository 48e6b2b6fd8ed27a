"""Asking for an object again and again until it is done: batches, jobs, runs, files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import APIError, InvalidRequestError, RequestTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from ipfs_accel_async.answers import NativeAnswer

GROWTH = 1.5
LONGEST = 60.0


async def until(
    ask: Callable[[], Awaitable[NativeAnswer]],
    what: str,
    *,
    done: Collection[str],
    failed: Collection[str],
    poll: float,
    timeout: float,
) -> NativeAnswer:
    """Ask until the object's ``status`` is one of `done`; a status that is in neither list is waited out.

    Args:
        ask: Fetches the object.
        what: Its kind and id, for errors.
        done: Statuses to return with.
        failed: Statuses to raise for.
        poll: Seconds before the second request; the pause grows by half each time, up to a minute (or `poll`).
        timeout: Seconds for everything.

    Raises:
        APIError: It ended in one of `failed`; the message has the service's reason.
        RequestTimeoutError: The time is up; the object goes on without us.
        InvalidRequestError: `poll` or `timeout` is not above 0.
    """
    if not (poll > 0 and timeout > 0):
        raise InvalidRequestError("poll and timeout are seconds above 0")
    answer: NativeAnswer | None = None
    status = "unknown"
    pause = poll
    scope = asyncio.timeout(timeout)
    try:
        async with scope:
            while True:
                answer = await ask()
                status = str(answer.get("status"))
                if status in done:
                    return answer
                if status in failed:
                    said, code = _reason(answer.raw)
                    raise APIError(
                        f"{what} is {status}{said and ': '}{said}",
                        target=answer.target,
                        code=code or status,
                        request_id=answer.request_id,
                        provider_request_id=answer.provider_request_id,
                    )
                await asyncio.sleep(pause)
                pause = max(poll, min(pause * GROWTH, LONGEST))
    except TimeoutError as error:
        if not scope.expired():
            raise  # the request's own
        message = f"{what} is still {status} after {timeout:g} s: wait longer, or ask for it later"
        target = None if answer is None else answer.target
        raise RequestTimeoutError(message, target=target, retryable=False, phase="wait") from error


def _reason(found: Mapping[str, Any]) -> tuple[str, str]:
    """What an object says of its failure: each kind has its own place for it."""
    error: Any = found.get("error") or found.get("last_error") or found.get("status_details")
    errors = found.get("errors")
    if not error and isinstance(errors, dict) and errors.get("data"):
        error = errors["data"][0]
    if isinstance(error, dict):
        return str(error.get("message") or ""), str(error.get("code") or "")
    return str(error or ""), ""
