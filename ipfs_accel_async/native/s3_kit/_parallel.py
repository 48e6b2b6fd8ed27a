"""Several workers on one queue of work: bounded, and the first failure is the failure."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from ipfs_accel_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

T = TypeVar("T")


async def workers(count: int, work: Callable[[], Awaitable[None]]) -> None:
    """Run the same work several times at once; when one fails the others are cancelled and its error is raised.

    Raises:
        InvalidRequestError: `count` is below 1.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InvalidRequestError(f"parallel is a whole number from 1, not {count!r}")
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(_awaited(work))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def each(items: Iterable[T], count: int, work: Callable[[T], Awaitable[None]]) -> None:
    """Do one thing with each item, `count` at a time."""
    left = iter(items)

    async def one() -> None:
        for item in left:
            await work(item)

    await workers(count, one)


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()
