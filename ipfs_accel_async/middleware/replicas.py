"""The gate of a provider with several endpoints: chooses one, and takes all that it needs, in the step of the grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.errors import RateLimitError, RejectedError
from ipfs_accel_async.gates import give_back, take_all, tell_begun
from ipfs_accel_async.types import ChatRequest, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.gates import Lease
    from ipfs_accel_async.middleware.endpoint import Member
    from ipfs_accel_async.policy.balance import Balancer
    from ipfs_accel_async.policy.ejection import Ejection
    from ipfs_accel_async.policy.prefixes import Prefixes
    from ipfs_accel_async.policy.replica import Replica


WHY = {
    "p2c": "of two at random the one with less load and latency",
    "weighted": "next by weight",
    "least-loaded": "the fewest calls in flight",
    "latency": "the fastest",
    "cheapest": "the lowest price",
    "prefix": "the beginning of the prompt, or the fewest calls in flight",
}
"""Why the endpoint that is asked first is."""


class Replicas:
    """The endpoints of a provider, and who of them is asked first.

    Args:
        members: Gives the members as they are now.
        balancer: Orders them.
        ejection: Sets those aside that fail more than the others.
        prefixes: Who has seen which beginnings of prompts, for the strategy that asks.
        chain: Digests of a chat's beginnings, for it.
        refused: For how long a breaker refuses a target; None while it does not.
    """

    def __init__(
        self,
        members: Callable[[], Sequence[Member]],
        balancer: Balancer,
        ejection: Ejection,
        prefixes: Prefixes,
        chain: Callable[[Iterable[str]], list[bytes]],
        refused: Callable[[Target, float], float | None],
    ) -> None:
        self.members = members
        self.balancer = balancer
        self.ejection = ejection
        self._prefixes = prefixes
        self._chain = chain
        self._refused = refused

    def digests(self, call: Call) -> list[bytes]:
        """Of the beginnings of a call's prompt; none where nobody asks."""
        if self.balancer.strategy != "prefix" or not isinstance(call.payload, ChatRequest):
            return []
        return self._chain(_texts(call.payload))

    def home(self, digests: list[bytes]) -> str:
        """Who has the longest of these beginnings."""
        return self._prefixes.home(digests)

    def note(self, digests: list[bytes], name: str) -> None:
        """Who gets them now."""
        self._prefixes.note(digests, name)

    def another(self, failed: str, call: Call, now: float) -> bool:
        """Whether another endpoint than the one called `failed` is sound, with room for a call and a key for it."""
        for member in self.members():
            if member.replica.name != failed and (member.room is None or member.replica.in_flight < member.room):
                at = call.with_target(Target(call.target.provider, call.target.model, member.url))
                if self._refused(at.target, now) is not None:
                    continue
                if all(serves(at, now) for gate in member.gates if (serves := getattr(gate, "serves", None))):
                    return True
        return False


