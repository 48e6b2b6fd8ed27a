"""Where calls of one key wait for each other: what goes out, when, and how many requests are under way."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING

from ipfs_accel_async.batching.bounds import ask_bounds
from ipfs_accel_async.batching.request import Batch
from ipfs_accel_async.errors import ClientClosedError, QueueFullError
from ipfs_accel_async.policy.batch import plan
from ipfs_accel_async.policy.spreading import Crowd

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from ipfs_accel_async.batching.members import Member
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
        self.batches: dict[Batch, None] = {}  # in the order in which they went
        self._empty = empty
        self._waiting: dict[Member, None] = {}
        self._places: dict[Hashable, Member] = {}
        self._aloft = self._enough = 0
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
        if member.same is not None:
            self._places[member.same] = member
        self._waiting[member] = None
        self._items += member.items
        self._tokens += member.tokens
        self._bytes += member.bytes
        if self._soon is None and self.flying < rules.places:
            full = rules.bounds.reached
            if not self.flying or self._items >= self._enough or full(self._items, self._tokens, self._bytes):
                self._soon = self.loop.call_soon(self._send, context=self._context)
            elif self._timer is None:
                self._timer = self.loop.call_later(rules.timeout, self._due, context=self._context)

    def shares(self, member: Member) -> bool:
        """Whether an equal one waits or is under way, whose place `member` now shares."""
        found = self._places.get(member.same)
        return found is not None and found.take(member)

    def leave(self, member: Member) -> asyncio.Task[None] | None:
        """Wait no more, wherever it is; harmless once it was answered.

        Returns:
            The task of the request, where that was cancelled as nobody waits for it any more.
        """
        place = member.first or member
        wanted = place.lose(member)
        batch = place.batch
        if batch is not None:
            batch.tell(member)
        if wanted:
            return None
        self.forget(place)
        if place in self._waiting:
            self._drop((place,))
            self._rest()
        elif batch is not None:
            batch.leave(place)
            return batch.task if batch.task.cancelling() else None
        elif place.alone:
            place.alone = False
            self.landed(place.items)
        return None

    def forget(self, member: Member) -> None:
        """Let no other one share its place from now on."""
        if member.same is not None and self._places.get(member.same) is member:
            del self._places[member.same]

    def landed(self, items: int, batch: Batch | None = None) -> None:
        """A request of so many items has ended: its place is free for what gathered meanwhile."""
        self.flying -= 1
        self._bear(-items)
        if batch is not None:
            del self.batches[batch]
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
        waiting = list(self._waiting)
        self._drop(waiting)
        for member in waiting:
            self.forget(member)
            for one in member.waiters():
                why = "the client was closed while the call waited for others"
                call = one.call
                one.answer(ClientClosedError(why, target=call.target, request_id=call.request_id, phase="queue"))
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
        if len({member.priority for member in waiting}) > 1:
            aging = rules.aging
            waiting.sort(key=lambda member: member.call.submitted + member.priority * aging)
        share = rules.spreading.share(self._items, self._aloft, rules.places)
        leaving = plan(waiting, rules.bounds, share, flying=self.flying, places=rules.places, due=due)
        together = len(leaving) > 1 and not self.flying
        crowd = Crowd(len(leaving), rules.spreading) if together else None
        for members in leaving:
            self._drop(members)
            self._launch(members, crowd)
        if self._timer is not None and (not self._waiting or self.flying >= rules.places):
            self._timer.cancel()
            self._timer = None
        elif self._timer is None and self._waiting and self.flying < rules.places:
            self._timer = self.loop.call_later(rules.timeout, self._due, context=self._context)
        self._rest()

    def _learns(self, waiting: Sequence[Member]) -> bool:
        """Whether the server is being asked for its bounds."""
        if self._asking is None and self.rules.told_by and len(waiting) > 1:
            asked = ask_bounds(waiting[0].call, self.rules, self.next)
            self._asking = self.loop.create_task(asked)
            self._asking.add_done_callback(self._learnt)
        return self._asking is not None

    def _learnt(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled():
            self._send(due=True)
        self._rest()

    def _launch(self, members: Sequence[Member], crowd: Crowd | None = None) -> None:
        self.flying += 1
        self._bear(sum([member.items for member in members]))
        first = members[0]
        if len(members) == 1 and first.whole and first.same is None:
            first.alone = True
            first.answer(None)
        else:
            self.batches[Batch(self, members, crowd)] = None

    def _bear(self, items: int) -> None:
        """So many items more are under way."""
        self._aloft += items
        self._enough = self.rules.spreading.enough(self._aloft, self.rules.places)

    def _drop(self, members: Sequence[Member]) -> None:
        if len(members) == len(self._waiting):
            self._waiting.clear()
            self._items = self._tokens = self._bytes = 0
            return
        for member in members:
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
