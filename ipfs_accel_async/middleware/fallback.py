"""When a target fails, ask the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ipfs_accel_async.errors import (
    AccelError,
    AllTargetsFailedError,
    BadRequestError,
    ClientClosedError,
    ContentFilteredError,
    ContextTooLongError,
    InvalidRequestError,
)
from ipfs_accel_async.estimates import estimate
from ipfs_accel_async.requirements import requirements
from ipfs_accel_async.types import NOTHING, ChatRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.types import Target

_UNLESS_ALLOWED: tuple[type[AccelError], ...] = (ClientClosedError,)
_FINAL = (ContentFilteredError, ClientClosedError)
"""Another target does not help, or must not be asked: a refusal for content is not routed around."""


class Capable(Protocol):
    """The part of a codec that says what its service can do."""

    @property
    def capabilities(self) -> frozenset[str]:
        """Their names."""


class Fallback:
    """Goes through the call's targets in order; the deadline stays that of the call.

    A fallback that cannot do what the call needs (tools, a schema, images, its length) is not asked. A bad request is
    final, unless only its length is at fault: the next model's context may be longer. A target whose next attempt would
    come too late leaves time for the next one. What was refused for its content is not routed around, unless the caller
    allows it; a stream has a fallback only until its first token.

    Args:
        codecs: By provider name.
        context: Most tokens, input and output together, of a target's model; None where nobody said.
    """

    def __init__(
        self, codecs: Mapping[str, Capable] = NOTHING, context: Callable[[Target], int | None] = lambda _: None
    ) -> None:
        self._codecs = codecs
        self._context = context

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Answer `call` by the first target that can.

        Raises:
            AllTargetsFailedError: None could; `causes` has one error each.
            AccelError: The error of a call without fallbacks, or one that no target can mend.
        """
        return self._through(call, next) if call.fallbacks else next(call)

    async def _through(self, call: Call, next: Handler) -> Result:  # noqa: A002
        causes: list[AccelError] = []
        trace = call.trace
        final = _UNLESS_ALLOWED if call.options.reroute_refusals else _FINAL
        for place, target in enumerate((call.target, *call.fallbacks)):
            start = len(trace.tries)
            trace.avoid, trace.degraded = None, place > 0  # keys are numbered for each target
            at = call.with_target(target)
            try:
                if place:
                    self._check(at)
                return await next(at)  # type: ignore[no-any-return]
            except AccelError as error:
                if isinstance(error, final) or type(error) is BadRequestError:
                    raise
                error.trace = trace.since(start, error)
                causes.append(error)
        failed = AllTargetsFailedError(
            "; ".join(f"{error.target}: {type(error).__name__}" for error in causes),
            request_id=call.request_id,
            attempts=call.attempts,
            retryable=any(error.retryable for error in causes),
        )
        failed.causes = tuple(causes)
        raise failed from causes[-1]

    def _check(self, call: Call) -> None:
        """Refuse what the target could not answer: it is never asked."""
        target = call.target
        codec = self._codecs.get(target.provider)
        missing = requirements(call.payload) - codec.capabilities if codec is not None else frozenset()
        if missing:
            raise InvalidRequestError(
                f"{target.provider} has no {' and no '.join(sorted(missing))}, which the call needs",
                target=target,
                request_id=call.request_id,
            )
        most = self._context(target)
        if most is not None and isinstance(call.payload, ChatRequest):
            tokens = estimate(call.payload) + (call.payload.max_tokens or 0)
            if tokens > most:
                raise ContextTooLongError(
                    f"some {tokens} tokens are more than the {most} that {target} takes",
                    target=target,
                    request_id=call.request_id,
                )
