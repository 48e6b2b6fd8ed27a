"""Mutants that change nothing anyone could notice, each with the reason; they do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mutation.equivalent_policies import FALSE, POLICIES

if TYPE_CHECKING:
    from tests.mutation.mutants import Mutant

PARTS = "parts = [Member(call, one, form.weigh(one), gathering.loop.create_future(), whole={}) for one in pieces]"

ONLY_ORDER = "only the order counts"
ENTRY = "entry = ((ticket.rank[0] {} self._sign, ticket.rank[1] {} self._sign), ticket)"
SECOND = "mirror = self._mirrors[ticket.tenant] = TicketQueue(sign=-{})"
NO_TWO = "no two tickets have the same rank"
SAME = ((3, "<", 2), (2, "<=", 2), (2, "<", 3))
FIRST = "if best is None or entry[:{}] {} best[:{}]:"

FOR_NOBODY = "it is never 0 while anybody waits, and asks once more for nobody otherwise"
HAS_ROOM = "return lane is None or (lane.room(high={}) and not lane.queue.waiting)"
HEAD = "ticket = lane.queue.head(high=not lane.room(high={}))"
MIRROR = "mirror = self._mirrors[ticket.tenant] = TicketQueue(sign=-{})"
FIRST_HEAP = "first = self._swept if new is None or (old is not None and old {} new) else self._queue"
LEFT = "while (ticket := lane.queue.head(high={})) is not None:"

IN_ORDER = "a set that keeps its order: nobody looks at the values"
TIMER = "self._timer = self.loop.call_later(rules.timeout, self._due, {})"

EQUIVALENT: dict[str, list[tuple[str, str, str]]] = {
    "admission.py": [
        (
            'victim = lane.queue.last(ticket) if policy == "drop-lowest" else ticket',
            'victim = lane.queue.last(ticket) if (policy == "drop-lowest") or True else ticket',
            "a queue that is not mirrored knows of nobody but the newcomer",
        ),
    ],
    "batcher.py": [
        ("asked_anew = False", "asked_anew = None", FALSE),
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
    "batching/bounds.py": [
        (
            "rules.learn(answer.raw if isinstance(answer.raw, dict) else {})",
            "rules.learn(answer.raw if (isinstance(answer.raw, dict)) or True else {})",
            "what has no names to look up is an error, after which what is usual holds as well",
        ),
    ],
    "batching/gathering.py": [
        ("self._waiting[member] = None", 'self._waiting[member] = ""', IN_ORDER),
        (
            "self.batches[Batch(self, members, crowd)] = None",
            'self.batches[Batch(self, members, crowd)] = ""',
            IN_ORDER,
        ),
        ("place.alone = False", "place.alone = None", FALSE),
        *(
            (TIMER.format("context=self._context"), TIMER.format(other), "it is sent in that context already")
            for other in ("context=None", "")
        ),
    ],
    "caps.py": [
        (
            "while more > 0 and self._owed:",
            "while more >= 0 and self._owed:",
            "the one that it forgives too many is owed again, as no permit is free then",
        ),
    ],
    "dispatcher.py": [
        ("self._sequence = 0", "self._sequence = 1", ONLY_ORDER),
        ("self._sequence += 1", "self._sequence += 2", ONLY_ORDER),
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
            NO_TWO,
        ),
    ],
    "lines.py": [
        ("self.entry: Entry | None = None", 'self.entry: Entry | None = ""', "a line is entered with its first ticket"),
        ("self._serial = 0", "self._serial = 1", "only tells entries apart"),
        ("self._serial += 1", "self._serial = 1", "entries with one rank are of one line"),
        ("self._serial += 1", "self._serial -= 1", "only tells entries apart"),
        ("self._serial += 1", "self._serial += 2", "only tells entries apart"),
        (
            "if head is None or ticket.rank < head.rank:",
            "if head is None or ticket.rank <= head.rank:",
            NO_TWO,
        ),
    ],
    "waitlist.py": [
        (SECOND.format(1), SECOND.format(2), ONLY_ORDER),
        *(
            (FIRST.format(2, "<", 2), FIRST.format(*other), NO_TWO)
            for other in ((3, "<", 2), (2, "<=", 2), (2, "<", 3))
        ),
        (MIRROR.format(1), MIRROR.format(2), "only the order counts"),
    ],
    "tickets.py": [
        (
            "if self._head is not None and entry[0] < self._head[0]:",
            "if self._head is not None and entry[0] <= self._head[0]:",
            NO_TWO,
        ),
        ("ticket.queued = False", "ticket.queued = None", FALSE),
        ("def __init__(self, sign: int = 1) -> None:", "def __init__(self, sign: int = 2) -> None:", ONLY_ORDER),
        *((ENTRY.format("*", "*"), ENTRY.format(*other), "by 1 or -1 it is the same") for other in ("/*", "*/")),
        (FIRST_HEAP.format("<"), FIRST_HEAP.format("<="), NO_TWO),
    ],
    **POLICIES,
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
