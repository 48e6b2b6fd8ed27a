"""Where calls of one key wait for each other: what goes out, when, and how many requests are under way."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.batching.members import Batch, Member, asking
from ipfs_accel_async.errors import AccelError, ClientClosedError, QueueFullError
from ipfs_accel_async.policy.batch import SHARE, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ipfs_accel_async.batching.rules import Rules
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler


class Gathering:
    """The calls of one key.

    What is decided is decided at the end of a step of the loop, when all who are in that step have come.

    Args:
        rules: What a request takes.
        next: What answers it.
        tags: Of the requests: the tenant's.
        counted: Told of each request that several members shared: its members.
        empty: Called when nobody waits and nothing is under way.

    Attributes:
        flying: Requests under way, or in the queue.
    """

    def __init__(
        self,
        rules: Rules,
        next: Handler,  # noqa: A002
        tags: Mapping[str, str],
        counted: Callable[[Sequence[Member]], None],
        empty: Callable[[], None],
    ) -> None:
        self.rules = rules
        self.next = next
        self.tags = tags
        self.counted = counted
        self.loop = asyncio.get_running_loop()
        self.flying = 0
        self.batches: set[Batch] = set()
        self._empty = empty
        self._waiting: dict[Member, None] = {}
        self._items = self._tokens = self._bytes = 0
        self._soon: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self._context = Context()

    def admit(self, call: Call) -> None:
        """Let a call come.

        Raises:
            QueueFullError: As much waits as the queue may hold of full requests.
        """
        if self._items >= self.rules.most_waiting:
            raise QueueFullError(
                f"the queue is full: {self._items} items wait to be sent; raise queue_size, or send less at once",
                target=call.target,
                request_id=call.request_id,
                phase="queue",
            )

    def join(self, member: Member) -> None:
        """Wait for others, at most for the batch's timeout."""
        rules = self.rules
        self._waiting[member] = None
        self._items += member.items
        self._tokens += member.tokens
        self._bytes += member.bytes
        if self._soon is None and self.flying < rules.places:
            full = self._items >= SHARE or rules.bounds.reached(self._items, self._tokens, self._bytes)
            if full or not self.flying:
                self._soon = self.loop.call_soon(self._send, context=self._context)
            elif self._timer is None:
                self._timer = self.loop.call_later(rules.timeout, self._due, context=self._context)

    def leave(self, member: Member) -> None:
        """Wait no more, wherever it is; harmless once it was answered."""
        if member in self._waiting:
            self._drop(member)
            self._rest()
        elif member.batch is not None:
            member.batch.leave(member)
        elif member.alone:
            self.landed(None)

    def landed(self, _: Any) -> None:
        """A request has ended: its place is free for what gathered meanwhile."""
        self.flying -= 1
        self.batches = {batch for batch in self.batches if not batch.task.done()}
        if self._waiting and self._soon is None:
            self._soon = self.loop.call_soon(self._send, context=self._context)
        self._rest()

    def halve(self, members: Sequence[Member]) -> None:
        """Send the two halves of a refused request each by itself, at once: one of them has what was refused."""
        middle = len(members) // 2
        for half in (members[:middle], members[middle:]):
            if half:
                self._launch(half)

    def close(self) -> None:
        """Refuse what waits."""
        for member in list(self._waiting):
            self._drop(member)
            member.answer(
                ClientClosedError(
                    "the client was closed while the call waited for others",
                    target=member.call.target,
                    request_id=member.call.request_id,
                    phase="queue",
                )
            )
        self._rest()

    def end(self) -> list[asyncio.Task[None]]:
        """Cancel the requests that are under way; their tasks."""
        tasks = [batch.task for batch in self.batches]
        if self._asking is not None:
            tasks.append(self._asking)
        for task in tasks:
            task.cancel()
        return tasks

    def _due(self) -> None:
        self._timer = None
        self._send(due=True)

    def _send(self, *, due: bool = False) -> None:
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        rules, waiting = self.rules, list(self._waiting)
        if self._learns(waiting):
            return
        if len({member.call.priority for member in waiting}) > 1:
            aging = rules.aging
            waiting.sort(key=lambda member: member.call.submitted + member.call.priority * aging)
        for members in plan(waiting, rules.bounds, flying=self.flying, places=rules.places, due=due):
            for member in members:
                self._drop(member)
            self._launch(members)
        if self._timer is not None and (not self._waiting or self.flying >= rules.places):
            self._timer.cancel()
            self._timer = None
        elif self._timer is None and self._waiting and self.flying < rules.places:
            self._timer = self.loop.call_later(rules.timeout, self._due, context=self._context)
        self._rest()

    def _learns(self, waiting: Sequence[Member]) -> bool:
        """Whether the server is being asked for its bounds: before the first request that it could find too large."""
        if self._asking is None and self.rules.told_by and len(waiting) > 1:
            self._asking = self.loop.create_task(self._learn(waiting[0].call), context=Context())
            self._asking.add_done_callback(self._learnt)
        return self._asking is not None

    async def _learn(self, call: Call) -> None:
        rules = self.rules
        asked = asking(call, rules.told_by)
        try:
            answer = await self.next(asked)
            rules.learn(answer.raw if isinstance(answer.raw, dict) else {})
        except AccelError:
            rules.told_by = ""  # it says nothing of them: what is usual holds

    def _learnt(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled() and not task.exception():
            self._send()
        self._rest()

    def _launch(self, members: Sequence[Member]) -> None:
        self.flying += 1
        first = members[0]
        if len(members) == 1 and first.whole:
            first.alone = True
            first.answer(None)
        else:
            self.batches.add(Batch(self, members))

    def _drop(self, member: Member) -> None:
        del self._waiting[member]
        self._items -= member.items
        self._tokens -= member.tokens
        self._bytes -= member.bytes

    def _rest(self) -> None:
        if self.flying or self._waiting or self._asking is not None:
            return
        for handle in (self._timer, self._soon):
            if handle is not None:
                handle.cancel()
        self._timer = self._soon = None
        self._empty()
