"""A call that waits for others, or a part of one; equal calls share one place."""

from __future__ import annotations

import copy
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import AccelError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Hashable, Iterable, Iterator

    from ipfs_accel_async.batching.request import Batch
    from ipfs_accel_async.call import Call


class Member:
    """A call that waits for others, or a part of one that is too large for a request.

    Args:
        call: The call.
        payload: What of it goes into this request.
        weight: Its items, tokens and bytes.
        future: Gets the answer; None where the call is to go by itself.
        whole: Whether `payload` is all of the call.
        same: What it has in common with its equals, who may share its place; None: nobody may.

    Attributes:
        alone: Whether it goes by itself.
        batch: The request that carries it.
        context: In which its request is made if it shares that with none but its equals.
        first: The member in whose place it is; None: it has its own.
        gone: Whether it waits no more, though others in its place may.
        late: Whether it came when the request had gone with an earlier deadline than its own.
        priority: The best of all in its place.
        sharers: Who else is in its place.
    """

    __slots__ = (
        "alone",
        "batch",
        "bytes",
        "call",
        "context",
        "first",
        "future",
        "gone",
        "items",
        "late",
        "payload",
        "priority",
        "same",
        "sharers",
        "tokens",
        "whole",
    )

    def __init__(
        self,
        call: Call,
        payload: Any,
        weight: tuple[int, int, int],
        future: asyncio.Future[Any],
        *,
        whole: bool,
        same: Hashable | None = None,
    ) -> None:
        self.call = call
        self.payload = payload
        self.items, self.tokens, self.bytes = weight
        self.future = future
        self.whole = whole
        self.same = same
        self.priority = call.priority
        self.context = None if same is None else copy_context()
        self.alone = self.gone = self.late = False
        self.batch: Batch | None = None
        self.first: Member | None = None
        self.sharers: dict[Member, None] | None = None

    def take(self, other: Member) -> bool:
        """Let an equal one share this place; not if it is in more of a hurry than the request that has gone."""
        if self.batch is not None:
            if self.batch.priority > other.priority:
                return False
            other.late = other.call.deadline > self.batch.deadline
        elif other.priority < self.priority:
            self.priority = other.priority
        if self.sharers is None:
            self.sharers = {}
        self.sharers[other] = None
        other.first = self
        return True

    def lose(self, member: Member) -> bool:
        """`member` waits no more in this place; whether others do."""
        if member is self:
            self.gone = True
        elif self.sharers:
            self.sharers.pop(member, None)
        return not self.gone or bool(self.sharers)

    def waiters(self) -> list[Member]:
        """Who waits in this place, in the order in which they came."""
        own = [] if self.gone else [self]
        return own if self.sharers is None else [*own, *self.sharers]

    def answer(self, made: Any) -> None:
        """Hand over the answer, or raise its own error, unless nobody waits any more."""
        self.batch = None
        if self.future.done():
            return
        if isinstance(made, BaseException):
            self.future.set_exception(made)
        else:
            self.future.set_result(made)


def waiters(places: Iterable[Member]) -> Iterator[Member]:
    """Who waits in any of these places, none of which is left by all."""
    for place in places:
        if place.sharers is None:
            yield place
        else:
            yield from place.waiters()


def own_error(error: Exception, call: Call) -> Exception:
    """The error of a shared request as one caller's own: several tasks must not raise one exception."""
    try:
        own = copy.copy(error)
    except Exception:  # noqa: BLE001 - of a kind that cannot be copied
        return error
    own.__cause__, own.__suppress_context__ = error.__cause__, True
    if isinstance(own, AccelError):
        own.request_id = call.request_id
        own.trace = None
    return own
