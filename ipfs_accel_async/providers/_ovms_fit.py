"""Tensors held against what a model says of its inputs, before they are sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.wire.kserve import NUMPY_OF, datatype_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ipfs_accel_async.payloads import InferRequest
    from ipfs_accel_async.providers._codec import CallFacts

IMAGE_RANK = 4
"""Inputs of this rank take encoded images too: the server decodes them."""
_TF_PREFIX = {"FLOAT": "FP32", "DOUBLE": "FP64", "HALF": "FP16", "BFLOAT16": "BF16", "STRING": "BYTES"}


class Port(NamedTuple):
    """One input of a model; -1 in its shape is any size."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.datatype} {list(self.shape)}"


def ports_of(metadata: Any) -> tuple[Port, ...]:
    """The inputs in a model's metadata (KServe v2); none where it tells none that can be read."""
    try:
        return tuple(
            Port(str(item["name"]), str(item["datatype"]), tuple(int(size) for size in item["shape"]))
            for item in metadata["inputs"]
        )
    except (KeyError, TypeError, ValueError):
        return ()


def signature_ports(signature: Any, name: str) -> tuple[Port, ...]:
    """The same from the signatures of TensorFlow Serving's wire, where sizes are strings."""
    try:
        inputs = signature["metadata"]["signature_def"]["signatureDef"][name or "serving_default"]["inputs"]
        return tuple(_tf_port(key, item) for key, item in inputs.items())
    except (KeyError, TypeError, ValueError, AttributeError):
        return ()


def _tf_port(name: str, item: Mapping[str, Any]) -> Port:
    word = str(item["dtype"]).removeprefix("DT_")
    shape = tuple(int(dimension["size"]) for dimension in item["tensorShape"]["dim"])
    return Port(name, _TF_PREFIX.get(word, word), shape)


def fit(call: CallFacts, request: InferRequest, ports: tuple[Port, ...]) -> InferRequest:
    """The request, with inputs that came as lists in the precision that the model wants.

    Raises:
        InvalidRequestError: An input is missing, unknown, of another shape or precision.
    """
    if not ports:
        return request
    check_names(call, set(request.inputs), ports)
    made = dict(request.inputs)
    for port in ports:
        array = made[port.name]
        if port.name in request.untyped:
            array = made[port.name] = _cast(call, array, port)
        try:
            given = datatype_of(array)
        except ValueError as error:
            raise refused(call, f"the input {port.name!r} cannot be sent: {error}") from error
        if given == "BYTES" and len(port.shape) == IMAGE_RANK:
            continue
        if given != port.datatype:
            raise refused(call, f"the input {port.name!r} is {given}, expected {port.datatype}{_hint(port)}")
        check_shape(call, port, array.shape)
    return replace(request, inputs=made, untyped=frozenset())


def check_names(call: CallFacts, names: set[str], ports: tuple[Port, ...]) -> None:
    """Whether these are the model's inputs.

    Raises:
        InvalidRequestError: One is missing or unknown.
    """
    has = "; ".join(map(str, ports))
    for name in names - {port.name for port in ports}:
        raise refused(call, f"the model has no input {name!r} (it has: {has})")
    for port in ports:
        if port.name not in names:
            raise refused(call, f"the input {port.name!r} is missing (the model has: {has})")


def check_shape(call: CallFacts, port: Port, shape: tuple[int, ...]) -> None:
    """Whether a shape is one that an input takes.

    Raises:
        InvalidRequestError: It is not.
    """
    expected = port.shape
    if len(shape) != len(expected) or any(want not in (-1, size) for want, size in zip(expected, shape, strict=True)):
        fault = f"the input {port.name!r} has shape {list(shape)}, expected {list(expected)}"
        raise refused(call, fault + (" (-1 is any size)" if -1 in expected else ""))


def _hint(port: Port) -> str:
    import numpy as np

    name = NUMPY_OF.get(port.datatype)
    return "" if name is None else f": pass an array of dtype {np.dtype(name).name}"


def _cast(call: CallFacts, array: NDArray[Any], port: Port) -> NDArray[Any]:
    """Numbers of a list in the model's precision; none changes its value but by rounding to it."""
    import numpy as np

    name = NUMPY_OF.get(port.datatype)
    if name is None or array.dtype.kind not in "biuf":
        return array
    wanted = np.dtype(name)
    with np.errstate(over="ignore", invalid="ignore"):
        made = array.astype(wanted)
    lost = wanted.kind != "f" and not np.array_equal(made, array)
    if lost or (wanted.kind == "b") != (array.dtype.kind == "b"):
        raise refused(call, f"the input {port.name!r} has values that are no {port.datatype}")
    return made
