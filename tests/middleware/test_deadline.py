"""Deadline: one over everything, and its error says where the time went."""

from __future__ import annotations

import asyncio

import pytest

from ipfs_accel_async.answers import Delta
from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import DeadlineExceededError, RequestTimeoutError
from ipfs_accel_async.middleware.deadline import Deadline
from tests.doubles import Handler, a_call, a_dispatcher, a_stream, quiet


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        ("queue", DeadlineExceededError),
        ("backoff", DeadlineExceededError),
        ("first byte", RequestTimeoutError),
        ("body", RequestTimeoutError),
    ],
)
async def test_the_error_names_the_phase(phase: str, kind: type[Exception]) -> None:
    """Never sent: DeadlineExceededError; under way: RequestTimeoutError; both are TimeoutErrors at the deadline."""

    async def slow(call: Call) -> None:
        call.trace.phase = phase
        await asyncio.sleep(1_000)

    with pytest.raises(kind) as caught:
        await Deadline()(a_call(timeout=5), slow)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.phase == phase  # type: ignore[attr-defined]
    assert asyncio.get_running_loop().time() == 5


async def test_a_ticket_expires_in_the_queue() -> None:
    """A call whose deadline passes in the queue fails then, is never sent, and leaves no ticket behind."""
    dispatcher, handler = a_dispatcher(max_concurrent_requests=1), Handler(60)
    first = asyncio.ensure_future(dispatcher(a_call(), handler))
    await asyncio.sleep(0)
    with pytest.raises(DeadlineExceededError):
        await Deadline()(a_call(timeout=5), lambda call: dispatcher(call, handler))
    assert asyncio.get_running_loop().time() == 5
    await first
    assert len(handler.started) == 1
    assert quiet(dispatcher)


async def test_a_timeout_error_from_inside_is_not_taken_for_the_deadline() -> None:
    """A TimeoutError that somebody else raised passes unchanged."""

    async def other(_: Call) -> None:
        raise TimeoutError("a connect timeout of the user's own layer")

    with pytest.raises(TimeoutError, match="own layer"):
        await Deadline()(a_call(), other)


async def test_the_callers_own_timeout_wins() -> None:
    """An asyncio.timeout around the call ends it as a plain TimeoutError of that scope, leaving no cancellation."""
    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(5):
            await Deadline()(a_call(timeout=5), Handler(60))
    assert not isinstance(caught.value, RequestTimeoutError)
    assert task.cancelling() == 0


async def test_a_stream_is_bound_by_the_same_deadline() -> None:
    """Reading past the deadline fails in the phase total, closes the source, and keeps what came."""
    stream, source = a_stream([Delta("one")], [Delta("two")], [Delta("three")], pause=2.0)

    async def streaming(_: Call) -> object:
        return stream

    reply = await Deadline()(a_call(timeout=5), streaming)
    assert reply is stream
    got = []
    with pytest.raises(RequestTimeoutError) as caught:
        async for delta in stream:
            got.append(delta.text)
    assert (got, caught.value.phase) == (["one", "two"], "total")
    assert asyncio.get_running_loop().time() == 5
    assert source.closed == 1
    assert stream.partial.text == "onetwo"
