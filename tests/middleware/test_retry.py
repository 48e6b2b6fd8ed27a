"""Retry: what is sent again, when, and when not."""

from __future__ import annotations

import asyncio
import random

import pytest

from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import (
    AccelError,
    AuthenticationError,
    BadRequestError,
    CircuitOpenError,
    DeadlineExceededError,
    OverloadedError,
    RateLimitError,
    ServerError,
)
from ipfs_accel_async.middleware.retry import Retry
from ipfs_accel_async.policy.backoff import Backoff
from tests.doubles import Handler, a_call, a_reply


def a_retry(max_retries: int = 5, **backoff: float) -> tuple[Retry, list[AccelError]]:
    """A retry layer without jitter, and what it reports."""
    told: list[AccelError] = []
    policy = (max_retries, Backoff(jitter=0, **backoff))
    return Retry(lambda _: policy, random.Random(1), lambda call, error: told.append(error)), told


def failing(*errors: Exception) -> Handler:
    """A handler that fails so many times and then answers."""
    left = list(errors)
    return Handler(0, lambda call: left.pop(0) if left else a_reply(call))


async def test_waits_grow_from_one_second_to_sixteen() -> None:
    """Five retries wait 1, 2, 4, 8 and 16 seconds: the contract's defaults."""
    retry, told = a_retry()
    handler = failing(*(ServerError("down") for _ in range(5)))
    await retry(a_call(), handler)
    assert asyncio.get_running_loop().time() == 1 + 2 + 4 + 8 + 16
    assert len(told) == 5
    assert len(handler.started) == 6


async def test_the_last_error_comes_through_as_it_is() -> None:
    """When no retry is left, the last error itself is raised, with the number of attempts."""
    retry, _ = a_retry(max_retries=2)
    errors = [ServerError(str(n)) for n in range(3)]
    with pytest.raises(ServerError) as caught:
        await retry(a_call(), failing(*errors))
    assert caught.value is errors[2]


@pytest.mark.parametrize("error", [BadRequestError("no"), AuthenticationError("no"), CircuitOpenError("no")])
async def test_what_cannot_help_is_sent_once(error: AccelError) -> None:
    """Errors that say they are not retryable are raised at once."""
    retry, _ = a_retry()
    handler = failing(error)
    with pytest.raises(type(error)):
        await retry(a_call(), handler)
    assert len(handler.started) == 1


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyError("bug"), MemoryError()])
async def test_strangers_are_never_retried(error: BaseException) -> None:
    """Cancellation, bugs and a full memory pass through."""
    retry, _ = a_retry()
    handler = failing(error)  # type: ignore[arg-type]
    with pytest.raises(type(error)):
        await retry(a_call(), handler)
    assert len(handler.started) == 1


async def test_a_call_that_must_not_be_sent_twice_is_not() -> None:
    """A call that is not idempotent is never repeated."""
    retry, _ = a_retry()
    handler = failing(ServerError("down"))
    with pytest.raises(ServerError):
        await retry(a_call(idempotent=False), handler)
    assert len(handler.started) == 1


async def test_retry_after_is_the_least_wait() -> None:
    """A service that asks for 7 seconds gets at least 7, and at most a tenth more."""
    retry, _ = a_retry()
    await retry(a_call(), failing(RateLimitError("slow", retry_after=7.0)))
    assert 7.0 <= asyncio.get_running_loop().time() <= 7.7


async def test_more_patience_than_configured_is_an_error_that_says_how_much() -> None:
    """A Retry-After above the cap is not waited for: the error carries it."""
    retry, _ = a_retry()
    with pytest.raises(RateLimitError) as caught:
        await retry(a_call(), failing(RateLimitError("slow", retry_after=3_600.0)))
    assert caught.value.retry_after == 3_600.0
    assert asyncio.get_running_loop().time() == 0


async def test_no_sleep_that_ends_after_the_deadline() -> None:
    """When the next attempt would come too late the call fails now, with the last error as the cause."""
    retry, _ = a_retry()
    with pytest.raises(DeadlineExceededError) as caught:
        await retry(a_call(timeout=5.0), failing(OverloadedError("busy", status=503, retry_after=6.0)))
    assert asyncio.get_running_loop().time() == 0
    assert isinstance(caught.value.__cause__, OverloadedError)
    assert (caught.value.phase, caught.value.status, caught.value.retry_after) == ("backoff", 503, 6.0)


async def test_cancelling_the_wait_ends_the_call() -> None:
    """A call cancelled between attempts is not sent again."""
    retry, _ = a_retry()
    handler = failing(ServerError("down"))
    task = asyncio.ensure_future(retry(a_call(), handler))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(handler.started) == 1


async def test_the_phase_says_that_it_waits() -> None:
    """While it sleeps, the call's phase is backoff."""
    retry, _ = a_retry()
    calls: list[Call] = []
    left = [ServerError("down")]

    async def handler(call: Call) -> object:
        calls.append(call)
        if left:
            raise left.pop()
        return a_reply(call)

    task = asyncio.ensure_future(retry(a_call(), handler))
    await asyncio.sleep(0.5)
    assert calls[0].trace.phase == "backoff"
    await task
