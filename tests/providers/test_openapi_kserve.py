"""Our inference requests and the twin's answers against the protocol's published description, where a copy is."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import orjson
import pytest
from jsonschema import Draft202012Validator

from ipfs_accel_async.payloads import InferRequest
from ipfs_accel_async.providers.ovms import codec
from ipfs_accel_async.simulator.mount import TWINS
from ipfs_accel_async.simulator.twin import Ask, Whole
from tests.providers.described import BESIDE
from tests.providers.recorded import call_of, fixture

yaml = pytest.importorskip("yaml", reason="it is in the extra dev, which is not installed")
COPIES = sorted(BESIDE.glob("*/reference/specs/kserve/open_inference_rest.yaml"))
pytestmark = pytest.mark.skipif(not COPIES, reason="no copy of the Open Inference Protocol beside the repository")
ARRAYS = {
    "f": np.arange(4, dtype=np.float32).reshape(1, 4),
    "i": np.array([[1, -2]], np.int64),
    "b": np.array([True, False]),
    "s": np.array(["héllo", ""]),
    "empty": np.zeros((0, 3), np.uint8),
    "scalar": np.float64(2.5),
}


@functools.cache
def validator(schema: str) -> Draft202012Validator:
    """A validator for one schema of the description."""
    components = yaml.safe_load(COPIES[0].read_text("utf-8"))["components"]
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": components})


def faults(schema: str, value: Any) -> list[str]:
    """What the schema finds wrong."""
    return [f"{error.json_path}: {error.message}" for error in validator(schema).iter_errors(value)]


@pytest.mark.parametrize("params", [{}, {"id": "7", "parameters": {"priority": 1}}])
@pytest.mark.parametrize("outputs", [(), ("y", "z")])
def test_requests_are_valid(params: dict[str, Any], outputs: tuple[str, ...]) -> None:
    """Every kind of tensor that JSON can carry."""
    request = InferRequest({name: np.asarray(array) for name, array in ARRAYS.items()}, outputs, params=params)
    body = orjson.loads(codec.build_request(call_of(codec, request, "infer"), None).body)
    assert faults("inference_request", body) == []


def ask(method: str, path: str, body: Any = None) -> Any:
    """The JSON that the twin answers with."""
    raw = b"" if body is None else orjson.dumps(body)
    answer = TWINS["ovms"](0, lambda: 0.0, None).answer(Ask(1, method, path, {}, {}, body, raw))
    assert isinstance(answer, Whole)
    return orjson.loads(answer.body)


def test_answers_of_recording_and_twin_are_valid() -> None:
    """So that both are what a server of the protocol says."""
    tensor = {"name": "x", "shape": [1, 8], "datatype": "FP32", "data": [0] * 8}
    assert faults("inference_response", fixture("ovms", "infer")["body"]) == []
    assert faults("inference_response", ask("POST", "/v2/models/tiny/infer", {"inputs": [tensor]})) == []
    assert faults("metadata_model_response", ask("GET", "/v2/models/text/versions/1")) == []


def test_the_description_is_held_to() -> None:
    """A request without a shape would be found."""
    assert faults("inference_request", {"inputs": [{"name": "x", "datatype": "FP32", "data": [1]}]})
