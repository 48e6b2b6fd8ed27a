"""The models that the OVMS twin serves beside its generative ones: small functions of tensors, with metadata.

``tiny`` is a classifier of eight numbers, ``text`` works on strings, ``half`` on half precision, ``picture`` on images
of 8 by 8, ``sum`` has two inputs; any other name is a model that doubles four numbers. Each has the versions 1 and 2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .answers import MISSING_MODEL
from .twin import RejectError

Array = npt.NDArray[Any]
VERSIONS = ("1", "2")
LABELS = {"stable": "1", "canary": "2"}
MISSING = "Model with requested name is not found"
MISSING_VERSION = "Model with requested version is not found"
TYPES = {
    "BOOL": "?", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
    "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
_WEIGHTS = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)


@dataclass(frozen=True)
class Tensor:
    """An input or output; -1 is any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Model:
    """A model: what it takes, what it gives, what it does."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    run: Callable[[dict[str, Array], str], dict[str, Array]]


def _classify(given: dict[str, Array], version: str) -> dict[str, Array]:
    powers = np.exp(given["x"] @ _WEIGHTS * np.float32(version))
    return {"probs": powers / powers.sum(axis=1, keepdims=True)}


def _texts(given: dict[str, Array], version: str) -> dict[str, Array]:
    upper = np.empty(given["text"].shape, object)
    upper[:] = [item.decode("utf-8", "replace").upper().encode() for item in given["text"]]
    return {"length": np.array([len(item) for item in given["text"]], np.int64), "upper": upper}


def _twice(given: dict[str, Array], version: str) -> dict[str, Array]:
    return {"y": given["x"] * given["x"].dtype.type(2)}


def _brightness(given: dict[str, Array], version: str) -> dict[str, Array]:
    return {"mean": given["image"].mean(axis=(1, 2, 3), dtype=np.float32)[:, None]}


_DOUBLE = Model((Tensor("x", "FP32", (-1, 4)),), (Tensor("y", "FP32", (-1, 4)),), _twice)
MODELS = {
    "tiny": Model((Tensor("x", "FP32", (-1, 8)),), (Tensor("probs", "FP32", (-1, 3)),), _classify),
    "text": Model(
        (Tensor("text", "BYTES", (-1,)),), (Tensor("length", "INT64", (-1,)), Tensor("upper", "BYTES", (-1,))), _texts
    ),
    "half": Model((Tensor("x", "FP16", (-1, -1)),), (Tensor("y", "FP16", (-1, -1)),), _twice),
    "picture": Model((Tensor("image", "FP32", (1, 3, 8, 8)),), (Tensor("mean", "FP32", (1, 1)),), _brightness),
    "sum": Model(
        (Tensor("a", "INT32", (-1, 2)), Tensor("b", "INT32", (-1, 2))),
        (Tensor("total", "INT32", (-1, 2)),),
        lambda given, version: {"total": given["a"] + given["b"]},
    ),
}


def model_named(name: str) -> Model:
    """Return a model.

    Raises:
        RejectError: 404, there is none.
    """
    if name == MISSING_MODEL:
        raise RejectError(404, MISSING)
    return MODELS.get(name, _DOUBLE)


def version_of(version: str | None, label: str | None = None) -> str:
    """Return the version that is meant: the newest for none and for 0.

    Raises:
        RejectError: 404, there is none.
    """
    if label is not None:
        version = LABELS.get(label, label)
    if version in (None, "0"):
        return VERSIONS[-1]
    if version not in VERSIONS:
        raise RejectError(404, MISSING_VERSION)
    return str(version)


def fit(model: Model, given: dict[str, Array]) -> None:
    """Check names, precisions and shapes as the server does.

    Raises:
        RejectError: 400, in its words.
    """
    if len(given) != len(model.inputs):
        raise RejectError(400, f"Invalid number of inputs - Expected: {len(model.inputs)}; Actual: {len(given)}")
    for tensor in model.inputs:
        array = given.get(tensor.name)
        if array is None:
            raise RejectError(400, f"Missing input with specific name - Required input: {tensor.name}")
        if tensor.datatype != "BYTES" and array.dtype != np.dtype(TYPES[tensor.datatype]):
            told = f"Expected: {tensor.datatype}; Actual: {array.dtype.name}"
            raise RejectError(400, f"Invalid input precision - {told}; input name: {tensor.name}")
        pairs = zip(tensor.shape, array.shape, strict=False)
        if len(tensor.shape) != array.ndim or any(want not in (-1, size) for want, size in pairs):
            told = f"Expected: {_written(tensor.shape)}; Actual: {_written(array.shape)}"
            raise RejectError(400, f"Invalid input shape - {told}; input name: {tensor.name}")


def _written(shape: tuple[int, ...]) -> str:
    return "(" + ",".join(map(str, shape)) + ")"


def images(items: list[bytes], tensor: Tensor) -> Array:
    """Decode images; this twin takes any bytes for one, of the brightness that their first byte says."""
    _, *size = tensor.shape
    made = [np.full(size, item[0] if item else 0, np.float32) for item in items]
    return np.stack(made)


def plain(array: Array) -> Any:
    """Return an array as JSON values, row by row."""
    if array.dtype == object:
        return [item.decode("utf-8", "replace") for item in array.ravel()]
    return array.tolist()
