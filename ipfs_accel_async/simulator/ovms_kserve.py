"""KServe's protocol as OVMS serves it: health, metadata and inference, in JSON and with binary tensors.

Source: OVMS documentation, REST API: KServe; binary data extension of the Open Inference Protocol.
"""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from .ovms_models import TYPES, VERSIONS, Array, Model, Tensor, fit, images, model_named, version_of
from .twin import Answer, Ask, RejectError, Twin, Whole, dumps

_HEADER = "inference-header-content-length"


class OVMSKServe(Twin):
    """Mixed into the OVMS twin."""

    def kserve_routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """Return the routes of this module."""
        routes: dict[tuple[str, str], Callable[[Ask], Answer]] = {
            ("GET", "/v2"): self.server_metadata,
            ("GET", "/v2/health/live"): lambda ask: Whole(b""),
            ("GET", "/v2/health/ready"): lambda ask: Whole(b""),
        }
        for model in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            routes |= {
                ("GET", f"{model}/ready"): self.model_ready,
                ("GET", model): self.model_metadata,
                ("POST", f"{model}/infer"): self.infer,
            }
        return routes

    def server_metadata(self, ask: Ask) -> Answer:
        """GET /v2."""
        return Whole(dumps({"name": "OpenVINO Model Server", "version": "2026.2.1"}))

    def model_ready(self, ask: Ask) -> Answer:
        """GET /v2/models/{name}/ready: the status tells it."""
        _found(ask)
        return Whole(b"")

    def model_metadata(self, ask: Ask) -> Answer:
        """GET /v2/models/{name}."""
        model, _ = _found(ask)
        told = {
            "name": ask.args["model"],
            "versions": list(VERSIONS),
            "platform": "OpenVINO",
            "inputs": [_told(tensor) for tensor in model.inputs],
            "outputs": [_told(tensor) for tensor in model.outputs],
        }
        return Whole(dumps(told))

    def infer(self, ask: Ask) -> Answer:
        """POST /v2/models/{name}/infer."""
        model, version = _found(ask)
        body, tail = _split(ask)
        given = _inputs(model, body, tail)
        fit(model, given)
        made = model.run(given, version)
        asked = body.get("outputs") or []
        names = [item.get("name") for item in asked] or [tensor.name for tensor in model.outputs]
        kinds = {tensor.name: tensor.datatype for tensor in model.outputs}
        binary = bool((body.get("parameters") or {}).get("binary_data_output"))
        packed = {item.get("name"): bool((item.get("parameters") or {}).get("binary_data", binary)) for item in asked}
        outputs, tails = [], []
        for name in names:
            if name not in kinds:
                raise RejectError(400, f"Missing output with specific name - {name}")
            item: dict[str, Any] = {"name": name, "datatype": kinds[name], "shape": list(made[name].shape)}
            if packed.get(name, binary):
                tails.append(_packed(made[name]))
                item["parameters"] = {"binary_data_size": len(tails[-1])}
            elif kinds[name] == "FP16":
                raise RejectError(400, f"Output {name} has a precision without a JSON form: FP16")
            else:
                item["data"] = _flat(made[name])
            outputs.append(item)
        reply = {"model_name": ask.args["model"], "model_version": version, "outputs": outputs}
        if "id" in body:
            reply["id"] = body["id"]
        head = dumps(reply)
        if not tails:
            return Whole(head)
        headers = {"Inference-Header-Content-Length": str(len(head))}
        return Whole(b"".join([head, *tails]), media="application/octet-stream", headers=headers)


def _found(ask: Ask) -> tuple[Model, str]:
    return model_named(ask.args["model"]), version_of(ask.args.get("version"))


def _told(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def _split(ask: Ask) -> tuple[dict[str, Any], bytes]:
    length = ask.headers.get(_HEADER)
    size = len(ask.raw) if length is None else int(length) if length.isdecimal() else -1
    if not 0 <= size <= len(ask.raw):
        raise RejectError(400, "Inference-Header-Content-Length header is invalid")
    try:
        body = orjson.loads(ask.raw[:size])
    except orjson.JSONDecodeError as error:
        raise RejectError(412, "The provided JSON is invalid") from error
    if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
        raise RejectError(400, "Invalid request structure: inputs is missing")
    return body, ask.raw[size:]


def _inputs(model: Model, body: dict[str, Any], tail: bytes) -> dict[str, Array]:
    given: dict[str, Array] = {}
    for item in body["inputs"]:
        name, kind, shape = item.get("name"), item.get("datatype"), item.get("shape")
        size = (item.get("parameters") or {}).get("binary_data_size")
        if kind not in TYPES and kind != "BYTES":
            raise RejectError(400, f"Invalid precision of input {name}: {kind}")
        if size is None:
            array = _from_json(kind, item.get("data"))
        else:
            data, tail = tail[:size], tail[size:]
            array = _objects(_strings(data)) if kind == "BYTES" else np.frombuffer(data, TYPES[kind])
        if array.size != np.prod(shape, dtype=int):
            raise RejectError(400, f"Invalid content size of tensor proto - input name: {name}")
        array = array.reshape(shape)
        port = next((tensor for tensor in model.inputs if tensor.name == name), None)
        if port is not None and kind == "BYTES" and port.datatype != "BYTES" and len(port.shape) == 4:
            array = images(list(array.ravel()), port)
        given[name] = array
    if tail:
        raise RejectError(400, "Binary data exceeds the sizes of the inputs")
    return given


def _from_json(kind: str, data: Any) -> Array:
    if kind == "FP16":
        raise RejectError(400, "FP16 data must be sent as binary")
    if not isinstance(data, list):
        raise RejectError(400, "Invalid tensor data")
    if kind == "BYTES":
        return _objects([str(item).encode() for item in data])
    try:
        return np.array(data, TYPES[kind]).ravel()
    except (TypeError, ValueError, OverflowError) as error:
        raise RejectError(400, "Tensor data has values of another type") from error


def _objects(items: list[bytes]) -> Array:
    array = np.empty(len(items), object)
    array[:] = items
    return array


def _strings(data: bytes) -> list[bytes]:
    items = []
    while data:
        if len(data) < 4 or len(data) < 4 + (size := struct.unpack("<I", data[:4])[0]):
            raise RejectError(400, "Invalid format of BYTES input")
        items.append(data[4 : 4 + size])
        data = data[4 + size :]
    return items


def _packed(array: Array) -> bytes:
    if array.dtype == object:
        return b"".join(struct.pack("<I", len(item)) + item for item in array.ravel())
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


def _flat(array: Array) -> list[Any]:
    if array.dtype == object:
        return [item.decode("utf-8", "replace") for item in array.ravel()]
    flat: list[Any] = array.ravel().tolist()
    return flat
