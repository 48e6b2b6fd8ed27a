"""Embedding rows of JSON answers to one float32 array: decoded together, as numpy costs much by the call."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._spoilt import spoilt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy import float32
    from numpy.typing import NDArray
    from pydantic_core import SchemaValidator


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
    order = []
    seen = bytearray(count)
    for place, item in enumerate(items):
        if not isinstance(item, dict) or "embedding" not in item:
            raise KeyError(f"data[{place}].embedding")
        index = item.get("index", place)
        if not isinstance(index, int) or not 0 <= index < count or seen[index]:
            raise ValueError(f"data[{place}].index is {index!r}: out of range or there twice")
        seen[index] = 1
        order.append(index)
    values = [item["embedding"] for item in items]
    if not values:
        return np.empty((0, 0), np.float32)
    try:
        return _unpacked(values, order) if isinstance(values[0], str) else _gathered(values, order)
    except ValueError as fault:
        raise spoilt(fault, values, order) from None


def _unpacked(values: list[Any], order: list[int]) -> NDArray[float32]:
    """Rows of base64, decoded together."""
    import numpy as np

    try:
        rows: list[bytes] = _base64().validate_python(values)
    except ValueError as error:  # pydantic's; its text quotes the row
        first = error.errors(include_url=False, include_input=False)[0]  # type: ignore[attr-defined]
        raise ValueError(f"data[{first['loc'][0]}].embedding: {first['msg']}") from None
    width = len(rows[0])
    for place, row in enumerate(rows):
        if len(row) != width or not width or width % 4:
            raise ValueError(f"data[{place}].embedding has {len(row)} bytes, the first one {width}, of 4 a number")
    if order != list(range(len(order))):
        rows = [row for _, row in sorted(zip(order, rows, strict=True))]
    vectors = np.frombuffer(bytearray().join(rows), "<f4")  # of a bytearray: callers may write into their vectors
    return vectors.reshape(len(rows), -1).astype(np.float32, copy=False)


@lru_cache(maxsize=1)
def _base64() -> SchemaValidator:
    """Decodes lists of base64, a mebibyte in a millisecond: a quarter of what binascii takes."""
    from pydantic_core import SchemaValidator, core_schema

    return SchemaValidator(core_schema.list_schema(core_schema.bytes_schema()), {"val_json_bytes": "base64"})


def _gathered(values: list[Any], order: list[int]) -> NDArray[float32]:
    """Rows of numbers, made an array together."""
    import numpy as np

    try:
        with np.errstate(over="ignore"):
            rows = np.array(values, np.float32)
    except (TypeError, ValueError):
        rows = np.empty(0, np.float32)
    if rows.ndim != 2 or not rows.shape[1] or not np.isfinite(rows).all():
        raise _fault(values)
    if order == list(range(len(order))):
        return rows
    placed = np.empty_like(rows)
    placed[order] = rows
    return placed


def _fault(values: list[Any]) -> ValueError:
    """What is wrong with rows of numbers, and where."""
    import numpy as np

    first: tuple[int, ...] | None = None
    for place, value in enumerate(values):
        where = f"data[{place}].embedding"
        try:
            with np.errstate(over="ignore"):
                row = np.array(value, np.float32)
        except (TypeError, ValueError) as error:
            return ValueError(f"{where}: {error}")
        first = row.shape if first is None else first
        if row.ndim != 1 or not row.size or row.shape != first:
            return ValueError(f"{where} has shape {row.shape}, the first one {first}: rows of numbers are wanted")
        if not np.isfinite(row).all():  # JSON has no such numbers: it is a null, or beyond float32
            return ValueError(f"{where} has a null or a number beyond float32")
    return ValueError("data has embeddings that make no array")
