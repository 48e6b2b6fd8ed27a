"""Prediction on TensorFlow Serving's REST wire, which OVMS has in releases up to 2026.2 (OVMS documentation, TFS)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._ovms_fit import IMAGE_RANK, check_names, check_shape
from ipfs_accel_async.providers._parts import refused

if TYPE_CHECKING:
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.providers._ovms_fit import Port

ROW, COLUMN = "instances", "inputs"


def plain(value: Any) -> Any:
    """A value as JSON has it: arrays as lists, bytes (images, which the server decodes) as ``{"b64": ...}``."""
    if isinstance(value, bytes):
        return {"b64": b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        listed = value.tolist()
        return plain(listed) if isinstance(listed, (bytes, list)) and value.dtype.kind in "SO" else listed
    return value


def rows(instances: Any) -> list[Any]:
    """Instances as a list: one alone, a number or a mapping, becomes a list of one."""
    made = plain(instances)
    return made if isinstance(made, list) else [made]


def check_rows(call: CallFacts, instances: Any, ports: tuple[Port, ...]) -> None:
    """Whether instances in the row format fit a model: each is one value of an only input, or maps names to values.

    Raises:
        InvalidRequestError: One does not; it is named by its place.
    """
    if not isinstance(instances, list) or not instances:
        raise refused(call, "instances is empty, or no list")
    named = isinstance(instances[0], dict) and "b64" not in instances[0]
    for place, instance in enumerate(instances):
        if named != (isinstance(instance, dict) and "b64" not in instance):
            raise refused(call, f"instances[{place}] has another form than the first: all map names, or none does")
    if not ports:
        return
    if named:
        for place, instance in enumerate(instances):
            check_names(call, set(instance), ports)
            for port in ports:
                _check(call, port, instance[port.name], f"instances[{place}].{port.name}", skip=1)
    elif len(ports) > 1:
        raise refused(call, f"the model has several inputs: each instance maps {', '.join(p.name for p in ports)}")
    else:
        for place, instance in enumerate(instances):
            _check(call, ports[0], instance, f"instances[{place}]", skip=1)
    for port in ports:
        if port.shape and port.shape[0] not in (-1, len(instances)):
            fault = f"{len(instances)} instances were given, and {port.name!r} takes {port.shape[0]} at once"
            raise refused(call, fault)


def check_columns(call: CallFacts, inputs: Any, ports: tuple[Port, ...]) -> None:
    """Whether inputs in the column format fit a model: a mapping of names, or the value of an only input.

    Raises:
        InvalidRequestError: One does not.
    """
    if not ports:
        return
    if isinstance(inputs, dict) and "b64" not in inputs:
        check_names(call, set(inputs), ports)
        for port in ports:
            _check(call, port, inputs[port.name], f"inputs.{port.name}")
    elif len(ports) > 1:
        raise refused(call, f"the model has several inputs: map {', '.join(port.name for port in ports)}")
    else:
        _check(call, ports[0], inputs, "inputs")


def _check(call: CallFacts, port: Port, value: Any, where: str, *, skip: int = 0) -> None:
    """The shape of one value; `skip` leading dimensions are the list that it stands in."""
    if _has_image(value):
        if len(port.shape) != IMAGE_RANK:
            raise refused(call, f"{where} has an image, and the model's {port.name!r} takes none: {port}")
        return
    shape = _shape(value)
    if shape is None:
        raise refused(call, f"{where} is ragged, or no number or list of numbers")
    check_shape(call, port._replace(name=where, shape=port.shape[skip:]), shape)


def _has_image(value: Any) -> bool:
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, dict)


def _shape(value: Any) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return () if isinstance(value, (int, float, str)) else None
    inner = {_shape(item) for item in value}
    if None in inner or len(inner) > 1:
        return None
    first = inner.pop() if inner else ()
    return None if first is None else (len(value), *first)