class EndpointGate:
    """Lends an endpoint with room, a key for it, tokens of its limits and its breaker's permit: all or nothing.

    Args:
        replicas: The endpoints.
        only: Name of the one endpoint that may be taken; empty for any.
    """

    def __init__(self, replicas: Replicas, only: str = "") -> None:
        self._pool = replicas
        self._only = only

    def try_take(self, call: Call, now: float) -> EndpointLease | float:
        """An endpoint; else the instant at which one may have what it lacks now.

        Raises:
            RejectedError: All of them refuse the call, as while all their breakers are open: the error of the one that
                may take it soonest.
        """
        pool, trace, members = self._pool, call.trace, self._members()
        by_name = {member.replica.name: member for member in members}
        replicas = [member.replica for member in members]
        digests = pool.digests(call)
        order = pool.balancer.order(replicas, now, trace.avoid_endpoint, pool.home(digests)) if replicas else []
        soonest, full, refusal = float("inf"), False, None
        for replica in order:
            member = by_name[replica.name]
            if member.room is not None and replica.in_flight >= member.room:
                full = True
                continue
            at = call.with_target(Target(call.target.provider, call.target.model, member.url))
            try:
                leases = take_all(member.gates, at, now)
            except RejectedError as error:
                refusal = _sooner(refusal, error)
                continue
            if isinstance(leases, float):
                soonest = min(soonest, leases)
                continue
            pool.balancer.took(replica, replicas)
            pool.note(digests, replica.name)
            trace.endpoint, trace.endpoint_why = member.url, self._why(order, replica, trace.avoid_endpoint)
            return EndpointLease(pool, replica, leases, call, bound=bool(self._only))
        if refusal is None:
            return soonest
        if full or soonest < float("inf"):
            return min(soonest, now + (refusal.retry_after or float("inf")))
        raise refusal

    @property
    def places(self) -> int:
        """Calls that may be under way at once, as far as the endpoints tell."""
        return sum(member.places for member in self._members())

    @property
    def limits(self) -> dict[str, int]:
        """The limits that were found, by model, and by endpoint where there are several."""
        members = self._members()
        return {
            model if self._only else f"{model} at {member.replica.name}": limit
            for member in members
            for model, limit in member.limits.items()
        }

    def _members(self) -> Sequence[Member]:
        members = self._pool.members()
        return [one for one in members if one.replica.name == self._only] if self._only else members

    def _why(self, order: Sequence[Replica], chosen: Replica, failed: str) -> str:
        """Why it was this one, in words."""
        if self._only:
            return "asked for"
        why = WHY[self._pool.balancer.strategy] if chosen is order[0] else "others before it could not take the call"
        return f"{why}, without {failed}, which had just failed" if failed and failed != chosen.name else why


class EndpointLease:
    """An endpoint on its way, with all that was taken for it."""

    __slots__ = ("_bound", "_call", "_leases", "_pool", "_replica", "key")

    def __init__(
        self, pool: Replicas, replica: Replica, leases: Sequence[Lease], call: Call, *, bound: bool = False
    ) -> None:
        self._pool = pool
        self._replica = replica
        self._leases = leases
        self._call = call
        self._bound = bound  # asked for by name: there is no other
        self.key = next((lease.key for lease in leases if lease.key is not None), None)

    def begun(self, now: float) -> None:
        """A stream has its first token: those of its leases that listen hear of it."""
        tell_begun(self._leases, now)

    def settle(self, outcome: Outcome, now: float) -> None:
        """Give all back, and learn how fast and how sound the endpoint was."""
        replica, trace = self._replica, self._call.trace
        replica.in_flight -= 1
        give_back(self._leases, outcome, now)
        if outcome.kind == "ignored":
            return
        failed = outcome.kind == "failed"
        replica.calls += 1
        replica.failures += failed
        if outcome.answer is not None:
            replica.tokens += outcome.answer.usage.total_tokens
        if outcome.kind != "ok":
            trace.avoid_endpoint = replica.name
        if isinstance(outcome.error, RateLimitError) and not self._bound and not self._call.options.key:
            trace.elsewhere = trace.elsewhere or self._pool.another(replica.name, self._call, now)
        if outcome.kind != "throttled":
            replica.tally.add(failed, now)
        attempt = trace.current
        if failed:
            self._pool.ejection.judge(replica, [member.replica for member in self._pool.members()], now)
        elif outcome.kind == "ok":
            self._pool.ejection.recovered(replica, now)
            begun = None if attempt is None else attempt.first or attempt.head
            if attempt is not None and begun is not None and attempt.sent is not None:
                replica.latency.add(begun - attempt.sent, now)


def _sooner(known: RejectedError | None, error: RejectedError) -> RejectedError:
    if known is None or (error.retry_after or float("inf")) < (known.retry_after or float("inf")):
        return error
    return known


def _texts(payload: ChatRequest) -> Iterator[str]:
    for tool in payload.tools:
        yield str(tool)
    for message in payload.messages:
        yield message.role
        yield message.text
