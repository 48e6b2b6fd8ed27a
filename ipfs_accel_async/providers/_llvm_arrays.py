"""Arrays in the JSON of the LLVM model server: lists of numbers; bytes in base64 where a number is not finite."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def encode(array: Array, name: str) -> Any:
    """An array as JSON has it.

    Args:
        array: Of numbers or truth values.
        name: Of the input, for the error.

    Raises:
        InvalidRequestError: It is of another type.
    """
    import numpy as np  # loaded on first use: it costs more than the rest of the package

    kind = array.dtype.kind
    if kind not in "biuf" or array.dtype.itemsize > 8:
        raise InvalidRequestError(f"{name} must be an array of numbers of at most 64 bits, not {array.dtype}")
    if kind == "f" and not np.isfinite(array).all():
        return binary(array)
    return array.tolist() if array.ndim == 0 else np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def binary(array: Array) -> dict[str, Any]:
    """An array as its type, shape and bytes."""
    data = base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data.decode("ascii")}


def is_binary(value: Any) -> bool:
    """Whether a JSON value is an array in its binary form."""
    return isinstance(value, dict) and value.keys() == {"dtype", "shape", "data"}


def decode(value: Any, dtype: str | None = None) -> Array:
    """An array from JSON.

    Args:
        value: Lists of numbers, a number, or the binary form.
        dtype: numpy's name of its type, where the server says it: numbers in JSON have none.

    Raises:
        ValueError: It is no array, or none of that type.
        TypeError: The same.
        KeyError: The binary form lacks a field.
    """
    import numpy as np

    if is_binary(value):
        raw = base64.b64decode(value["data"], validate=True)
        little = np.dtype(value["dtype"]).newbyteorder("<")
        return np.frombuffer(bytearray(raw), little).reshape(value["shape"]).astype(value["dtype"], copy=False)
    made = np.asarray(value)
    wanted = made.dtype if dtype is None else np.dtype(dtype)
    if wanted.kind in "iu" and made.dtype.kind in "fO" and made.size:  # whole numbers around 2**63 have no common type
        made = np.asarray(value, object)
        if not all(type(number) is int for number in made.flat):
            raise ValueError(f"no array of {dtype}: {value!r:.60}")
    elif made.dtype.kind == "O":
        raise ValueError(f"no array of numbers or texts: {value!r:.60}")
    try:
        with np.errstate(over="ignore"):
            cast = made.astype(wanted, copy=False)
    except OverflowError as error:
        raise ValueError(str(error)) from error
    if wanted.kind == "f" and made.dtype != wanted and not np.isfinite(cast).all():
        raise ValueError(f"a number beyond {wanted}")  # what is infinite goes in the binary form
    return cast
