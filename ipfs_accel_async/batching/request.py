"""The request that carries the items of several members, and what each of them is given of its answer."""

from __future__ import annotations

from contextvars import Context
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.batching.members import own_error, waiters
from ipfs_accel_async.call import Call, new_id
from ipfs_accel_async.errors import BadRequestError, ClientClosedError, InvalidRequestError
from ipfs_accel_async.middleware.sharing import answer_for
from ipfs_accel_async.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipfs_accel_async.batching.gathering import Gathering
    from ipfs_accel_async.batching.members import Member
    from ipfs_accel_async.policy.spreading import Crowd


class Batch:
    """One request with the items of several members. It has a task, as no member's own end may end it.

    That of one member alone is its call as it is, in its context.

    Args:
        gathering: Where its members waited.
        members: Whose items it carries, in their order.
        crowd: The requests that left together with it, when nothing else was under way; None if there are none.

    Attributes:
        items: How many it carries.
        priority: The best of its members'.
        deadline: The latest of theirs.
    """

    def __init__(self, gathering: Gathering, members: Sequence[Member], crowd: Crowd | None = None) -> None:
        self._gathering = gathering
        self._members = members
        self._crowd = crowd
        self._live = len(members)
        self._since = gathering.loop.time()
        self.items = sum([member.items for member in members])
        self.priority = min([member.priority for member in members])
        self._is_lone = len(members) == 1 and members[0].whole
        self._shared: tuple[str, int, float] | None = None
        self._call = self._lone(members[0]) if self._is_lone else self._merged(members)
        self.deadline = self._call.deadline
        self.trace = self._call.trace
        for member in members:
            member.batch = self
        # else an empty context: what one caller has set there is no other caller's business
        context = (members[0].context if len(members) == 1 else None) or Context()
        self.task = gathering.loop.create_task(self._run(), context=context)
        self.task.add_done_callback(lambda _: gathering.landed(self.items, self))

    def leave(self, place: Member) -> None:
        """Nobody waits in a place any more; when that was the last one, the request is cancelled."""
        place.batch = None
        self._live -= 1
        if not self._live:
            self.task.cancel()

    def tell(self, member: Member) -> None:
        """Write down in a member's trace what happened to the request."""
        call, ours = member.call, self.trace
        trace = call.trace
        if trace is ours:
            return
        trace.phase = ours.phase
        if member.first is not None:
            trace.cache, trace.tries = "shared", ours.tries
            return
        trace.attempts += ours.attempts
        waited = self._since - call.submitted
        trace.queue_seconds += ours.queue_seconds + (waited if waited > 0 else 0.0)
        trace.tries += ours.tries
        if self._shared is not None:
            trace.batch = self._shared

    async def _run(self) -> None:
        members = [member for member in self._members if member.batch is self]
        form, call = self._gathering.rules.form, self._call
        try:
            if len(members) < len(self._members):
                call = replace(call, payload=form.merged([member.payload for member in members]))
            answer = await self._gathering.next(call)
            made: Sequence[Any] = [answer] if self._is_lone else form.answers(answer, members)
        except (BadRequestError, InvalidRequestError) as error:
            if len(members) < 2:
                self._fail(members, error)
                return
            left = [member for member in members if member.batch is self]  # what was refused may be theirs who left
            for one in waiters(left):
                self.tell(one)
            self._gathering.halve(left)
        except Exception as error:  # noqa: BLE001 - whatever it is, each member raises it
            spared = None if self._is_lone else form.spared(error, members)
            if spared is None:
                self._fail(members, error)
            else:
                self._deliver(members, spared)
        except BaseException:
            self._fail(members, ClientClosedError("the client was closed while this call was under way"))
            raise
        else:
            if self._crowd is not None:
                self._crowd.back(self._took())
            if self._shared is not None:
                self._gathering.counted(members)
            self._deliver(members, made)

    def _took(self) -> float:
        """Seconds on the wire and at the service: what this process did before and after says nothing of those."""
        attempt = self.trace.current
        if attempt is None or attempt.sent is None or attempt.received is None:
            return self._gathering.loop.time() - self._since
        return attempt.received - attempt.sent

    def _lone(self, member: Member) -> Call:
        """The call of one member as it is; its equals' deadline if that is later, and their hurry."""
        calls = [one.call for one in member.waiters()]
        call, latest = calls[0], max(one.deadline for one in calls)
        if call.deadline < latest or call.priority > self.priority:
            return replace(call, deadline=latest, priority=self.priority)
        return call

    def _merged(self, members: Sequence[Member]) -> Call:
        rules, first, request_id = self._gathering.rules, members[0].call, new_id()
        others = len({id(member.call) for member in members}) - 1
        if others:
            self._shared = (request_id, others, self._since)
        calls = [one.call for one in waiters(members)]
        return Call(
            operation=rules.form.operation or first.operation,
            target=first.target,
            payload=rules.form.merged([member.payload for member in members]),
            priority=self.priority,
            deadline=max([call.deadline for call in calls]),
            submitted=min([call.submitted for call in calls]),
            request_id=request_id,
            idempotent=first.idempotent,
            tags=self._gathering.tags,
            trace=Trace(),
            options=first.options,
        )

    def _deliver(self, members: Sequence[Member], made: Sequence[Any]) -> None:
        forget = self._gathering.forget
        for member, own in zip(members, made, strict=True):
            if member.batch is not self:
                continue
            forget(member)
            if member.sharers is None:
                self.tell(member)
                member.answer(own_error(own, member.call) if isinstance(own, Exception) else own)
            else:
                self._share(member, own)

    def _share(self, place: Member, own: Any) -> None:
        """The answer for the first who waits, with what it has cost; the others' say that they shared it."""
        place.batch = None
        first, *others = place.waiters()
        if first.first is not None:
            first.first = None  # who came first has left: from now on this one is it
            if not isinstance(own, Exception):
                own = replace(own, request_id=first.call.request_id)
        self.tell(first)
        for one in others:
            self.tell(one)
            one.answer(own_error(own, one.call) if isinstance(own, Exception) else answer_for(one.call, own))
        first.answer(own_error(own, first.call) if isinstance(own, Exception) else own)

    def _fail(self, members: Sequence[Member], error: Exception) -> None:
        self._deliver(members, [error] * len(members))
