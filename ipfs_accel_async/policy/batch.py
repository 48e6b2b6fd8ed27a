"""What of the calls that wait goes out together, and what waits for more: pure decisions on counts."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Weighed(Protocol):
    """What is gathered: the part of a call that stays in one request."""

    items: int
    tokens: int
    bytes: int


Part = TypeVar("Part", bound=Weighed)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that one request takes; of tokens and bytes 0 is no bound. A part above them goes alone."""

    items: int
    tokens: int = 0
    bytes: int = 0

    def exceeded(self, items: int, tokens: int, size: int) -> bool:
        """Whether so much is more than a request takes."""
        return items > self.items or 0 < self.tokens < tokens or 0 < self.bytes < size

    def reached(self, items: int, tokens: int, size: int) -> bool:
        """Whether so much fills a request."""
        return items >= self.items or 0 < self.tokens <= tokens or 0 < self.bytes <= size


def packed(parts: Sequence[Part], bounds: Bounds, share: int) -> Iterator[list[Part]]:
    """Parts in their order, put together into requests.

    Args:
        parts: What is to be sent.
        bounds: The most of a request.
        share: Items that a request gets, for all to be alike.
    """
    most_items, most_tokens, most_bytes = min(bounds.items, share), bounds.tokens or inf, bounds.bytes or inf
    group: list[Part] = []
    items = tokens = size = 0
    for part in parts:  # thousands at once: not even a call for each
        items += part.items
        tokens += part.tokens
        size += part.bytes
        if group and (items > most_items or tokens > most_tokens or size > most_bytes):
            yield group
            group, items, tokens, size = [], part.items, part.tokens, part.bytes
        group.append(part)
    if group:
        yield group


def plan(parts: Sequence[Part], bounds: Bounds, share: int, *, flying: int, places: int, due: bool) -> list[list[Part]]:
    """The requests to send now. What is in none of them waits.

    With nothing under way all goes: a lone call never lingers. Else the last request, if it is neither full nor has its
    share, waits for more until it is due. Beyond the places nothing goes: what waits there gathers.

    Args:
        parts: What waits, those that go first in front.
        bounds: The most of a request.
        share: Items that a request gets.
        flying: Requests under way.
        places: Requests that may be.
        due: Whether the oldest has waited for as long as it may.
    """
    free = places - flying
    if free <= 0 or not parts:
        return []
    ready = list(packed(parts, bounds, share))
    if len(ready) <= free and flying and not due:
        last = ready[-1]
        if sum(part.items for part in last) < share and not _full(last, bounds):
            ready.pop()
    return ready[:free]


def _full(group: Sequence[Weighed], bounds: Bounds) -> bool:
    return bounds.reached(
        sum(part.items for part in group), sum(part.tokens for part in group), sum(part.bytes for part in group)
    )


def cuts(weights: Sequence[tuple[int, int]], bounds: Bounds) -> Iterator[tuple[int, int]]:
    """Where to cut one call that is too large: start and stop of parts that a request takes, about alike.

    Args:
        weights: Tokens and bytes of each item.
        bounds: The most of a request.
    """
    share = -(-len(weights) // -(-len(weights) // bounds.items))
    bounds = Bounds(share, bounds.tokens, bounds.bytes)
    start = tokens = size = 0
    for place, (more, larger) in enumerate(weights):
        tokens, size = tokens + more, size + larger
        if place > start and bounds.exceeded(place + 1 - start, tokens, size):
            yield start, place
            start, tokens, size = place, more, larger
    yield start, len(weights)


def shared_out(total: int, weights: Sequence[int]) -> list[int]:
    """A whole number in whole parts by weight, which add up to it exactly; of no weight at all, in equal parts."""
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    shares, before, at = [], 0, 0
    for weight in weights:
        at += weight
        upto = total * at // whole
        shares.append(upto - before)
        before = upto
    return shares
