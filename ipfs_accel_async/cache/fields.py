"""Fields of kept JSON, read by their types: whatever is not what it should be makes the entry a miss."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_DTYPE = re.compile(r"[<>|][biuf][1248]")


class MisshapenError(ValueError):
    """A kept answer is not of the shape that this version writes."""


def text(kept: Mapping[str, Any], name: str) -> str:
    """A text."""
    value = kept[name]
    if value.__class__ is not str:
        raise MisshapenError(name)
    return str(value)


def number(kept: Mapping[str, Any], name: str) -> float:
    """A number."""
    value = kept[name]
    if value.__class__ is not float and value.__class__ is not int:
        raise MisshapenError(name)
    return float(value)


def whole(kept: Mapping[str, Any], name: str) -> int:
    """A whole number."""
    value = kept[name]
    if value.__class__ is not int:
        raise MisshapenError(name)
    return int(value)


def flag(kept: Mapping[str, Any], name: str) -> bool:
    """True or False."""
    value = kept[name]
    if value.__class__ is not bool:
        raise MisshapenError(name)
    return bool(value)


def objects(kept: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects."""
    value = kept[name]
    if value.__class__ is not list or not all(one.__class__ is dict for one in value):
        raise MisshapenError(name)
    return list(value)


def texts(kept: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts."""
    value = kept[name]
    if value.__class__ is not list or not all(one.__class__ is str for one in value):
        raise MisshapenError(name)
    return tuple(value)


def wholes(kept: Mapping[str, Any], name: str) -> list[int]:
    """A list of whole numbers."""
    value = kept[name]
    if value.__class__ is not list or not all(one.__class__ is int for one in value):
        raise MisshapenError(name)
    return list(value)


def packed(array: NDArray[Any]) -> dict[str, Any] | None:
    """A numeric array as JSON: its type, shape and bytes; None for one of objects."""
    if not _DTYPE.fullmatch(array.dtype.str):
        return None
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "data": base64.b64encode(array.tobytes()).decode(),
    }


def array(kept: Mapping[str, Any], name: str, dtype: str = "") -> NDArray[Any]:
    """An array of its own memory; of a `dtype`, if one is given."""
    import numpy as np

    value = kept[name]
    shape, kind = value["shape"], text(value, "dtype")
    if not _DTYPE.fullmatch(kind) or (dtype and kind != dtype):
        raise MisshapenError(name)
    if not all(size.__class__ is int and size >= 0 for size in shape):
        raise MisshapenError(name)
    return np.frombuffer(bytearray(base64.b64decode(text(value, "data"), validate=True)), kind).reshape(shape)
