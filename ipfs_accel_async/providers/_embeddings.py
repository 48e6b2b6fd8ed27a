"""Embedding rows of JSON answers to one float32 array."""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy import float32
    from numpy.typing import NDArray


def indexed_vectors(items: Sequence[Mapping[str, Any]], count: int) -> NDArray[float32]:
    """The vectors of ``data: [{index, embedding}]`` in the order of their index.

    Args:
        items: Each with `embedding`: base64 of little-endian float32, or a list of numbers.
        count: How many texts were sent.

    Returns:
        Array of shape (count, d).

    Raises:
        KeyError, TypeError, ValueError: The rows are not `count`, not of one length, twice of an index, or no numbers;
            the message has the path.
    """
    import numpy as np  # loads on first use: most programs never embed

    if not isinstance(items, list):
        raise TypeError("data is no list")
    if len(items) != count:
        raise ValueError(f"data has {len(items)} embeddings for {count} texts")
    rows = np.empty((0, 0), np.float32)
    seen = bytearray(count)
    for place, item in enumerate(items):
        if not isinstance(item, dict) or "embedding" not in item:
            raise KeyError(f"data[{place}].embedding")
        index = item.get("index", place)
        if not isinstance(index, int) or not 0 <= index < count or seen[index]:
            raise ValueError(f"data[{place}].index is {index!r}: out of range or there twice")
        seen[index] = 1
        row = _row(item, place)
        if not place:
            rows = np.empty((count, row.size), np.float32)
        if row.ndim != 1 or row.size != rows.shape[1] or not row.size:
            raise ValueError(f"data[{place}].embedding has shape {row.shape}, the first one ({rows.shape[1]},)")
        rows[index] = row
    return rows


def _row(item: Mapping[str, Any], place: int) -> NDArray[float32]:
    import numpy as np

    value = item["embedding"]
    try:
        if isinstance(value, str):
            return np.frombuffer(a2b_base64(value, strict_mode=True), "<f4")
        with np.errstate(over="ignore"):
            row = np.array(value, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"data[{place}].embedding: {error}") from None
    if not np.isfinite(row).all():  # JSON has no such numbers: it is a null, or beyond float32
        raise ValueError(f"data[{place}].embedding has a null or a number beyond float32")
    return row
