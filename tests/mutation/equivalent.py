"""Mutants that change nothing anyone could notice, each with the reason; they do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mutation.mutants import Mutant

NO_STEP = "the loop over what has passed has no step then"

PARTS = "parts = [Member(call, one, form.weigh(one), gathering.loop.create_future(), whole={}) for one in pieces]"

BEST = "return self.each.index(rank, least.index(rank) << BLOCK)"
FROM_START = "no place before it has that number: it takes longer"

FALSE = "None is as false as False"
FOR_NOBODY = "it is never 0 while anybody waits, and asks once more for nobody otherwise"
HAS_ROOM = "return lane is None or (lane.room(high={}) and not lane.queue.waiting)"
HEAD = "ticket = lane.queue.head(high=not lane.room(high={}))"
LEFT = "while (ticket := lane.queue.head(high={})) is not None:"

FAR = "far enough to stay apart from what is added"
FEWEST = "return (seat.load * seat.step << {}) + seat.turn  # ties: the one unused for longest"
NOW = "  # where the shares are: what the seat that went last had passed"
ALONE = "  # nothing to choose: its rank is left alone"
LONG_WAY = "the long way finds the only seat too"
AGAIN = "an order that is not remembered is made again, the same"
BOTH = "for rank, seat in zip(self._ranks.each, self.seats{}):"
NOT_STRICT = (", strict=None", ", ", ", strict=False")
DRAWN = 'drawn = blake2b(f"{{user}}\\0{{seat.alias}}".encode("{}", "surrogatepass"), digest_size=8).digest()'
SCORE = "return -log((int.from_bytes(drawn, {}) / (1 << 64)) * seat.step"

ORDER = """\
def order(self, replicas: Sequence[Replica], now: float, avoid: str = "{}", home: str = "{}") -> list[Replica]:"""
OUT = "ranked.sort(key=lambda replica: (replica.ejected_until > now) * {} + (replica.name == avoid))  # stable"

FIRST_ALONE = "the first answer has all the weight"

EQUIVALENT: dict[str, list[tuple[str, str, str]]] = {
    "batcher.py": [
        (
            "if not part.future.cancel() and not part.future.cancelled():",
            "if part.future.cancel() and not part.future.cancelled():",
            "to cancel a future that has failed keeps the loop from hearing of it as well",
        ),
        (
            PARTS.format("False"),
            PARTS.format("None"),
            FALSE,
        ),
    ],
    "dispatcher.py": [
        ("self._sequence = 0", "self._sequence = 1", "only the order counts"),
        ("self._sequence += 1", "self._sequence += 2", "only the order counts"),
        ("self._closed = False", "self._closed = None", FALSE),
        ("grant = None", 'grant = ""', "no grant either way"),
        (
            "if lane.active > lane.peak_active:",
            "if lane.active >= lane.peak_active:",
            "it is equal then",
        ),
        ("self._waiting = 0", "self._waiting = 1", FOR_NOBODY),
        ("self._waiting += 1", "self._waiting -= 1", FOR_NOBODY),
        ("self._waiting += 1", "self._waiting += 2", FOR_NOBODY),
        ("self._waiting -= 1", "self._waiting = 1", FOR_NOBODY),
        ("self._waiting -= 1", "self._waiting += 1", FOR_NOBODY),
        (HAS_ROOM.format("False"), HAS_ROOM.format("None"), FALSE),
        (HEAD.format("False"), HEAD.format("None"), FALSE),
        (LEFT.format("False"), LEFT.format("None"), FALSE),
        (
            "if ticket is not None and (best is None or ticket.rank < best[1].rank):",
            "if ticket is not None and (best is None or ticket.rank <= best[1].rank):",
            "no two tickets have the same rank",
        ),
    ],
    "policy/breaker.py": [
        ("self._generation += 1", "self._generation -= 1", "only tells periods apart"),
        ("self._generation += 1", "self._generation += 2", "only tells periods apart"),
        (
            "whole = min(self._reset_timeout * 2.0 ** min(self._reopened, 60), self._longest)",
            "whole = min(self._reset_timeout * 2.0 ** min(self._reopened, 61), self._longest)",
            "the longest wait is reached long before; this keeps the power from overflowing",
        ),
    ],
    "policy/balance.py": [
        (ORDER.format("", ""), ORDER.format("XXXX", ""), "no endpoint is called so"),
        (ORDER.format("", ""), ORDER.format("", "XXXX"), "no endpoint is called so"),
        (OUT.format(2), OUT.format(3), "as much larger than 1"),
        ("if len(ranked) > 2:", "if len(ranked) >= 2:", "a pair of two is those two, in their order"),
    ],
    "policy/bucket.py": [
        ("if cost > self.burst:", "if cost >= self.burst:", "both ways of reckoning are the same for the whole burst"),
        (
            "self._empty = after if after <= deepest else max(before, deepest)",
            "self._empty = after if after < deepest else max(before, deepest)",
            "it is the deepest then, one way or the other",
        ),
    ],
    "policy/budget.py": [("if behind <= 0:", "if behind < 0:", NO_STEP)],
    "policy/expectation.py": [
        *((f"self._{name} = 0.0", f"self._{name} = 1.0", FIRST_ALONE) for name in ("estimated", "input", "output")),
        (
            "if self._count > 1 and estimated > 0 and self._estimated > 0:",
            "if self._count >= 1 and estimated > 0 and self._estimated > 0:",
            "before the first answer the mean of the estimates is 0",
        ),
    ],
    "policy/keyring.py": [
        ("self.base = tier << 200", "self.base = tier << 201", FAR),
        (FEWEST.format(64), FEWEST.format(65), FAR),
        ("self.passed = 0", "self.passed = None", "it is set with the ring"),
        ("self.passed = 0", "self.passed = 1", "it is set with the ring"),
        ("self.index = -1", "self.index = -2", "one is as much below 0 as the other"),
        ("seat.index = -1", "seat.index = -2", "one is as much below 0 as the other"),
        ("self._turn = 0", "self._turn = 1", "only the order counts"),
        ("self._turn = seat.turn = self._turn + 1", "self._turn = seat.turn = self._turn + 2", "only the order counts"),
        (f"self._now = 0{NOW}", f"self._now = 1{NOW}", "only the differences count"),
        ("lone = self._lone", "lone = None", LONG_WAY),
        ("only = self.seats[0] if len(self.seats) == 1 else None", "only = None", LONG_WAY),
        (
            "only = self.seats[0] if len(self.seats) == 1 else None",
            "only = self.seats[0] if (len(self.seats) == 1) and False else None",
            LONG_WAY,
        ),
        ('plain = only is not None and not only.out and only.room == float("inf")', "plain = None", LONG_WAY),
        (f"self._lone = only if plain else None{ALONE}", f"self._lone = None{ALONE}", LONG_WAY),
        (
            f"self._lone = only if plain else None{ALONE}",
            f"self._lone = only if (plain) and False else None{ALONE}",
            LONG_WAY,
        ),
        *((BOTH.format(", strict=True"), BOTH.format(other), "they are equally long") for other in NOT_STRICT),
        ("order = self._users.get(user)", "order = None", AGAIN),
        ("order = self._users.get(user)", "order = self._users.get(None)", AGAIN),
        ("self._users[user] = order", "self._users[user] = None", AGAIN),
        ("self._users.popitem(last=False)", "self._users.popitem(last=None)", FALSE),
        ("self._users.popitem(last=False)", "self._users.popitem(last=True)", AGAIN),
        (DRAWN.format("utf-8"), DRAWN.format("UTF-8"), "the same encoding"),
        (SCORE.format('"big") + 1'), SCORE.format('"big") - 1'), "by less than any draw differs from another"),
        (SCORE.format('"big") + 1'), SCORE.format('"big") + 2'), "by less than any draw differs from another"),
        (SCORE.format('"big") + 1'), SCORE.format(") + 1"), "the default"),
    ],
    "policy/prefixes.py": [
        (
            'state.update(open_[:BLOCK].encode("utf-8", "surrogatepass"))',
            'state.update(open_[:BLOCK].encode("UTF-8", "surrogatepass"))',
            "the same encoding",
        ),
        ("self._known.popitem(last=False)", "self._known.popitem(last=None)", FALSE),
    ],
    "policy/ranks.py": [
        ("if rank <= least[block]:", "if rank < least[block]:", "the next branch finds the same number then"),
        (BEST, "return self.each.index(rank, )", FROM_START),
        (BEST, "return self.each.index(rank, least.index(rank) >> BLOCK)", FROM_START),
    ],
    "policy/replica.py": [
        ("self._at = 0.0", "self._at = None", "it is set with the first latency, and not read before"),
        ("self._at = 0.0", "self._at = 1.0", "it is set with the first latency, and not read before"),
        (
            "if known is None or seconds >= known:",
            "if known is None or seconds > known:",
            "the mean of two equal values is that value",
        ),
    ],
    "policy/sliding.py": [
        ("if now > self._now:", "if now >= self._now:", "in the same instant nothing more leaves"),
        ("if now <= self._now:", "if now < self._now:", "in the same instant nothing more leaves"),
        (
            "if over <= 0 or until <= self._now:",
            "if over < 0 or until <= self._now:",
            "an entry of nothing counts for nothing",
        ),
    ],
    "policy/spread.py": [
        (
            "if len(self._failing) < self._models:",
            "if len(self._failing) <= self._models:",
            "one more name is kept, of a set whose size is enough already",
        )
    ],
    "policy/window.py": [
        ("if value < self._min:", "if value <= self._min:", "puts an equal value in its place"),
        ("if value > self._max:", "if value >= self._max:", "puts an equal value in its place"),
        ("self._second = 0", "self._second = 1", "it is set with the first amount, and not read before"),
        (
            "if second > self._second or self._first is None:",
            "if second >= self._second or self._first is None:",
            NO_STEP,
        ),
        ("if second > self._second:", "if second >= self._second:", NO_STEP),
        (
            "elif second - self._second >= self._seconds:",
            "elif second - self._second > self._seconds:",
            "the loop of the other branch empties all buckets then, one by one",
        ),
    ],
}
"""By file: what stands there, what it became, and why that changes nothing."""


def reason(mutant: Mutant) -> str:
    """Why a mutant changes nothing; empty if it changes something."""
    if mutant.was and mutant.became.replace('INF")', 'inf")') == mutant.was:
        return "infinity, in capitals"
    for was, became, why in EQUIVALENT.get(mutant.file, []):
        if (mutant.was, mutant.became) == (was, became):
            return why
    return ""
