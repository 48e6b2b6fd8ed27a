"""The keys of a provider as a gate of the grant: each attempt is lent one that can serve it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.errors import AllKeysExhaustedError, AuthenticationError, InvalidRequestError, RateLimitError
from ipfs_accel_async.keys import Token
from ipfs_accel_async.middleware.lease import KeyLease
from ipfs_accel_async.middleware.member import Member
from ipfs_accel_async.policy.health import NEVER, KeyHealth
from ipfs_accel_async.policy.keyring import WHY, KeyRing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ipfs_accel_async.call import Call
    from ipfs_accel_async.errors import AccelError
    from ipfs_accel_async.keys import Key, Keys, Secret
    from ipfs_accel_async.middleware.quotas import Quotas, Reserved
    from ipfs_accel_async.types import Target


class KeyPool:
    """Named keys, of which each attempt gets one, in the same synchronous step as its permits.

    What a service says of a key is kept by the scope it is about. 401: the key is out, for a while. 402 and billing
    429s: its quota group is out until it is released. 429: its quota group pauses for that model until the stated
    instant. 403: the key is passed over for that model. No breaker hears of any of these.

    Args:
        provider: Whose keys they are.
        keys: What there is to begin with; None for none.
        needed: Whether nothing can be sent without a key; else, without any, a member without a secret stands for none.
        quotas: What each quota group may ask of each model.
        pause: Seconds that a group pauses after a 429 that states no instant, where there is another group.

    Attributes:
        pause: See above.
        members: By alias, in order.
        ring: Chooses among them.
        health: What is held against them.
        on_change: Told when a key came, changed or was released: calls may wait for it.
        beside: Of a provider with several endpoints, how many others have these keys, and how many have others.
    """

    def __init__(self, provider: str, keys: Keys | None, *, needed: bool, quotas: Quotas, pause: float = 1.0) -> None:
        self.provider = provider
        self.needed = needed
        self.quotas = quotas
        self.members: dict[str, Member] = {}
        self.ring: KeyRing[Member] = KeyRing("least-loaded" if keys is None else keys.strategy)
        self.health = KeyHealth(self.ring)
        self.on_change: Callable[[], None] | None = None
        self.pause = pause
        self.beside = (0, 0)
        self._why = WHY[self.ring.strategy]
        self._by_user = self.ring.strategy == "per-user"
        if keys is not None:
            for key in keys.entries:
                self.add(key)
        elif not needed:
            self._join(Member(None))

    @property
    def loads(self) -> tuple[int, ...]:
        """Leases out, key by key."""
        return tuple(seat.load for seat in self.ring.seats)

    def __len__(self) -> int:
        return len(self.members) - ("" in self.members)

    @property
    def backed(self) -> bool:
        """Whether another endpoint may serve what this one was refused: without keys each is by itself."""
        return self.beside[1] > 0 or (self.beside[0] > 0 and not len(self))

    def scope(self, target: Target) -> str:
        """What a pause is about: the model; where nobody has a key, of that endpoint."""
        return target.model if len(self) else f"{target.model} at {target.endpoint}"

    def serves(self, call: Call, now: float, besides: str | None = None) -> bool:
        """Whether nothing is held against one of the keys, for this call; those of the group `besides` do not count."""
        barred = self.health.blocked(self.scope(call.target), now)
        return any(not seat.out and seat not in barred and seat.group != besides for seat in self.ring.seats)

    def add(self, key: Key) -> None:
        """Let a key serve from now on."""
        if "" in self.members:
            self.ring.remove(self.members.pop(""))
        self._join(Member(key))
        self.changed()

    def remove(self, alias: str) -> None:
        """Lend a key no more; whoever has it keeps it to the end."""
        member = self.members.pop(alias)
        self.ring.remove(member)
        self.health.forget(member)
        if not self and not self.needed:
            self._join(Member(None))
        self.changed()

    def rotate(self, alias: str, secret: Secret) -> None:
        """Lend another secret from now on; what was held against the old one is forgotten, the group's quota is not."""
        member = self.members[alias]
        member.secret = secret
        member.refusals = 0
        self.health.forget(member)
        self.changed()

    def release(self, alias: str) -> None:
        """Forget all that is held against a key and its group: the bill is paid, the quota raised, the right given."""
        member = self.members[alias]
        member.refusals = 0
        self.health.release(member)
        self.quotas.release(member.group)
        self.changed()

    def _join(self, member: Member) -> None:
        self.members[member.alias] = member
        self.ring.add(member)
        self.health.admit(member)
        self.quotas.admit(member)

    def changed(self) -> None:
        """Calls may have waited for this."""
        if self.on_change is not None:
            self.on_change()

    def try_take(self, call: Call, now: float) -> KeyLease | float:
        """A key that can serve, or the instant from which one may.

        Raises:
            AllKeysExhaustedError: No key will be able to before the deadline of the call.
            CostExceedsLimitError: The call alone is above what any key may use.
            InvalidRequestError: It asks for a key that is not there.
        """
        health, trace = self.health, call.trace
        if now >= health.due:
            health.revive(now)
        avoid = None if trace.avoid is None else self.members.get(trace.avoid)
        user = call.tags.get("user", "") if self._by_user else ""
        blocked: Collection[Member] = ()
        if call.options.key or health.parked or health.denied:
            blocked = self._barred(call, now)
        member = self.ring.choose(blocked, avoid, user)
        reserved: Reserved | None = None
        at = NEVER
        if self.quotas.limited:
            member, reserved, at = self._reserve(call, now, member, set(blocked), avoid, user)
        if member is None:
            opens = self._nobody(call, now, at)
            if trace.held_since is None:
                trace.held_since = now
            return opens
        if trace.held_since is not None:
            trace.let_go(now)
        self.ring.take(member)
        trace.key = member.alias or None
        trace.key_why = "asked for" if call.options.key else self._why
        return KeyLease(self, member, call, now, reserved)

    def _barred(self, call: Call, now: float) -> set[Member]:
        """Who cannot serve this call: parked or denied, or not the key that it asks for."""
        barred = self.health.blocked(self.scope(call.target), now)
        wanted = call.options.key
        if not wanted:
            return barred
        asked = self.members.get(wanted)
        if asked is None:
            there = ", ".join(filter(None, self.members)) or "none"
            message = f"there is no key of the name that the option key asks for; there are: {there}"
            raise InvalidRequestError(message, target=call.target, request_id=call.request_id, phase="queue")
        barred = barred | {seat for seat in self.ring.seats if seat is not asked}
        if asked.alias in self.health.denied.get(call.target.model, ()) and asked.group not in self.health.parked.get(
            call.target.model, ()
        ):
            barred.discard(asked)  # who asks for it by name hears the service's own words
        return barred

    def _reserve(
        self, call: Call, now: float, member: Member | None, blocked: set[Member], avoid: Member | None, user: str
    ) -> tuple[Member | None, Reserved | None, float]:
        """The first choice whose quota has room; its reservation; else when the next one has."""
        at, too_large = NEVER, None
        while member is not None:
            taken = self.quotas.try_take(member, call, now)
            if not isinstance(taken, (int, float)):
                return member, taken, at
            if taken == NEVER:
                too_large = self.quotas.too_large(member, call) or too_large
            at = min(at, taken)
            group = member.group
            blocked |= {seat for seat in self.ring.seats if seat.group == group}
            member = self.ring.choose(blocked, avoid, user)
        if too_large is not None and at == NEVER:
            raise too_large
        return None, None, at

    def _nobody(self, call: Call, now: float, at: float) -> float:
        """The instant from which a key can serve; infinity when one has to be given back first."""
        wanted, model = call.options.key, self.scope(call.target)
        asked = [self.members[wanted]] if wanted else self.ring.seats
        at = min([at, *(self.health.opens_at(seat, model) for seat in asked)])
        busy = any(not seat.out and seat.load >= seat.room for seat in asked)
        if busy or at <= call.deadline:
            return float(at)
        at = min(at, self.health.due)
        raise self._exhausted(call, "no key can serve this call", at - now if at < NEVER else None, now)

    def _exhausted(
        self, call: Call, why: str, retry_after: float | None = None, now: float = 0.0
    ) -> AllKeysExhaustedError:
        model = call.target.model
        reasons = {
            seat.alias: self.health.reason(seat, model, now) or "its quota is used up for now"
            for seat in self.ring.seats
            if seat.alias and call.options.key in {"", seat.alias}
        }
        told = "; ".join(f"{alias}: {reason}" for alias, reason in reasons.items())
        error = AllKeysExhaustedError(
            f"{why} ({told})" if told else why,
            target=call.target,
            request_id=call.request_id,
            attempts=call.attempts,
            retry_after=retry_after,
            phase="queue",
        )
        error.reasons = reasons
        return error

    def another(self, call: Call, failed: Member, error: AccelError, now: float, *, stale: bool) -> bool:
        """Whether the call can go on at once with a key that `error`, of its last attempt, says nothing about.

        After a 401 also when none is left: the grant then says why. After a 429 the other key must be of another group.

        Args:
            call: The call.
            failed: The key of that attempt.
            error: How it ended.
            now: The time.
            stale: Whether the key has been replaced meanwhile.
        """
        if isinstance(error, AuthenticationError):
            if stale or (isinstance(failed.secret, Token) and failed.refusals <= 1 and not failed.out):
                return True  # the next one may be good
            return (len(self.members) > 1 or self.backed) and not call.options.key
        return isinstance(error, RateLimitError) and not call.options.key and self.serves(call, now, failed.group)
