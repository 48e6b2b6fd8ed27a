"""TensorFlow Serving's REST API as OVMS serves it up to release 2026.2: predict, status, metadata, configuration.

Source: OVMS documentation, REST API: TensorFlow Serving; configuration.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any

import numpy as np

from .ovms_models import TYPES, VERSIONS, Array, Model, Tensor, fit, images, model_named, plain, version_of
from .twin import Answer, Ask, RejectError, Twin, Whole, dumps

_DT = {"FP32": "DT_FLOAT", "FP64": "DT_DOUBLE", "FP16": "DT_HALF", "BYTES": "DT_STRING"}
_KIND = "type.googleapis.com/tensorflow.serving.SignatureDefMap"
_MODEL = "/v1/models/{model}"
PLACES = ("", "/versions/{version}", "/labels/{label}")


class OVMSServing(Twin):
    """Mixed into the OVMS twin."""

    def serving_routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """Return the routes of this module."""
        routes: dict[tuple[str, str], Callable[[Ask], Answer]] = {
            ("GET", "/v1/config"): self.config,
            ("POST", "/v1/config/reload"): self.reload,
        }
        for place in PLACES:
            routes |= {
                ("POST", f"{_MODEL}{place}:predict"): self.predict,
                ("GET", f"{_MODEL}{place}/metadata"): self.signature,
                ("GET", f"{_MODEL}{place}"): self.status,
            }
        return routes

    def configured(self) -> tuple[str, ...]:
        """Return the names in the configuration."""
        return ("tiny", "text", "half", "picture", "sum")

    def config(self, ask: Ask) -> Answer:
        """GET /v1/config: the models and their state."""
        return Whole(dumps({name: _states(VERSIONS) for name in self.configured()}))

    def reload(self, ask: Ask) -> Answer:
        """POST /v1/config/reload: 201 where something was read anew, as the first time here; else 200."""
        again = getattr(self, "_reloaded", False)
        self._reloaded = True
        return Whole(dumps({name: _states(VERSIONS) for name in self.configured()}), 200 if again else 201)

    def status(self, ask: Ask) -> Answer:
        """GET /v1/models/{name}: the state of one version, or of all."""
        model_named(ask.args["model"])
        if not {"version", "label"} & ask.args.keys():
            return Whole(dumps(_states(VERSIONS)))
        return Whole(dumps(_states((version_of(ask.args.get("version"), ask.args.get("label")),))))

    def signature(self, ask: Ask) -> Answer:
        """GET /v1/models/{name}/metadata: sizes are strings."""
        model, version = _found(ask)
        name = ask.args["model"]
        told = {
            "inputs": {tensor.name: _told(tensor) for tensor in model.inputs},
            "outputs": {tensor.name: _told(tensor) for tensor in model.outputs},
            "methodName": "",
        }
        reply = {
            "modelSpec": {"name": name, "signatureName": "", "version": version},
            "metadata": {"signature_def": {"@type": _KIND, "signatureDef": {"serving_default": told}}},
        }
        return Whole(dumps(reply))

    def predict(self, ask: Ask) -> Answer:
        """POST /v1/models/{name}:predict, in the row or the column format."""
        model, version = _found(ask)
        body = ask.body
        if not isinstance(body, dict) or ("instances" in body) == ("inputs" in body):
            raise RejectError(400, "Invalid JSON structure. Could not detect row or column format")
        if "instances" in body:
            given = _rows(model, body["instances"])
        else:
            inputs = body["inputs"]
            named = isinstance(inputs, dict) and "b64" not in inputs
            given = {name: inputs[name] for name in inputs} if named else {model.inputs[0].name: inputs}
        ports = {tensor.name: tensor for tensor in model.inputs}
        arrays = {name: _array(ports.get(name), value) for name, value in given.items()}
        fit(model, arrays)
        made = {name: plain(array) for name, array in model.run(arrays, version).items()}
        only = next(iter(made.values())) if len(made) == 1 else None
        if "inputs" in body:
            return Whole(dumps({"outputs": made if only is None else only}))
        rows = [dict(zip(made, row, strict=True)) for row in zip(*made.values(), strict=False)]
        return Whole(dumps({"predictions": rows if only is None else only}))


def _found(ask: Ask) -> tuple[Model, str]:
    return model_named(ask.args["model"]), version_of(ask.args.get("version"), ask.args.get("label"))


def _states(versions: tuple[str, ...]) -> dict[str, Any]:
    fine = {"error_code": "OK", "error_message": "OK"}
    return {
        "model_version_status": [
            {"version": version, "state": "AVAILABLE", "status": fine} for version in reversed(versions)
        ]
    }


def _told(tensor: Tensor) -> dict[str, Any]:
    shape = {"dim": [{"size": str(size), "name": ""} for size in tensor.shape], "unknownRank": False}
    return {"dtype": _DT.get(tensor.datatype, f"DT_{tensor.datatype}"), "tensorShape": shape, "name": tensor.name}


def _rows(model: Model, instances: Any) -> dict[str, Any]:
    if not isinstance(instances, list) or not instances:
        raise RejectError(400, "Invalid JSON structure. Missing instances in row format")
    if not isinstance(instances[0], dict) or "b64" in instances[0]:
        return {model.inputs[0].name: instances}
    names = instances[0]
    if any(not isinstance(row, dict) or row.keys() != names.keys() for row in instances):
        raise RejectError(400, "Invalid JSON structure. Instances do not have the same inputs")
    return {name: [row[name] for row in instances] for name in names}


def _array(tensor: Tensor | None, value: Any) -> Array:
    items = value if isinstance(value, list) else [value]
    if tensor is not None and items and isinstance(items[0], dict):
        try:
            return images([base64.b64decode(item["b64"], validate=True) for item in items], tensor)
        except (KeyError, TypeError, binascii.Error) as error:
            raise RejectError(400, "Invalid base64 content") from error
    if tensor is not None and tensor.datatype == "BYTES":
        array = np.empty(len(items), object)
        array[:] = [str(item).encode() for item in items]
        return array
    try:
        return np.array(value, TYPES[tensor.datatype] if tensor is not None else np.float32)
    except (TypeError, ValueError) as error:
        raise RejectError(400, "Invalid JSON structure. Could not parse the tensor") from error
