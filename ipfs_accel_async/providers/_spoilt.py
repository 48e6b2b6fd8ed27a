"""Answers of which some vectors are none: which of them can be used all the same."""

from __future__ import annotations

from binascii import a2b_base64
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float32
    from numpy.typing import NDArray


class SpoiltRowsError(ValueError):
    """Some rows of an answer are no vectors.

    Attributes:
        rows: The vectors in the order of the texts; in the place of one that is none, what is wrong with it.
    """

    def __init__(self, message: str, rows: Sequence[NDArray[float32] | str]) -> None:
        super().__init__(message)
        self.rows = tuple(rows)


def spoilt(fault: ValueError, values: Sequence[Any], order: Sequence[int] | None = None) -> ValueError:
    """A fault of an answer, with the rows that it spares; the fault itself where it spares none.

    A row of another length than most is at fault; where no length is that of most, nobody can tell which is right.

    Args:
        fault: What is wrong, in words.
        values: The rows as they came: base64 of little-endian float32, or numbers.
        order: The place of each; as they came if None.
    """
    rows: list[NDArray[float32] | str] = [""] * len(values)
    for at, value in enumerate(values):
        rows[at if order is None else order[at]] = _row(value)
    sizes = Counter(len(row) for row in rows if not isinstance(row, str))
    size, count = sizes.most_common(1)[0] if sizes else (0, 0)
    if not count or 2 * count <= sizes.total():
        return fault
    told = [
        f"the vector has {len(row)} numbers, the others {size}"
        if not isinstance(row, str) and len(row) != size
        else row
        for row in rows
    ]
    return SpoiltRowsError(str(fault), told)


def _row(value: Any) -> NDArray[float32] | str:
    import numpy as np  # loads on first use: most programs never embed

    try:
        with np.errstate(over="ignore"):
            row = _unpacked(value) if isinstance(value, str) else np.array(value, np.float32)
    except (TypeError, ValueError) as error:
        return f"the vector is none: {error}"
    if row.ndim != 1 or not row.size:
        return f"the vector has the shape {row.shape}"
    return row if np.isfinite(row).all() else "the vector has a null, a NaN or a number beyond float32"


def _unpacked(value: str) -> NDArray[float32]:
    import numpy as np

    return np.frombuffer(a2b_base64(value, strict_mode=True), "<f4").astype(np.float32)
