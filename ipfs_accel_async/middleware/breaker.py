"""Stop asking what keeps failing; ask again one call at a time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import CircuitOpenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.policy.breaker import Breaker, Permit
    from ipfs_accel_async.types import Target

Scope = tuple[str, str, str]
"""Provider, endpoint, model."""
MAX_SCOPES = 1_000


class Breakers:
    """One breaker for each (endpoint, model), made on first use; when there are too many, one that knows nothing goes.

    Args:
        make: A breaker with the settings of a provider.
    """

    def __init__(self, make: Callable[[str], Breaker]) -> None:
        self._make = make
        self._of: OrderedDict[Scope, Breaker] = OrderedDict()

    def of(self, target: Target) -> Breaker:
        """The breaker of a target."""
        scope = (target.provider, target.endpoint, target.model)
        breaker = self._of.get(scope)
        if breaker is None:
            if len(self._of) >= MAX_SCOPES:
                idle = (known for known, breaker in self._of.items() if breaker.pristine)
                del self._of[next(idle, None) or next(iter(self._of))]
            breaker = self._of[scope] = self._make(target.provider)
        else:
            self._of.move_to_end(scope)
        return breaker

    def items(self) -> list[tuple[Scope, Breaker]]:
        """All breakers with their scopes."""
        return list(self._of.items())


class CircuitBreaker:
    """Refuses a call at once while its target's breaker is open: it need not queue for that."""

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers

    async def __call__(self, call: Call, next: Handler) -> Result:  # noqa: A002
        """Let `call` pass unless its breaker is open.

        Raises:
            CircuitOpenError: It is; `retry_after` says for how long.
        """
        wait = self._breakers.of(call.target).refused_for(asyncio.get_running_loop().time())
        if wait is not None:
            raise _open(call, wait)
        return await next(call)  # type: ignore[no-any-return]


class BreakerGate:
    """The dispatcher's last gate: a permit of the breaker, taken in the step of the grant, so no probe waits parked."""

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers

    def try_take(self, call: Call, now: float) -> BreakerLease:
        """A permit.

        Raises:
            CircuitOpenError: The breaker opened while the call waited, or its probes are out.
        """
        breaker = self._breakers.of(call.target)
        permit = breaker.try_acquire(now)
        if permit is None:
            raise _open(call, breaker.refused_for(now) or 0.0)
        return BreakerLease(breaker, permit)


class BreakerLease:
    """A permit on its way; its outcome is what the breaker learns."""

    __slots__ = ("_breaker", "_permit")
    key = None

    def __init__(self, breaker: Breaker, permit: Permit) -> None:
        self._breaker = breaker
        self._permit = permit

    def settle(self, outcome: Outcome, now: float) -> None:
        """Tell the breaker."""
        self._breaker.record(self._permit, outcome.kind, now)


def _open(call: Call, wait: float) -> CircuitOpenError:
    # made anew each time: an exception that is raised again and again drags a growing traceback along
    return CircuitOpenError(
        f"the circuit is open after repeated failures; it is tried again in {wait:.1f} s",
        target=call.target,
        request_id=call.request_id,
        attempts=call.attempts,
        retry_after=wait,
        phase="queue",
    )
