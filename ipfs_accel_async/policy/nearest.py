"""The nearest of many vectors, without copies as it grows. numpy loads on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from ipfs_accel_async.policy.directions import dots
from ipfs_accel_async.policy.signature import WORDS, apart, most_apart, signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy import bool_, float32, int64, uint64
    from numpy.typing import NDArray

    Near: TypeAlias = tuple[NDArray[int64], NDArray[float32]]

SMALLEST, LARGEST = 256, 8_192
"""Rows of the first block and of the later ones."""
ROUNDING = 1e-5
"""What cosines of float32 may be off by."""
FREE = -1


class Found(NamedTuple):
    """A vector that is near enough: the number it was given, and the cosine."""

    number: int
    similarity: float


class _Block:
    """Rows of one size, allocated once: vectors, and their signatures in columns."""

    def __init__(self, rows: int, dimension: int) -> None:
        import numpy as np

        self.vectors = np.empty((rows, dimension), np.float32)
        self.signatures = np.empty((WORDS, rows), np.uint64)
        self.numbers = np.full(rows, FREE, np.int64)
        self.used = 0

    def near(self, vector: NDArray[float32], asked: NDArray[uint64], most: int, floor: float) -> Near:
        """Numbers and cosines of the rows from `floor` on.

        A signature is a fraction of its vector in memory; only vectors whose signature is near are read.

        Args:
            vector: Of length 1.
            asked: Its signature.
            most: Bits in which the signature of a row may differ from it.
            floor: Least cosine.
        """
        import numpy as np

        used = self.used
        rows = np.flatnonzero(apart(self.signatures[:, :used], asked) <= most)
        if 8 * rows.size > used:  # most of them: faster from end to end than one by one
            return self.all_near(vector, floor)
        return _from(floor, dots(self.vectors[rows], vector), self.numbers[rows])

    def all_near(self, vector: NDArray[float32], floor: float) -> Near:
        """The same by reading all vectors."""
        used = self.used
        return _from(floor, dots(self.vectors[:used], vector), self.numbers[:used])


def _from(floor: float, cosines: NDArray[float32], numbers: NDArray[int64]) -> Near:
    near: NDArray[bool_] = (cosines >= floor) & (numbers != FREE)
    return numbers[near], cosines[near]


class Nearest:
    """Vectors of length 1 by number; a removed one's place is taken by the next.

    Blocks only ever grow at the end, so a search may run in a thread while the owner adds and removes: at worst it
    misses what came meanwhile, or finds what has gone. :meth:`cosine` tells of what there is now.

    Args:
        dimension: Numbers of each vector.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._blocks: list[_Block] = []
        self._places: dict[int, tuple[_Block, int]] = {}
        self._free: list[tuple[_Block, int]] = []

    def __len__(self) -> int:
        return len(self._places)

    @property
    def rows(self) -> int:
        """How many rows a search reads, removed ones included."""
        return sum(block.used for block in self._blocks)

    def add(self, number: int, vector: NDArray[float32]) -> None:
        """Take a vector in.

        Args:
            number: Not negative, and not in yet.
            vector: Of :func:`~ipfs_accel_async.policy.directions.unit`.
        """
        block, row = self._free.pop() if self._free else self._next()
        block.vectors[row] = vector
        block.signatures[:, row] = signature(vector)
        block.numbers[row] = number
        self._places[number] = (block, row)
        block.used = max(block.used, row + 1)  # last: before that no search reads the row

    def _next(self) -> tuple[_Block, int]:
        if not self._blocks or self._blocks[-1].used == len(self._blocks[-1].numbers):
            self._blocks.append(_Block(min(SMALLEST << 2 * len(self._blocks), LARGEST), self.dimension))
        return self._blocks[-1], self._blocks[-1].used

    def remove(self, number: int) -> None:
        """Drop a vector."""
        block, row = self._places.pop(number)
        block.numbers[row] = FREE
        self._free.append((block, row))

    def vector(self, number: int) -> NDArray[float32] | None:
        """A vector; None once it has gone."""
        place = self._places.get(number)
        return None if place is None else place[0].vectors[place[1]].copy()

    def cosine(self, number: int, vector: NDArray[float32]) -> float:
        """How near a vector is to the one of that number; -1 when that has gone."""
        place = self._places.get(number)
        return -1.0 if place is None else float(place[0].vectors[place[1]] @ vector)

    def search(self, vector: NDArray[float32], floor: float, most: int) -> list[Found]:
        """The nearest, nearest first. One in a billion that are just near enough may be passed over.

        Args:
            vector: Of :func:`~ipfs_accel_async.policy.directions.unit`.
            floor: Least cosine.
            most: How many at most.
        """
        found = [Found(int(number), float(cosine)) for number, cosine in self._near(vector, floor)]
        found.sort(key=lambda one: -one.similarity)
        return found[:most]

    def _near(self, vector: NDArray[float32], floor: float) -> Iterator[tuple[int64, float32]]:
        blocks = tuple(self._blocks)
        if len(blocks) < 3:  # few rows are read in less time than a signature is made and compared
            for block in blocks:
                yield from zip(*block.all_near(vector, floor), strict=True)
            return
        asked, most = signature(vector), most_apart(floor - ROUNDING)
        for block in blocks:
            yield from zip(*block.near(vector, asked, most, floor), strict=True)
