"""What the dispatcher must do, by plain rules over the whole list of calls, sorted anew at each step."""

from __future__ import annotations

from dataclasses import dataclass, field

WEIGHTS = {"a": 3.0}


@dataclass
class Item:
    """A call in the model.

    Attributes:
        rank: Submission (or deadline) plus priority times aging, then order.
        large: Whether the gate lets it wait while it is narrow.
        bad: Whether the gate fails when it is asked for it.
        state: waiting, active, or how it ended.
    """

    number: int
    lane: int
    rank: tuple[float, int]
    priority: int = 1
    model: str = "m"
    tenant: str = ""
    large: bool = False
    bad: bool = False
    state: str = "waiting"

    @property
    def high(self) -> bool:
        return self.priority == 0


@dataclass
class Door:
    """What the gate of a lane lets through: nothing of a model before an instant, nothing large while it is narrow."""

    until: dict[str, float] = field(default_factory=dict)
    narrow: bool = False

    def opens(self, item: Item, now: float) -> float:
        """When it may be asked again; not after `now`: it may go."""
        at = self.until.get(item.model, 0.0)
        return float("inf") if self.narrow and item.large and at <= now else at


class Shares:
    """Tenants' virtual times in one lane."""

    def __init__(self) -> None:
        self.now = 0.0
        self.finish: dict[str, float] = {}

    def start(self, tenant: str) -> float:
        return max(self.now, self.finish.get(tenant, 0.0))

    def charge(self, tenant: str) -> None:
        self.now = self.start(tenant)
        self.finish[tenant] = self.now + 1 / WEIGHTS.get(tenant, 1.0)


class Model:
    """What must be: from the whole list of calls, sorted anew each time."""

    def __init__(self, caps: list[int], reserved: int, total: int, size: int, policy: str) -> None:
        self.caps, self.reserved, self.total, self.size, self.policy = caps, reserved, total, size, policy
        self.items: list[Item] = []
        self.started: list[int] = []
        self.shares = [Shares() for _ in caps]
        self.doors = [Door() for _ in caps]
        self.closed = False
        self.now = 0.0

    def of(self, state: str, lane: int | None = None) -> list[Item]:
        found = [item for item in self.items if item.state == state and lane in {None, item.lane}]
        return sorted(found, key=lambda item: item.rank)

    def room(self, lane: int, *, high: bool) -> bool:
        active = self.of("active", lane)
        others = sum(not item.high for item in active)
        shared = max(self.caps[lane] - self.reserved, min(self.caps[lane], 1))
        free = len(active) < self.caps[lane] and len(self.of("active")) < self.total
        return free and (high or others < shared)

    def submit(self, item: Item) -> None:
        self.items.append(item)
        waiting = [one for one in self.of("waiting", item.lane) if one is not item]
        if self.closed:
            item.state = "closed"
        elif self.room(item.lane, high=item.high) and all(one.model != item.model for one in waiting):
            if item.bad:
                item.state = "broken"
            elif self.doors[item.lane].opens(item, self.now) <= self.now:
                self.start(item)
        if item.state == "waiting" and len(waiting) >= self.size and self.policy != "wait":
            self.without_a_place(item, waiting).state = "full"
        self.grant()

    def without_a_place(self, item: Item, waiting: list[Item]) -> Item:
        if self.policy == "reject":
            return item
        loads: dict[str, float] = {}
        for one in [*waiting, item]:
            loads[one.tenant] = loads.get(one.tenant, 0.0) + 1 / WEIGHTS.get(one.tenant, 1.0)
        most = [one for one in [*waiting, item] if loads[one.tenant] >= max(loads.values()) - 1e-9]
        return max(most, key=lambda one: one.rank)

    def start(self, item: Item) -> None:
        item.state = "active"
        self.started.append(item.number)

    def grant(self) -> None:
        while ready := [head for lane in range(len(self.caps)) for head in self.next_of(lane)]:
            item = min(ready, key=lambda one: one.rank)
            if item.bad:
                item.state = "broken"
            else:
                self.shares[item.lane].charge(item.tenant)
                self.start(item)
        for lane, shares in enumerate(self.shares):
            if not self.of("waiting", lane):
                shares.now, shares.finish = 0.0, {}

    def next_of(self, lane: int) -> list[Item]:
        """The one that goes next in a lane, if any may: behind one that the gate holds nothing of its model goes."""
        shares = self.shares[lane]

        def turn(item: Item) -> tuple[float, tuple[float, int]]:
            return shares.start(item.tenant), item.rank

        able = [one for one in self.of("waiting", lane) if self.room(lane, high=one.high)]
        heads = [min((one for one in able if one.model == model), key=turn) for model in {one.model for one in able}]
        going = [one for one in heads if one.bad or self.doors[lane].opens(one, self.now) <= self.now]
        return [min(going, key=turn)] if going else []

    def end(self, item: Item, state: str) -> None:
        item.state = state
        self.grant()

    def close(self) -> None:
        self.closed = True
        for item in self.of("waiting"):
            item.state = "closed"
