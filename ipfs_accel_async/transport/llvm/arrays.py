"""Values of a call as numpy arrays of exactly the type and shape that a model states, and back to JSON."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.transport.llvm.model import SIZES
from ipfs_accel_async.transport.llvm.refusals import invalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ipfs_accel_async.transport.llvm.model import Tensor

    Array = NDArray[Any]


def as_array(value: Any, dtype: str, where: str) -> Array:
    """A value as an array of a type.

    Args:
        value: An array whose type converts without loss; or, as JSON has them, nested lists of numbers that the type
            can hold, or ``{"dtype", "shape", "data"}`` with the bytes of such numbers in base64, little-endian.
        dtype: numpy's name.
        where: Its name, for the error.

    Raises:
        InvalidRequestError: ``bad_dtype`` or ``bad_shape``.
    """
    import numpy as np  # loaded on first use: it costs more than the rest of the package

    wanted = np.dtype(dtype)
    if isinstance(value, np.ndarray):
        if not np.can_cast(value.dtype, wanted, "safe"):
            raise invalid("bad_dtype", f"{where} must be {dtype}, not {value.dtype}")
        return np.ascontiguousarray(value, wanted).reshape(value.shape)
    try:
        given = from_binary(value, where) if isinstance(value, Mapping) else np.asarray(value)
        if wanted.kind in "iu" and given.dtype.kind in "fO" and not isinstance(value, Mapping):
            given = np.asarray(value, object)  # whole numbers around 2**63 have no common type
            if all(type(number) is int for number in given.flat):
                return given.astype(wanted)
    except ValueError as error:
        if isinstance(error, InvalidRequestError):
            raise
        raise invalid("bad_shape", f"{where} must be nested lists of equal lengths") from None
    except OverflowError:
        raise invalid("bad_dtype", f"{where} has a number that {dtype} cannot hold") from None
    if not _holds(wanted.kind, given.dtype.kind):
        if given.size == 0:
            return given.astype(wanted)  # an empty list has no type of its own
        raise invalid("bad_dtype", f"{where} must be numbers that {dtype} can hold")
    with np.errstate(over="ignore", invalid="ignore"):
        made = given.astype(wanted)
        fits = np.isfinite(made) == np.isfinite(given) if wanted.kind == "f" else made == given
    if not fits.all():
        raise invalid("bad_dtype", f"{where} has a number that {dtype} cannot hold")
    return made


def rows(value: Any, tensor: Tensor, where: str) -> tuple[Array, bool]:
    """A tensor's value as rows, and whether it was given as a batch (with one axis more than its shape).

    Raises:
        InvalidRequestError: ``bad_dtype`` or ``bad_shape``.
    """
    array = as_array(value, tensor.dtype, where)
    if array.shape == tensor.shape:
        return array.reshape((1, *tensor.shape)), False
    if array.ndim and (array.shape[1:] == tensor.shape or array.shape == (0,)):
        return array.reshape((array.shape[0], *tensor.shape)), True
    one, many = _shape(tensor.shape), _shape(("n", *tensor.shape))
    raise invalid("bad_shape", f"{where} must have the shape {one}, or {many} as a batch, not {_shape(array.shape)}")


def raw(array: Array) -> memoryview:
    """The bytes of a contiguous array, not copied."""
    return array.reshape(-1).view("u1").data


def from_bytes(data: bytes, dtype: str, shape: tuple[int, ...]) -> Array:
    """An array of its own from bytes."""
    import numpy as np

    return np.frombuffer(bytearray(data), dtype).reshape(shape)


def from_binary(value: Mapping[str, Any], where: str) -> Array:
    """An array from ``{"dtype", "shape", "data"}``.

    Raises:
        InvalidRequestError: ``bad_dtype`` or ``bad_shape``.
    """
    import numpy as np

    dtype, shape, data = value.get("dtype"), value.get("shape"), value.get("data")
    if not isinstance(dtype, str) or dtype not in SIZES:
        raise invalid("bad_dtype", f"{where} has the dtype {dtype!r}: use one of {', '.join(SIZES)}")
    if not isinstance(shape, list) or not all(type(length) is int and length >= 0 for length in shape):
        raise invalid("bad_shape", f"{where} needs a shape: a list of lengths")
    try:
        data = base64.b64decode(data or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise invalid("bad_request", f"{where} needs its data in base64") from None
    if len(data) != math.prod(shape) * SIZES[dtype]:
        message = f"{where} has {len(data)} bytes of data, which is not the shape {_shape(shape)} of {dtype}"
        raise invalid("bad_shape", message)
    return from_bytes(data, np.dtype(dtype).newbyteorder("<").str, tuple(shape)).astype(dtype, copy=False)


def to_json(value: Any) -> Any:
    """A result as JSON has it: lists; bytes in base64 where a number is not finite, as JSON has no word for it."""
    import numpy as np

    if isinstance(value, float) and not math.isfinite(value):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        data = value.astype(value.dtype.newbyteorder("<")).tobytes()
        return {"dtype": value.dtype.name, "shape": list(value.shape), "data": base64.b64encode(data).decode()}
    return value.tolist()


def _holds(wanted: str, given: str) -> bool:
    """Whether numbers of a kind may become another: a fraction is no whole number, and a number no truth value."""
    return given in {"f": "iuf", "i": "iu", "u": "iu", "b": "b"}[wanted]


def _shape(shape: Any) -> str:
    inner = ", ".join(str(length) for length in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
