"""The place of the least of many numbers that change one at a time."""

from __future__ import annotations

BLOCK = 3
"""Places are looked at in blocks of 2 to this power: with fifty, a choice and a change look at seven and eight."""


class Ranks:
    """Whole numbers by place; each block of places keeps its least.

    Attributes:
        each: The numbers.
    """

    __slots__ = ("_least", "each")

    def __init__(self) -> None:
        self.each: list[int] = []
        self._least: list[int] = []

    def renew(self, each: list[int]) -> None:
        """Take other numbers, of as many places as there are now."""
        self.each = each
        size = 1 << BLOCK
        self._least = [min(each[start : start + size]) for start in range(0, len(each), size)]

    def put(self, place: int, rank: int) -> None:
        """Change one number."""
        each, block = self.each, place >> BLOCK
        before, each[place] = each[place], rank
        least = self._least
        if rank <= least[block]:
            least[block] = rank
        elif before == least[block]:
            start = block << BLOCK
            least[block] = min(each[start : start + (1 << BLOCK)])

    def best(self) -> int:
        """The first place of the least number.

        Raises:
            ValueError: There is no place.
        """
        least = self._least
        rank = min(least)
        return self.each.index(rank, least.index(rank) << BLOCK)
