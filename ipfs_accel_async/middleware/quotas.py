"""The rate limits of a pool of keys: one quota for each quota group and model, made on first use."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ipfs_accel_async.errors import RateLimitError
from ipfs_accel_async.estimates import tokens_of
from ipfs_accel_async.middleware.costs import Costs, said_by, tell, too_large
from ipfs_accel_async.policy.quota import Limits, Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ipfs_accel_async.call import Call, Outcome
    from ipfs_accel_async.errors import CostExceedsLimitError
    from ipfs_accel_async.middleware.member import Member
    from ipfs_accel_async.policy.quota import Reservation

MAX_QUOTAS = 10_000


class Reserved(NamedTuple):
    """What a call has reserved, and of which quota; of none where its model has no limit."""

    quota: Quota | None
    reservation: Reservation | None


UNLIMITED = Reserved(None, None)


class Quotas:
    """Knows what each quota group may ask of each model.

    The limits of a group are those of the settings, or of its keys where they state their own: of several keys of one
    group the least counts, as together they have no more than each. What a 429 tells is learnt.

    Args:
        limits: Of groups whose keys state none.
        learn: Whether limits that a 429 tells count from then on.
        count: Counts the tokens of a text.

    Attributes:
        limited: Whether anything is: else nobody need ask.
    """

    def __init__(self, limits: Limits, *, learn: bool = True, count: Callable[[str], int] = tokens_of) -> None:
        self._limits = limits
        self._learn = learn
        self._groups: dict[str, Limits] = {}
        self._quotas: OrderedDict[tuple[str, str], Quota] = OrderedDict()
        self._costs = Costs(count)
        self._factory: Callable[[str, str, Limits], Quota] | None = None
        self.limited = limits.any

    def share(self, factory: Callable[[str, str, Limits], Quota]) -> None:
        """Make the quotas, of (group, model, limits), by `factory` from now on: others share them."""
        self._factory = factory
        self._quotas.clear()

    def admit(self, member: Member) -> None:
        """A key is new: its own limits count for its group from the next model on that the group asks."""
        known = self._groups.get(member.group, self._limits)
        made = _with(self._groups.get(member.group), member, self._limits)
        self._groups[member.group] = made
        if made != known:
            self._drop({member.group})
        self.limited = self.limited or made.any

    def follow(self, limits: Limits, members: Iterable[Member]) -> None:
        """Go on with other limits: where they differ the count begins anew, and what was learnt is forgotten.

        Args:
            limits: Of groups whose keys state none.
            members: All keys, with what they state now.
        """
        groups: dict[str, Limits] = {}
        for member in members:
            groups[member.group] = _with(groups.get(member.group), member, limits)
        known = {*groups, *self._groups, *(group for group, _ in self._quotas)}
        other = {group for group in known if groups.get(group, limits) != self._groups.get(group, self._limits)}
        self._limits, self._groups = limits, groups
        self._drop(other)
        self.limited = limits.any or any(made.any for made in groups.values()) or bool(self._quotas)

    def _drop(self, groups: set[str]) -> None:
        for scope in [scope for scope in self._quotas if scope[0] in groups]:
            del self._quotas[scope]

    def of(self, group: str, model: str) -> Quota | None:
        """The quota of a group and a model; None where nothing limits it."""
        scope = (group, model)
        quota = self._quotas.get(scope)
        if quota is None:
            limits = self._groups.get(group, self._limits)
            if not limits.any:
                return None
            quota = self._make(scope, limits)
        return quota

    def try_take(self, member: Member, call: Call, now: float) -> Reserved | float:
        """Reserve what a call is expected to cost, or say when to ask again; infinity when it never fits."""
        quota = self.of(self._group(member, call), call.target.model)
        if quota is None:
            return UNLIMITED
        taken = quota.try_take(self._costs.of(call, quota), now)
        return taken if isinstance(taken, (int, float)) else Reserved(quota, taken)

    def too_large(self, member: Member, call: Call) -> CostExceedsLimitError | None:
        """The error of a call that alone is above a limit; None if it fits."""
        quota = self.of(self._group(member, call), call.target.model)
        return None if quota is None else too_large(call, quota, self._costs.of(call, quota))

    def settle(self, member: Member, call: Call, reserved: Reserved | None, outcome: Outcome, now: float) -> None:
        """Give back what an attempt did not use, and hear what the service said of its limits."""
        quota, reservation = reserved or UNLIMITED
        if reservation is not None:
            reservation.settle(self._costs.spent(call, reservation.cost, outcome), now)
        if quota is None:
            if not (self._learn and isinstance(outcome.error, RateLimitError) and said_by(outcome)):
                return
            scope = (self._group(member, call), call.target.model)
            quota = self._quotas.get(scope) or self._make(scope, self._groups.get(member.group, self._limits))
            self.limited = True
        attempt = call.trace.current
        at = now if attempt is None or attempt.head is None else attempt.head
        tell(quota, outcome, at, now, learn=self._learn)

    def release(self, group: str) -> None:
        """Forget that a group was told to pause."""
        for (known, _), quota in self._quotas.items():
            if known == group or not group:
                quota.release()

    def state(self, group: str, now: float) -> dict[str, Any]:
        """For statistics: what is left of a group's quotas, by model."""
        return {model: quota.state(now) for (known, model), quota in self._quotas.items() if known == group}

    def states(self, now: float) -> dict[str, dict[str, Any]]:
        """The same of all groups."""
        return {group: self.state(group, now) for group in {known for known, _ in self._quotas}}

    def _group(self, member: Member, call: Call) -> str:
        """Whose limits a call is counted against: without keys and limits of the settings, those of its endpoint."""
        return member.group or ("" if self._limits.any else call.target.endpoint)

    def _make(self, scope: tuple[str, str], limits: Limits) -> Quota:
        if len(self._quotas) >= MAX_QUOTAS:  # callers may send any model's name
            self._quotas.popitem(last=False)
        quota = self._quotas[scope] = Quota(limits) if self._factory is None else self._factory(*scope, limits)
        return quota


def _with(known: Limits | None, member: Member, limits: Limits) -> Limits:
    """The limits of a group once a key is in it; `known` are those of its other keys, if there are any."""
    before = limits if known is None else known
    return replace(
        before,
        rpm=_least(member.rpm, None if known is None and member.rpm else before.rpm),
        tpm=_least(member.tpm, None if known is None and member.tpm else before.tpm),
    )


def _least(one: float | None, other: float | None) -> float | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
