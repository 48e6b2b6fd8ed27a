"""The micro-batcher: calls that one request can carry wait for each other, for no longer than that pays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ipfs_accel_async.batching.gathering import Gathering
from ipfs_accel_async.batching.members import Member
from ipfs_accel_async.errors import DeadlineExceededError, InvalidRequestError
from ipfs_accel_async.middleware.coalesce import UNSHARED
from ipfs_accel_async.policy.batch import cuts
from ipfs_accel_async.types import NOTHING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.batching.rules import Rulebook, Rules
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.types import Payload

GATHERED = frozenset({"embed", "rerank", "similarity", "classify", "moderate", "complete", "infer", "delete"})
"""Names of the operations that some provider can gather; all others pass through."""


class Batcher:
    """Middleware that puts the items of several callers into one request.

    Never together: calls of another operation, provider, address, model, parameters, tenant (the tag ``tenant``) or
    key. It stands inside fallback, so each call keeps its own targets, deadline, priority and cancellation, and
    outside retry, so a request that fails is sent again as it is.

    Args:
        rules: What is gathered, and how much.
        held: The description of a call's model, where one was fetched already.
        counted: Told of each request that several calls shared: one of them, and how many there were.

    Attributes:
        led: Calls that had a place which equal ones may share.
        shared: Calls that shared the place of an equal one.
    """

    def __init__(
        self,
        rules: Rulebook,
        held: Callable[[Call], Answer | None],
        counted: Callable[[Call, int], None],
    ) -> None:
        self._rules = rules
        self._held = held
        self._counted = counted
        self._gatherings: dict[Hashable, Gathering] = {}
        self.led = self.shared = 0
        self._asked: tuple[Call, Rules, Hashable, Hashable] | None = None

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call`, alone or with others."""
        if call.operation not in GATHERED:
            return next(call)
        asked, self._asked = self._asked, None
        if asked is not None and asked[0] is call:  # single flight has just asked
            return self._join(call, call.payload, *asked[1:], next)
        rules = self._rules.of(call)
        if rules is None:
            return next(call)
        payload = self._fitted(call) if rules.described else call.payload
        key = None if payload is None else rules.form.key(payload)
        if payload is None or key is None:
            return next(call)
        same = rules.form.same(payload) if _shareable(call, rules) else None
        return self._join(call, payload, rules, key, same, next)

    def shares(self, call: Call) -> bool:
        """Whether equal calls share a place here, at each of their targets: single flight has nothing to do then."""
        if call.operation not in GATHERED:
            return False
        if call.fallbacks:
            return all(self._shares(call.with_target(target)) for target in (call.target, *call.fallbacks))
        return self._shares(call)

    def _shares(self, call: Call) -> bool:
        rules, payload = self._rules.of(call), call.payload
        if rules is None or rules.described or not _shareable(call, rules):
            return False
        form = rules.form
        key, same = form.key(payload), form.same(payload)
        if key is None or same is None:
            return False
        if len(form.items(payload)) > 1 and rules.bounds.exceeded(*form.weigh(payload)):
            return False
        self._asked = (call, rules, key, same)
        return True

    def close(self) -> None:
        """Refuse all that waits for others. Idempotent."""
        for gathering in list(self._gatherings.values()):
            gathering.close()

    async def aclose(self) -> None:
        """End every request that is under way. Idempotent."""
        tasks = [task for gathering in list(self._gatherings.values()) for task in gathering.end()]
        if tasks:
            await asyncio.wait(tasks)

    async def _join(
        self,
        call: Call,
        payload: Payload,
        rules: Rules,
        key: Hashable,
        same: Hashable,
        next: Handler,  # noqa: A002
    ) -> Result:
        gathering = self._gathering(call, rules, key, next)
        form = rules.form
        weight = form.weigh(payload)
        if weight[0] > 1 and rules.bounds.exceeded(*weight):
            gathering.admit(call)
            return await _in_parts(call, payload, gathering)
        asked_anew = False
        while True:
            member = Member(call, payload, weight, gathering.loop.create_future(), whole=True, same=same)
            if same is not None and gathering.shares(member):
                self.shared += 1
            else:
                gathering.admit(call)
                gathering.join(member)
                self.led += same is not None
            try:
                answer = await member.future
                break
            except DeadlineExceededError:  # of the request: this call may have time left for one of its own
                if asked_anew or not member.late:
                    raise
                asked_anew = True
            except BaseException:
                ended = gathering.leave(member)
                if ended is not None:
                    await asyncio.wait((ended,))  # it has given back what it held
                raise
        if answer is not None:
            return answer  # type: ignore[no-any-return]
        try:
            return await next(call)  # type: ignore[no-any-return]
        finally:
            gathering.landed(member.items)

    def _fitted(self, call: Call) -> Payload | None:
        """The payload as the model takes it; None where that is not known yet, or its rows cannot be stacked."""
        codec, description = self._rules.codec(call), self._held(call)
        if description is None or not codec.stacks(call, description):
            return None
        try:
            return codec.fitted(call, description)
        except InvalidRequestError:
            return None  # the layer below asks for a fresh description before it refuses

    def _gathering(self, call: Call, rules: Rules, own: Hashable, next: Handler) -> Gathering:  # noqa: A002
        tenant, wishes = call.tags.get("tenant", ""), call.options
        # the rules are those of one operation, provider and address
        key = (rules, call.target.model, tenant, wishes.key, wishes.max_retries, call.idempotent, own)
        found = self._gatherings.get(key)
        if found is None:
            found = self._gatherings[key] = Gathering(
                rules,
                next,
                {"tenant": tenant} if tenant else NOTHING,
                lambda members: self._counted(members[0].call, len(members)),
                lambda: self._forget(key),
            )
        return found

    def _forget(self, key: Hashable) -> None:
        self._gatherings.pop(key, None)


def _shareable(call: Call, rules: Rules) -> bool:
    return rules.single_flight and call.idempotent and call.options.cache not in UNSHARED


async def _in_parts(call: Call, payload: Payload, gathering: Gathering) -> Answer:
    """A call that is too large for one request, in several; all of them, or its first error."""
    form, bounds = gathering.rules.form, gathering.rules.bounds
    pieces = [form.cut(payload, start, stop) for start, stop in cuts(form.weights(payload), bounds)]
    parts = [Member(call, one, form.weigh(one), gathering.loop.create_future(), whole=False) for one in pieces]
    try:
        for part in parts:
            gathering.join(part)
        return form.joined(payload, [await part.future for part in parts])
    except BaseException:
        for part in parts:
            gathering.leave(part)
            if not part.future.cancel() and not part.future.cancelled():
                part.future.exception()  # the call has one error: its first
        raise
