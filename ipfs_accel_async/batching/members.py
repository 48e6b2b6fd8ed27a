"""A call that waits for others, or a part of one, and the request that carries several of them."""

from __future__ import annotations

import copy
import uuid
from contextvars import Context
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.call import Call
from ipfs_accel_async.errors import AccelError, BadRequestError, ClientClosedError, InvalidRequestError
from ipfs_accel_async.trace import Trace
from ipfs_accel_async.types import NativeRequest

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from ipfs_accel_async.batching.gathering import Gathering


class Member:
    """A call that waits for others, or a part of one that is too large for a request.

    Args:
        call: The call.
        payload: What of it goes into this request.
        weight: Its items, tokens and bytes.
        future: Gets the answer; None where the call is to go by itself.

    Attributes:
        alone: Whether it goes by itself.
        batch: The request that carries it.
    """

    __slots__ = ("alone", "batch", "bytes", "call", "future", "items", "payload", "tokens", "whole")

    def __init__(
        self, call: Call, payload: Any, weight: tuple[int, int, int], future: asyncio.Future[Any], *, whole: bool
    ) -> None:
        self.call = call
        self.payload = payload
        self.items, self.tokens, self.bytes = weight
        self.future = future
        self.whole = whole
        self.alone = False
        self.batch: Batch | None = None

    def answer(self, made: Any) -> None:
        """Hand over the answer, or raise its own error, unless nobody waits any more."""
        self.batch = None
        if self.future.done():
            return
        if isinstance(made, BaseException):
            self.future.set_exception(made)
        else:
            self.future.set_result(made)


class Batch:
    """One request with the items of several members. It has a task, as no member's own end may end it.

    Args:
        gathering: Where its members waited.
        members: Whose items it carries, in their order.
    """

    def __init__(self, gathering: Gathering, members: Sequence[Member]) -> None:
        self._gathering = gathering
        self._members = members
        self._live = len(members)
        self._others = len({id(member.call) for member in members}) - 1
        self.trace = Trace()
        self.request_id = str(uuid.uuid4())
        self._since = gathering.loop.time()
        for member in members:
            member.batch = self
        # an empty context: what one caller has set there is no other caller's business
        self.task = gathering.loop.create_task(self._run(), context=Context())
        self.task.add_done_callback(gathering.landed)

    def leave(self, member: Member) -> None:
        """A member waits no more; when the last one has gone, so has the request."""
        member.batch = None
        self._tell(member)
        self._live -= 1
        if not self._live:
            self.task.cancel()

    async def _run(self) -> None:
        members = [member for member in self._members if member.batch is self]
        rules = self._gathering.rules
        try:
            answer = await self._gathering.next(self._call(members))
            made: Sequence[Any] = rules.form.answers(answer, members)
        except (BadRequestError, InvalidRequestError) as error:
            if len(members) < 2:
                self._fail(members, error)
                return
            left = [member for member in members if member.batch is self]  # what was refused may be theirs who left
            for member in left:
                self._tell(member)
            self._gathering.halve(left)
        except Exception as error:  # noqa: BLE001 - whatever it is, each member raises it
            spared = rules.form.spared(error, members)
            if spared is None:
                self._fail(members, error)
            else:
                self._deliver(members, spared)
        except BaseException:
            self._fail(members, ClientClosedError("the client was closed while this call was under way"))
            raise
        else:
            if self._others:
                self._gathering.counted(members)
            self._deliver(members, made)

    def _call(self, members: Sequence[Member]) -> Call:
        rules, first = self._gathering.rules, members[0].call
        return Call(
            operation=rules.form.operation or first.operation,
            target=first.target,
            payload=rules.form.merged([member.payload for member in members]),
            priority=min(member.call.priority for member in members),
            deadline=max(member.call.deadline for member in members),
            submitted=min(member.call.submitted for member in members),
            request_id=self.request_id,
            idempotent=first.idempotent,
            tags=self._gathering.tags,
            trace=self.trace,
            options=first.options,
        )

    def _deliver(self, members: Sequence[Member], made: Sequence[Any]) -> None:
        for member, own in zip(members, made, strict=True):
            if member.batch is self:
                self._tell(member)
                member.answer(own_error(own, member.call) if isinstance(own, Exception) else own)

    def _fail(self, members: Sequence[Member], error: Exception) -> None:
        self._deliver(members, [error] * len(members))

    def _tell(self, member: Member) -> None:
        """Write down in the member's trace what happened to the request."""
        trace, ours = member.call.trace, self.trace
        trace.phase = ours.phase
        trace.attempts += ours.attempts
        trace.queue_seconds += ours.queue_seconds + max(self._since - member.call.submitted, 0.0)
        trace.tries += ours.tries
        if self._others:
            trace.batch = (self.request_id, self._others, self._since)


def asking(call: Call, operation: str) -> Call:
    """The call that asks a server for its bounds, in time for a call that waits for them."""
    return Call(
        operation=operation,
        target=call.target,
        payload=NativeRequest(),
        priority=call.priority,
        deadline=call.deadline,
        submitted=call.submitted,
        request_id=str(uuid.uuid4()),
        tags=call.tags,
        options=call.options,
    )


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
