"""Stop asking what keeps failing; ask again one call at a time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from ipfs_accel_async.errors import CircuitOpenError, ConnectError
from ipfs_accel_async.policy.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.core import Handler, Result
    from ipfs_accel_async.policy.breaker import Breaker
    from ipfs_accel_async.policy.permit import Permit
    from ipfs_accel_async.types import Target

Scope = tuple[str, str, str]
"""Provider, endpoint, model."""
MAX_SCOPES = 1_000


class Endpoint:
    """What the models of one endpoint have in common: a breaker over all of them.

    Args:
        breaker: Opens when the endpoint itself is down.
    """

    __slots__ = ("breaker", "spread")

    def __init__(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.spread = Spread()


class Breakers:
    """One breaker for each (endpoint, model) and one above them for the endpoint, made on first use.

    When there are too many, one that knows nothing goes.

    Args:
        make: A breaker with the settings of a target.
    """

    def __init__(self, make: Callable[[Target], Breaker]) -> None:
        self._make = make
        self._of: OrderedDict[Scope, Breaker] = OrderedDict()
        self._endpoints: OrderedDict[tuple[str, str], Endpoint] = OrderedDict()

    def of(self, target: Target) -> Breaker:
        """The breaker of a target."""
        scope = (target.provider, target.endpoint, target.model)
        breaker = self._of.get(scope)
        if breaker is None:
            if len(self._of) >= MAX_SCOPES:
                idle = (known for known, breaker in self._of.items() if breaker.pristine)
                del self._of[next(idle, None) or next(iter(self._of))]
            breaker = self._of[scope] = self._make(target)
        else:
            self._of.move_to_end(scope)
        return breaker

    def endpoint(self, target: Target) -> Endpoint:
        """What is known of a target's endpoint."""
        scope = (target.provider, target.endpoint)
        found = self._endpoints.get(scope)
        if found is None:
            if len(self._endpoints) >= MAX_SCOPES:
                self._endpoints.popitem(last=False)
            found = self._endpoints[scope] = Endpoint(self._make(target))
        return found

    def refused_for(self, target: Target, now: float) -> float | None:
        """None when a call may pass both, else the seconds until it is worth asking again; takes nothing."""
        waits = (self.endpoint(target).breaker.refused_for(now), self.of(target).refused_for(now))
        return max((wait for wait in waits if wait is not None), default=None)

    def items(self) -> list[tuple[Scope, Breaker]]:
        """All breakers with their scopes."""
        return list(self._of.items())

    def endpoints(self) -> list[tuple[tuple[str, str], Breaker]]:
        """The breakers above them."""
        return [(scope, endpoint.breaker) for scope, endpoint in self._endpoints.items()]


class CircuitBreaker:
    """Refuses a call at once while its target's breaker is open: it need not queue for that."""

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers

    def __call__(self, call: Call, next: Handler) -> Awaitable[Result]:  # noqa: A002
        """Let `call` pass unless its breaker, or that of its endpoint, is open.

        Raises:
            CircuitOpenError: It is; `retry_after` says for how long.
        """
        wait = self._breakers.refused_for(call.target, asyncio.get_running_loop().time())
        if wait is not None:
            error = _open(call, wait)
            call.trace.refuse(call.operation, call.target, asyncio.get_running_loop().time(), 0.0, error)
            raise error
        return next(call)


class BreakerGate:
    """The dispatcher's last gate: permits of both breakers, taken in the step of the grant: no probe waits parked."""

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers

    def try_take(self, call: Call, now: float) -> BreakerLease:
        """The permits.

        Raises:
            CircuitOpenError: A breaker opened while the call waited, or its probes are out.
        """
        target = call.target
        endpoint, breaker = self._breakers.endpoint(target), self._breakers.of(target)
        above = endpoint.breaker.try_acquire(now)
        permit = None if above is None else breaker.try_acquire(now)
        if above is None or permit is None:
            if above is not None:
                endpoint.breaker.record(above, "ignored", now)
            raise _open(call, self._breakers.refused_for(target, now) or 0.0)
        call.trace.breaker = "half-open" if permit.probe or above.probe else "closed"
        return BreakerLease(target.model, endpoint, above, breaker, permit, now)


class BreakerLease:
    """The permits on their way; their outcome is what the breakers learn."""

    __slots__ = ("_above", "_breaker", "_endpoint", "_model", "_permit", "_since")
    key = None

    def __init__(
        self, model: str, endpoint: Endpoint, above: Permit, breaker: Breaker, permit: Permit, since: float
    ) -> None:
        self._model = model
        self._endpoint = endpoint
        self._above = above
        self._breaker = breaker
        self._permit = permit
        self._since = since

    def begun(self, now: float) -> None:
        """A stream has its first token: the endpoint lives, and may be slow."""
        self._breaker.begun(self._permit, now - self._since, now)
        self._endpoint.breaker.begun(self._above, 0.0, now)  # slow is a model's fault, not its endpoint's

    def settle(self, outcome: Outcome, now: float) -> None:
        """Tell the breakers."""
        self._breaker.record(self._permit, outcome.kind, now)
        error = outcome.error
        unreachable = isinstance(error, ConnectError) or getattr(error, "phase", None) in {"connect", "tls"}
        judged = self._endpoint.spread.judge(self._model, outcome.kind, unreachable=unreachable)
        if self._above.probe and outcome.kind == "failed":
            judged = "failed"  # a probe is asked about the endpoint: whatever fails it, it has not come back
        self._endpoint.breaker.record(self._above, judged, now)


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
