"""Vectors on the caller's side: to unit length, and how alike they are. numpy loads on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import ArrayLike, NDArray


def normalize(vectors: ArrayLike) -> NDArray[float32]:
    """Vectors of the same directions and of length 1.

    Args:
        vectors: One vector of shape (d,), or several as the rows of a matrix (n, d).

    Returns:
        float32 of the same shape.

    Raises:
        InvalidRequestError: It is none of these, has a number that is not finite, or a vector of zeros: that has no
            direction, and an invented one would be found alike to something.
    """
    import numpy as np

    return np.asarray(_units("vectors", vectors), np.float32)


def cosine_similarity(a: ArrayLike, b: ArrayLike) -> NDArray[float32]:
    """How alike vectors are: from -1 (opposite) to 1 (of one direction), whatever their lengths.

    Args:
        a: One vector of shape (d,), or several as the rows of a matrix (n, d).
        b: The same, with vectors of the same size.

    Returns:
        float32, each of `a` with each of `b`: of shape (n, m), without the dimension of an argument that is one
        vector. Of two vectors it is an array of no dimension, which ``float()`` takes.

    Raises:
        InvalidRequestError: As :func:`normalize`, or the vectors are not of one size.
    """
    import numpy as np

    ours, theirs = _units("a", a), _units("b", b)
    if ours.shape[-1] != theirs.shape[-1]:
        raise InvalidRequestError(
            f"a has vectors of size {ours.shape[-1]}, b of {theirs.shape[-1]}: compare vectors of one model"
        )
    return np.asarray(np.clip(ours @ theirs.T, -1.0, 1.0), np.float32)


def _units(name: str, vectors: ArrayLike) -> NDArray[Any]:
    """In float64: products of float32 overflow, and errors of a long sum show."""
    import numpy as np

    try:
        array = np.asarray(vectors, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(f"{name} must be vectors of numbers, all of one size: {error}") from error
    if array.ndim not in {1, 2} or not array.size:
        raise InvalidRequestError(f"{name} must be a vector (d,) or a matrix (n, d), not of shape {array.shape}")
    largest = np.abs(array).max(axis=-1, keepdims=True)
    if not np.isfinite(largest).all():
        raise InvalidRequestError(f"{name} has a number that is not finite")
    empty = np.flatnonzero(largest == 0)
    if empty.size:
        which = f"{name}[{empty[0]}]" if array.ndim == 2 else name
        raise InvalidRequestError(f"{which} is a vector of zeros, which has no direction: leave it out")
    scaled = array / largest  # so that no square overflows or is lost
    return np.asarray(scaled / np.linalg.norm(scaled, axis=-1, keepdims=True))
