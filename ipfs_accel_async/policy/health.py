"""What is known of keys beyond their load: who is parked, quarantined or denied, and until when."""

from __future__ import annotations

from typing import Generic

from ipfs_accel_async.policy.keyring import AnySeat, KeyRing

QUARANTINE = 300.0
"""Seconds until a refused key is tried once more, as services refuse good keys in their own bad hours."""
LONGEST_QUARANTINE = 3_600.0
MAX_MODELS = 1_000
NEVER = float("inf")


class KeyHealth(Generic[AnySeat]):
    """Takes seats of a ring out of service and lets them back. Times are one monotone clock's, in seconds.

    Three scopes: a key that is refused is out for every model; a bill that is not paid stops a whole quota group until
    it is released; a rate limit stops a quota group for one model, until the instant that the service states.

    Args:
        ring: Of the seats.

    Attributes:
        due: When a quarantine ends next; infinity for never.
        parked: Ends of parks by group, by model.
        denied: Aliases that may not use a model, by model.
    """

    __slots__ = ("_blocked", "_ends", "_ring", "_unpaid", "denied", "due", "parked")

    def __init__(self, ring: KeyRing[AnySeat]) -> None:
        self._ring = ring
        self._ends: dict[str, tuple[float, int]] = {}  # quarantines: the end of each, and how many in a row
        self._unpaid: set[str] = set()
        self.parked: dict[str, dict[str, float]] = {}  # by model, then by group
        self.denied: dict[str, set[str]] = {}  # by model, the aliases
        self._blocked: dict[str, tuple[set[AnySeat], float]] = {}
        self.due = NEVER

    def admit(self, seat: AnySeat) -> None:
        """A seat is new: it shares the bill of its group."""
        if seat.group in self._unpaid:
            self._ring.bench(seat, "billing")
        self._blocked.clear()

    def quarantine(self, seat: AnySeat, now: float, until: float | None = None) -> None:
        """The key was refused: nobody gets it until then, or for longer each time in a row; then one call tries it."""
        if seat.out and seat.alias in self._ends:
            return  # calls that had it then hear the same: that is not another time
        times = self._ends.get(seat.alias, (0.0, 0))[1] + 1
        longer = now + min(QUARANTINE * 2 ** (times - 1), LONGEST_QUARANTINE)
        self._ends[seat.alias] = (longer if until is None else until, times)
        if seat.out != "billing":
            self._ring.bench(seat, "refused")
        self._settle()

    def revive(self, now: float) -> None:
        """Let those back whose quarantine is over, one call at a time."""
        for seat in self._ring.seats:
            if seat.out == "refused" and self._ends[seat.alias][0] <= now:
                self._ring.try_out(seat, True)
                self._ring.bench(seat, "")
        self._settle()

    def recovered(self, seat: AnySeat) -> None:
        """The key was accepted: earlier refusals are forgotten."""
        self._ends.pop(seat.alias, None)
        self._ring.try_out(seat, False)

    def unpaid(self, group: str) -> None:
        """The bill of a group is not paid: none of its keys serves until it is released."""
        self._unpaid.add(group)
        for seat in self._ring.seats:
            if seat.group == group:
                self._ring.bench(seat, "billing")
        self._settle()

    def park(self, group: str, model: str, until: float) -> None:
        """A group has had enough of a model until then; an earlier, longer wish stays."""
        if model not in self.parked and len(self.parked) >= MAX_MODELS:
            self.parked.pop(next(iter(self.parked)))
        groups = self.parked.setdefault(model, {})
        groups[group] = max(until, groups.get(group, 0.0))
        self._blocked.clear()

    def deny(self, seat: AnySeat, model: str) -> None:
        """The key may not use this model; others of its group may."""
        if model not in self.denied and len(self.denied) >= MAX_MODELS:
            self.denied.pop(next(iter(self.denied)))
        self.denied.setdefault(model, set()).add(seat.alias)
        self._blocked.clear()

    def release(self, seat: AnySeat) -> None:
        """Forget all that was held against a key and its group."""
        self._ends.pop(seat.alias, None)
        self._unpaid.discard(seat.group)
        for other in self._ring.seats:
            if other is seat or (other.group == seat.group and other.out == "billing"):
                self._ring.try_out(other, False)
                self._ring.bench(other, "refused" if other.alias in self._ends else "")
        for groups in self.parked.values():
            groups.pop(seat.group, None)
        for aliases in self.denied.values():
            aliases.discard(seat.alias)
        self._settle()

    def forget(self, seat: AnySeat) -> None:
        """The key is gone, or its secret is another one now: what was said of the old one does not count."""
        self._ends.pop(seat.alias, None)
        if seat.index >= 0:
            self._ring.try_out(seat, False)
            if seat.out == "refused":
                self._ring.bench(seat, "")
        for aliases in self.denied.values():
            aliases.discard(seat.alias)
        self._settle()

    def quarantines(self, now: float) -> list[tuple[str, float]]:
        """Aliases that are quarantined, with the seconds left."""
        return [(alias, until - now) for alias, (until, _) in self._ends.items() if until > now]

    def blocked(self, model: str, now: float) -> set[AnySeat]:
        """Seats that cannot serve a model now, by park or denial.

        When every key in service is denied, none is: the service's own words are the better answer then.
        """
        if model not in self.parked and model not in self.denied:
            return set()
        known = self._blocked.get(model)
        if known is not None and now < known[1]:
            return known[0]
        groups = {group: until for group, until in self.parked.get(model, {}).items() if until > now}
        self.parked[model] = groups
        if not groups:
            del self.parked[model]
        denied = self.denied.get(model, set())
        serving = [seat for seat in self._ring.seats if not seat.out]
        found = {seat for seat in serving if seat.group in groups}
        if not all(seat.alias in denied for seat in serving):
            found |= {seat for seat in serving if seat.alias in denied}
        self._blocked[model] = (found, min(groups.values(), default=NEVER))
        return found

    def opens_at(self, seat: AnySeat, model: str) -> float:
        """When a seat can serve a model again, as far as that is known: infinity where only a release helps."""
        if seat.out:
            return NEVER
        return self.parked.get(model, {}).get(seat.group) or NEVER

    def reason(self, seat: AnySeat, model: str, now: float) -> str:
        """Why a seat does not serve a model, in words; empty when nothing is held against it."""
        if seat.out == "billing":
            return "its bill is not paid (402, or a 429 that says so): release it when it is"
        if seat.out:
            return f"the service refused it (401); it is tried again in {self._ends[seat.alias][0] - now:.0f} s"
        until = self.parked.get(model, {}).get(seat.group, 0.0)
        if until > now:
            return f"its quota is used up (429), for {until - now:.1f} s more"
        return "it may not use this model (403)" if seat.alias in self.denied.get(model, ()) else ""

    def parks(self, seat: AnySeat, now: float) -> dict[str, float]:
        """Seconds for which the group of a seat is parked, by model."""
        found = {model: groups.get(seat.group, 0.0) - now for model, groups in self.parked.items()}
        return {model: left for model, left in found.items() if left > 0}

    def denials(self, seat: AnySeat) -> list[str]:
        """Models that the key may not use."""
        return [model for model, aliases in self.denied.items() if seat.alias in aliases]

    def _settle(self) -> None:
        self._blocked.clear()
        ends = [self._ends[seat.alias][0] for seat in self._ring.seats if seat.out == "refused"]
        self.due = min(ends, default=NEVER)
