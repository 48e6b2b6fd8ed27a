"""Directions and their products with numpy, which loads on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import ArrayLike, NDArray

ALONE = 8_000
"""Numbers of a matrix that BLAS multiplies in one thread."""


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
