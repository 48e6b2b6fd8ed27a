"""A call's inputs gathered into the rows of one run, and its outputs given back as they were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.transport.llvm import arrays
from ipfs_accel_async.transport.llvm.model import IR_TYPES
from ipfs_accel_async.transport.llvm.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ipfs_accel_async.transport.llvm.model import Model, Scalar

    Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of every input of a model.

    Args:
        inputs: In the model's order; each of shape (rows, *its shape).
        rows: Their common length.
        many: Whether they were given as a batch; otherwise they are one row, and so are the outputs.
    """

    inputs: tuple[NDArray[Any], ...]
    rows: int
    many: bool


def gather(model: Model, value: Any) -> Batch:
    """Check one call's inputs.

    Args:
        model: Whose.
        value: By name; or, for a model with one input, the value itself. With one axis more than the model's shapes
            it is a batch.

    Raises:
        InvalidRequestError: ``bad_request``, ``bad_dtype``, ``bad_shape``; it names the input and what it must be.
    """
    names = [tensor.name for tensor in model.inputs]
    if len(names) == 1 and (not isinstance(value, Mapping) or ("data" in value and names[0] not in value)):
        value = {names[0]: value}
    if not isinstance(value, Mapping):
        raise invalid("bad_request", f"the input must be an object with {', '.join(names)}")
    if wrong := [name for name in names if name not in value] or [str(name) for name in value if name not in names]:
        is_there = "is missing" if wrong[0] in names else "is unknown"
        raise invalid("bad_request", f"input {wrong[0]!r} {is_there}: the model takes {', '.join(names)}")
    found = [arrays.rows(value[t.name], t, f"input {t.name!r}") for t in model.inputs]
    if len({(len(array), many) for array, many in found}) > 1:
        told = ", ".join(f"{len(array)} for {name}" for name, (array, _) in zip(names, found, strict=True))
        raise invalid("bad_shape", f"all inputs must have as many rows; these have {told}")
    return Batch(tuple(array for array, _ in found), len(found[0][0]), found[0][1])


def join(batches: Sequence[Batch]) -> Batch:
    """Several calls' rows as one batch."""
    import numpy as np

    inputs = tuple(np.concatenate(parts) for parts in zip(*(batch.inputs for batch in batches), strict=True))
    return Batch(inputs, len(inputs[0]), many=True)


def split(outputs: Arrays, batches: Sequence[Batch]) -> list[Arrays]:
    """The outputs of joined batches, to each call its own."""
    parts, start = [], 0
    for batch in batches:
        end = start + batch.rows
        parts.append({name: (array[start:end] if batch.many else array[start, ...]) for name, array in outputs.items()})
        start = end
    return parts


def scalars(model: Model, parameters: Any) -> list[float | int]:
    """The values of a model's parameters, in its order.

    Raises:
        InvalidRequestError: One is unknown, missing, or not of its type.
    """
    given = {} if parameters is None else parameters
    if not isinstance(given, Mapping):
        raise invalid("bad_request", "parameters must be an object")
    names = [scalar.name for scalar in model.parameters]
    if unknown := next((name for name in given if name not in names), None):
        raise invalid("bad_request", f"unknown parameter {unknown!r}: the model has {', '.join(names) or 'none'}")
    return [_scalar(scalar, given.get(scalar.name, scalar.default)) for scalar in model.parameters]


def _scalar(scalar: Scalar, value: Any) -> float | int:
    if value is None:
        raise invalid("bad_request", f"the parameter {scalar.name!r} ({scalar.dtype}) is required")
    number = arrays.as_array(value, scalar.dtype, f"parameter {scalar.name!r}")
    if number.shape:
        raise invalid("bad_shape", f"parameter {scalar.name!r} must be one number")
    whole = IR_TYPES[scalar.dtype].startswith("i")
    return int(number) if whole else float(number)
