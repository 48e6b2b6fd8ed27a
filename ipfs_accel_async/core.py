"""The one abstraction: a handler takes a call and gives an answer; middleware wraps handlers.

Unary answers and streams share one path: an :class:`Answer` is complete when made, a :class:`Flow` when closed, and
:func:`settle` tells a guard the outcome exactly once, whichever it was.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ipfs_accel_async.answers import Answer
from ipfs_accel_async.call import Call, Outcome
from ipfs_accel_async.errors import outcome_of
from ipfs_accel_async.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Iterable

Result: TypeAlias = Answer | Flow[Any]
Handler: TypeAlias = Callable[[Call], Awaitable[Any]]


class Middleware(Protocol):
    """A layer: does its part before, after or instead of `next`."""

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002 - the field's word for it
        """Answer `call`, with the help of `next`."""


def stack(middleware: Iterable[Middleware], terminal: Handler) -> Handler:
    """One handler of many layers, the first of `middleware` outermost."""
    handler = terminal
    for layer in reversed(list(middleware)):
        handler = partial(layer, next=handler)
    return handler


async def settle(reply: Awaitable[Result], done: Callable[[Outcome], None]) -> Result:
    """Await `reply` and call `done` exactly once: on error, on return, or when a stream is closed."""
    try:
        answer = await reply
    except BaseException as error:
        done(Outcome(outcome_of(error), error))
        raise
    if isinstance(answer, Flow):
        answer.on_close(done)
    else:
        done(Outcome("ok", None, answer))
    return answer
