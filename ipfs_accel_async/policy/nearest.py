"""The nearest of many vectors: exact, in bounded time, without copies as it grows. numpy loads on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy import bool_, float32, int64
    from numpy.typing import ArrayLike, NDArray

SMALLEST, LARGEST = 256, 8_192
"""Rows of the first block and of the later ones."""
HEAD = 4
"""The part of the numbers that is read of every row: a quarter."""
ALONE = 8_000
"""Numbers of a matrix that BLAS multiplies in one thread."""
FREE = -1


def unit(vector: ArrayLike) -> NDArray[float32] | None:
    """A vector of length 1; None for one that has no direction: empty, of zeros, or with a number that is none.

    Args:
        vector: Of shape (d,).
    """
    import numpy as np

    made = np.asarray(vector, np.float32)
    if made.ndim != 1 or not made.size:
        return None
    length = float(np.sqrt(np.dot(made.astype(np.float64), made)))
    return made / np.float32(length) if 0 < length < float("inf") else None


def dots(rows: NDArray[float32], vector: NDArray[float32]) -> NDArray[float32]:
    """The product of each row with a vector, in this thread alone.

    A large ``rows @ vector`` is shared out to threads by most builds of numpy, which wait for each other by spinning:
    on a busy machine that takes fifty times as long. So it goes in pieces that are too small for that.
    """
    import numpy as np

    count, width = rows.shape
    piece = max(1, ALONE // max(1, width))
    if count <= piece:
        return rows @ vector
    whole = count - count % piece
    made = np.empty(count, np.float32)
    shape = (whole // piece, piece)
    np.matmul(rows[:whole].reshape(*shape, width), vector, out=made[:whole].reshape(shape))
    np.matmul(rows[whole:], vector, out=made[whole:])
    return made


class Found(NamedTuple):
    """A vector that is near enough: the number it was given, and the cosine."""

    number: int
    similarity: float


def _head(dimension: int) -> int:
    return max(1, dimension // HEAD)


class _Block:
    """Rows of one size, allocated once. The head of each row, the rest, and how long that rest is."""

    def __init__(self, rows: int, dimension: int) -> None:
        import numpy as np

        head = _head(dimension)
        self.heads = np.empty((rows, head), np.float32)
        self.tails = np.empty((rows, dimension - head), np.float32)
        self.lengths = np.empty(rows, np.float32)
        self.numbers = np.full(rows, FREE, np.int64)
        self.used = 0

    def near(
        self, head: NDArray[float32], tail: NDArray[float32], length: float, floor: float
    ) -> tuple[NDArray[int64], NDArray[float32]]:
        """Numbers and cosines of the rows from `floor` on.

        What the tails can add is at most the product of their lengths: where head and that stay below `floor`, the
        tail, which is three quarters of the memory, is not read.

        Args:
            head: Of the vector.
            tail: The rest of it.
            length: Of the tail.
            floor: Least cosine.
        """
        import numpy as np

        used = self.used
        part = dots(self.heads[:used], head)
        rows = np.flatnonzero(part + self.lengths[:used] * np.float32(length) >= floor - 1e-5)
        if 8 * rows.size > used:
            cosines = (part + dots(self.tails[:used], tail))[rows]
        else:
            cosines = part[rows] + dots(self.tails[rows], tail)
        numbers = self.numbers[rows]
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
            vector: Of :func:`unit`.
        """
        import numpy as np

        block, row = self._free.pop() if self._free else self._next()
        head = block.heads.shape[1]
        block.heads[row], block.tails[row] = vector[:head], vector[head:]
        block.lengths[row] = np.linalg.norm(vector[head:])
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
        import numpy as np

        place = self._places.get(number)
        return None if place is None else np.concatenate((place[0].heads[place[1]], place[0].tails[place[1]]))

    def cosine(self, number: int, vector: NDArray[float32]) -> float:
        """How near a vector is to the one of that number; -1 when that has gone."""
        known = self.vector(number)
        return -1.0 if known is None else float(known @ vector)

    def search(self, vector: NDArray[float32], floor: float, most: int) -> list[Found]:
        """The nearest, nearest first.

        Args:
            vector: Of :func:`unit`.
            floor: Least cosine.
            most: How many at most.
        """
        found = [Found(int(number), float(cosine)) for number, cosine in self._near(vector, floor)]
        found.sort(key=lambda one: -one.similarity)
        return found[:most]

    def _near(self, vector: NDArray[float32], floor: float) -> Iterator[tuple[int64, float32]]:
        import numpy as np

        cut = _head(self.dimension)
        head, tail = vector[:cut], vector[cut:]
        length = float(np.sqrt(tail @ tail))
        for block in tuple(self._blocks):
            numbers, cosines = block.near(head, tail, length, floor)
            yield from zip(numbers, cosines, strict=True)
