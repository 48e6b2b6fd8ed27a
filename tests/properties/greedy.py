"""What the dispatcher must do, by plain rules over the whole list of calls, sorted anew at each step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Item:
    """A call in the model.

    Attributes:
        rank: Submission plus priority times aging, then order.
        state: waiting, active, or how it ended.
    """

    number: int
    lane: int
    rank: tuple[float, int]
    state: str = "waiting"


class Model:
    """What must be: from the whole list of calls, sorted anew each time."""

    def __init__(self, caps: list[int], total: int, size: int, policy: str) -> None:
        self.caps, self.total, self.size, self.policy = caps, total, size, policy
        self.items: list[Item] = []
        self.started: list[int] = []
        self.closed = False

    def of(self, state: str, lane: int | None = None) -> list[Item]:
        found = [item for item in self.items if item.state == state and lane in {None, item.lane}]
        return sorted(found, key=lambda item: item.rank)

    def room(self, lane: int) -> bool:
        return len(self.of("active", lane)) < self.caps[lane] and len(self.of("active")) < self.total

    def submit(self, item: Item) -> None:
        waiting = self.of("waiting", item.lane)
        self.items.append(item)
        if self.closed:
            item.state = "closed"
        elif (waiting or not self.room(item.lane)) and len(waiting) >= self.size and self.policy != "wait":
            worst = max([*waiting, item] if self.policy == "drop-lowest" else [item], key=lambda one: one.rank)
            worst.state = "full"
        self.grant()

    def grant(self) -> None:
        while ready := [item for item in self.of("waiting") if self.room(item.lane)]:
            ready[0].state = "active"
            self.started.append(ready[0].number)

    def end(self, item: Item, state: str) -> None:
        item.state = state
        self.grant()

    def close(self) -> None:
        self.closed = True
        for item in self.of("waiting"):
            item.state = "closed"
