"""Which of several keys serves the next call: seats, ranked by a strategy."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from math import log
from typing import TYPE_CHECKING, Generic, TypeVar

from ipfs_accel_async.policy.ranks import Ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

STEP = 1 << 20
"""A turn of weight 1, in whole numbers: sums of fractions would drift apart."""
OUT = 1 << 400
"""The rank of who cannot serve; above all others."""
PATIENCE = 4
"""Turns that one who was away may catch up on: not all that were missed, in one go, right after a pause."""
MAX_USERS = 10_000


class Seat:
    """One key as the ring sees it: its bounds and what is lent.

    Args:
        alias: Its name.
        group: Who shares what the service allows.
        weight: Share of the calls, above 0.
        tier: Lower tiers go first.
        most: Leases out at once.

    Attributes:
        load: Leases out.
        room: Leases that may be out now: fewer than `most` while it is on trial.
        out: Why it serves nobody; empty while it does.
        trial: Whether it is back on one lease at a time, until that ends well.
    """

    __slots__ = (
        "alias",
        "base",
        "group",
        "index",
        "load",
        "most",
        "out",
        "passed",
        "room",
        "step",
        "tier",
        "trial",
        "turn",
        "weight",
    )

    def __init__(
        self, alias: str, *, group: str = "", weight: float = 1.0, tier: int = 0, most: float = float("inf")
    ) -> None:
        self.alias = alias
        self.group = group or alias
        self.weight = weight
        self.step = max(int(STEP / weight), 1)
        self.tier = tier
        self.base = tier << 200
        self.most = self.room = most
        self.load = 0
        self.turn = 0
        self.passed = 0
        self.out = ""
        self.trial = False
        self.index = -1


AnySeat = TypeVar("AnySeat", bound=Seat)


def _fewest(seat: Seat) -> int:
    return (seat.load * seat.step << 64) + seat.turn  # ties: the one unused for longest


def _oldest(seat: Seat) -> int:
    return seat.turn


def _share(seat: Seat) -> int:
    return seat.passed  # ties: the order they were given in


_RANKS: dict[str, Callable[[Seat], int]] = {
    "least-loaded": _fewest,
    "per-user": _fewest,  # of calls without a user
    "least-recently-used": _oldest,
    "round-robin": _share,
    "weighted": _share,
}
WHY = {
    "least-loaded": "the fewest calls in flight",
    "per-user": "the user's own",
    "least-recently-used": "unused for longest",
    "round-robin": "next in turn",
    "weighted": "next by weight",
}


class KeyRing(Generic[AnySeat]):
    """Lends seats so that the load is spread as the strategy says.

    Each seat has a rank, a whole number that is renewed when its load changes: choosing is finding the least one, which
    takes few steps however many seats there are. A lease that is given back unused gives its turn back as well.

    Args:
        strategy: One of ``least-loaded``, ``round-robin``, ``least-recently-used``, ``weighted`` and ``per-user``.

    Attributes:
        seats: In order.
    """

    __slots__ = ("_lone", "_now", "_rank", "_ranks", "_shares", "_turn", "_users", "seats", "strategy")

    def __init__(self, strategy: str = "least-loaded") -> None:
        self.strategy = strategy
        self.seats: list[AnySeat] = []
        self._rank = _RANKS[strategy]
        self._shares = self._rank is _share
        self._ranks = Ranks()
        self._turn = 0
        self._now = 0  # where the shares are: what the seat that went last had passed
        self._lone: AnySeat | None = None
        self._users: OrderedDict[str, tuple[AnySeat, ...]] = OrderedDict()

    def add(self, seat: AnySeat) -> None:
        """Let a seat serve from now on; it has missed nothing before."""
        seat.index = len(self.seats)
        seat.passed = self._now
        if self.strategy == "round-robin":
            seat.step = STEP
        self.seats.append(seat)
        self._renew()

    def remove(self, seat: AnySeat) -> None:
        """Lend a seat no more; its leases come back as they end."""
        self.seats.remove(seat)
        seat.index = -1
        for index, other in enumerate(self.seats):
            other.index = index
        self._renew()

    def bench(self, seat: AnySeat, why: str) -> None:
        """Take a seat out of service, or with an empty `why` put it back."""
        if seat.out and not why:
            seat.passed = max(seat.passed, self._now)
        seat.out = why
        self._renew()

    def try_out(self, seat: AnySeat, trial: bool) -> None:
        """Lend a seat to one call at a time, or end that."""
        seat.trial = trial
        seat.room = min(seat.most, 1) if trial else seat.most
        self._renew()

    def choose(self, blocked: Collection[Seat] = (), avoid: Seat | None = None, user: str = "") -> AnySeat | None:
        """The seat that the next call gets; nothing is lent yet. None when no seat can serve.

        Args:
            blocked: Seats that cannot serve this call.
            avoid: A seat that has just failed: taken only when there is no other.
            user: Whose call it is, for ``per-user``.
        """
        lone = self._lone
        if lone is not None:
            return None if lone in blocked else lone
        if user and self.strategy == "per-user":
            return self._of_user(user, blocked, avoid)
        if blocked or avoid is not None:
            return self._best_of_others(blocked, avoid)
        if not self.seats:
            return None
        best = self.seats[self._ranks.best()]
        return best if not best.out and best.load < best.room else None

    def take(self, seat: AnySeat) -> None:
        """Lend the seat that was chosen."""
        seat.load = load = seat.load + 1
        self._turn = seat.turn = self._turn + 1
        if self._shares:
            self._now = now = max(self._now, seat.passed)
            seat.passed = max(seat.passed, now - PATIENCE * STEP) + seat.step
        if seat is not self._lone:
            self._ranks.put(seat.index, OUT if seat.out or load >= seat.room else seat.base + self._rank(seat))

    def give(self, seat: AnySeat, *, used: bool = True) -> None:
        """Take a lease back.

        Raises:
            RuntimeError: The seat has no lease out, so one was returned twice.
        """
        if not seat.load:
            message = f"key {seat.alias!r} has no lease to give back"
            raise RuntimeError(message)
        seat.load -= 1
        if not used:
            seat.passed -= seat.step
        if seat.index >= 0 and seat is not self._lone:
            self._ranks.put(seat.index, self._rank_of(seat))

    def _rank_of(self, seat: AnySeat) -> int:
        return OUT if seat.out or seat.load >= seat.room else seat.base + self._rank(seat)

    def _renew(self) -> None:
        """What is kept ready for choosing follows who is there and who is not."""
        only = self.seats[0] if len(self.seats) == 1 else None
        plain = only is not None and not only.out and only.room == float("inf")
        self._lone = only if plain else None  # nothing to choose: its rank is left alone
        self._ranks.renew([self._rank_of(seat) for seat in self.seats])
        self._users.clear()

    def _best_of_others(self, blocked: Collection[Seat], avoid: Seat | None) -> AnySeat | None:
        best, found = OUT, None
        for rank, seat in zip(self._ranks.each, self.seats, strict=True):
            if rank < best and seat is not avoid and seat not in blocked:
                best, found = rank, seat
        if found is None and avoid is not None and avoid.index >= 0 and avoid not in blocked:
            return self.seats[avoid.index] if self._ranks.each[avoid.index] < OUT else None
        return found

    def _of_user(self, user: str, blocked: Collection[Seat], avoid: Seat | None) -> AnySeat | None:
        """The first who can serve of the user's own order: rendezvous hashing, so few move when keys change."""
        order = self._users.get(user)
        if order is None:
            if len(self._users) >= MAX_USERS:
                self._users.popitem(last=False)
            order = tuple(sorted(self.seats, key=lambda seat: (seat.tier, _score(user, seat))))
            self._users[user] = order
        spare = None
        for seat in order:
            if seat.load < seat.room and not seat.out and seat not in blocked:
                if seat is not avoid:
                    return seat
                spare = seat
        return spare


def _score(user: str, seat: Seat) -> float:
    # weighted rendezvous hashing: the least of exponential draws, one a seat, goes to each by its weight
    drawn = blake2b(f"{user}\0{seat.alias}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return -log((int.from_bytes(drawn, "big") + 1) / (1 << 64)) * seat.step
