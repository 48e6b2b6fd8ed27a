"""Inference of the Open Inference Protocol: the request in JSON or with its tensors behind it (KServe v2 REST)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._json import dumps, loads
from ipfs_accel_async.providers._operation import Content
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.results import Tensors
from ipfs_accel_async.wire.kserve import HEADER, datatype_of, has_json_form, read, to_binary, to_json

if TYPE_CHECKING:
    from ipfs_accel_async.payloads import InferRequest
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Response

MODES: dict[str, bool | None] = {"auto": None, "binary": True, "json": False}
JSON_BYTES = 1_024
"""Inputs of more bytes than that go out in binary where nothing is said: JSON writes and reads each number as text."""


def infer_content(call: CallFacts, request: InferRequest, binary: bool | None) -> Content:
    """The body of an inference; `params` are further fields of it (``id``, ``parameters``), and override all.

    One of them is not sent: ``binary``, True or False, says how tensors go for this call.

    Args:
        call: The call that it is for.
        request: Arrays by input name.
        binary: Whether tensors follow the JSON; None leaves it to their size and type. Outputs come the same way.

    Raises:
        InvalidRequestError: An array of a type that the protocol does not have, or JSON is to carry what it cannot.
    """
    more = dict(request.params)
    told = more.pop("binary", None)
    if not (told is None or isinstance(told, bool)):
        raise refused(call, f"binary must be True, False or None, not {told!r}")
    wanted = _wanted(call, request, binary if told is None else told)
    inputs: list[dict[str, Any]] = []
    tails: list[bytes] = []
    for name, array in request.inputs.items():
        item: dict[str, Any] = {"name": name, "shape": list(array.shape), "datatype": datatype_of(array)}
        if wanted:
            tails.append(to_binary(array))
            item["parameters"] = {"binary_data_size": len(tails[-1])}
        else:
            item["data"] = to_json(array)
        inputs.append(item)
    body: dict[str, Any] = {"inputs": inputs}
    if request.outputs:
        body["outputs"] = [{"name": name, "parameters": {"binary_data": wanted}} for name in request.outputs]
    elif wanted:
        body["parameters"] = {"binary_data_output": True}
    parameters = {**body.get("parameters", {}), **(more.get("parameters") or {})}
    head = dumps({**body, **more, **({"parameters": parameters} if parameters else {})})
    if not wanted:
        return Content(head)
    length = (HEADER.encode("ascii"), str(len(head)).encode("ascii"))
    return Content(b"".join([head, *tails]), "application/octet-stream", (length,))


def _wanted(call: CallFacts, request: InferRequest, binary: bool | None) -> bool:
    size = 0
    for name, array in request.inputs.items():
        try:
            plain = has_json_form(array)
        except ValueError as error:
            raise refused(call, f"the input {name!r} cannot be sent: {error}") from error
        if binary is False and not plain:
            fault = f"the input {name!r} ({datatype_of(array)}) has values that JSON cannot carry: send it in binary"
            raise refused(call, fault)
        size += array.nbytes if plain else JSON_BYTES + 1
    return size > JSON_BYTES if binary is None else binary


def tensors_of(call: CallFacts, request: InferRequest, response: Response, meta: dict[str, Any]) -> Tensors:
    """The outputs of an inference, by name: their order is not promised.

    Raises:
        DecodeError: The body is no JSON.
        KeyError, TypeError, ValueError: A field is missing or wrong, or an output that was asked for did not come.
    """
    told = response.headers.get(HEADER)
    body, tail = response.body, None
    if told is not None:
        length = int(told) if told.isascii() and told.isdigit() else -1
        if not 0 <= length <= len(body):
            raise ValueError(f"the header {HEADER} is {told!r}, and the body has {len(body)} bytes")
        body, tail = body[:length], body[length:]
    data = loads(call, body)
    if not isinstance(data, dict):
        raise TypeError("the body is no object")
    outputs = read(data.get("outputs"), tail)
    for name in request.outputs:
        if name not in outputs:
            raise ValueError(f"outputs has no {name!r} (it has {', '.join(outputs) or 'none'})")
    version = data.get("model_version")
    return Tensors(
        **meta,
        outputs=outputs,
        version="" if version is None else str(version),
        model=data.get("model_name") or "",
        raw=data,
    )
