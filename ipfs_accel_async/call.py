"""A call on its way through the stack, and how it ended."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ipfs_accel_async.options import NO_WISHES, Options
from ipfs_accel_async.quick import quick
from ipfs_accel_async.trace import Trace
from ipfs_accel_async.types import NOTHING, Payload, Priority, Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import OutcomeKind
    from ipfs_accel_async.keys import Secret

__all__ = ["Call", "Outcome", "Trace", "new_id"]


def new_id() -> str:
    """A random UUID (version 4) as text; written here, as the standard library's takes four times as long."""
    made = os.urandom(16).hex()
    return f"{made[:8]}-{made[8:12]}-4{made[13:16]}-{'89ab'[int(made[16], 16) & 3]}{made[17:20]}-{made[20:]}"


@quick
@dataclass(frozen=True, slots=True)
class Call:
    """One call on its way through the stack.

    Args:
        operation: ``chat``, ``embed``, ``models`` or ``request``.
        target: Provider, model and endpoint.
        payload: What the codec turns into a body.
        priority: Place in the queue.
        deadline: In the loop's time; over queue, retries, failover and stream together.
        submitted: In the loop's time; a retry re-enters the queue with its old age.
        request_id: Sent as ``X-Request-ID``.
        idempotent: Whether sending it twice is harmless but for its price.
        tags: The caller's own labels.
        fallbacks: Targets to try when this one fails.
        key: Lent by the dispatcher for one attempt.
        options: The caller's wishes to the layers.
        trace: Where the call is.
    """

    operation: str
    target: Target
    payload: Payload
    priority: int = Priority.NORMAL
    deadline: float = float("inf")
    submitted: float = 0.0
    request_id: str = ""
    idempotent: bool = True
    tags: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    fallbacks: tuple[Target, ...] = ()
    key: Secret | None = None
    options: Options = NO_WISHES
    trace: Trace = field(default_factory=Trace, compare=False)

    @property
    def attempts(self) -> int:
        """How many times it has been sent."""
        return self.trace.attempts

    def with_key(self, key: Secret | None) -> Call:
        """The same call, with the key lent to this attempt."""
        return self._with(self.target, key)

    def granted(self, key: Secret | None, endpoint: str) -> Call:
        """The same call, with the key lent to this attempt, to the endpoint that was chosen for it."""
        target = self.target
        return self._with(Target(target.provider, target.model, endpoint), key)

    def with_target(self, target: Target) -> Call:
        """The same call to another target."""
        return self._with(target, None)

    def beside(self) -> Call:
        """The same call, to run beside this one: a place of its own in the trace, the same list of attempts."""
        other = self._with(self.target, None)
        object.__setattr__(other, "trace", self.trace.beside())
        return other

    def _with(self, target: Target, key: Secret | None) -> Call:
        # spelled out: dataclasses.replace costs three times as much, on every call
        return Call(
            self.operation,
            target,
            self.payload,
            self.priority,
            self.deadline,
            self.submitted,
            self.request_id,
            self.idempotent,
            self.tags,
            self.fallbacks,
            key,
            self.options,
            self.trace,
        )


class Outcome(NamedTuple):
    """How a call ended: its `kind` for guards, the error or the answer (of a cut stream, its partial) for metrics."""

    kind: OutcomeKind
    error: BaseException | None = None
    answer: Answer | None = None
