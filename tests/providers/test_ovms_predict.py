"""OVMS: prediction on TensorFlow Serving's wire, held against a model's signatures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import NativeAnswer
from ipfs_accel_async.providers._ovms_predict import plain, rows
from ipfs_accel_async.providers.ovms import codec
from ipfs_accel_async.types import NativeRequest
from tests.providers.recorded import call_of

SIGNATURES = {
    "metadata": {
        "signature_def": {
            "signatureDef": {
                "serving_default": {
                    "inputs": {
                        "x": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "-1"}, {"size": "2"}]}},
                        "image": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "-1"}] + [{"size": "3"}] * 3}},
                    }
                },
                "one": {"inputs": {"x": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "2"}, {"size": "2"}]}}}},
            }
        }
    }
}
IMAGE = {"b64": "AA=="}


def predicted(body: dict[str, Any]) -> None:
    """Hold a prediction against the signatures."""
    call = call_of(codec, NativeRequest(json=body), "predict")
    assert codec.fitted(call, NativeAnswer(target=call.target, raw=SIGNATURES)) is call.payload


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [{"x": [1, 2], "image": IMAGE}]},
        {"inputs": {"x": [[1, 2], [3, 4], [5, 6]], "image": [IMAGE]}},
        {"signature_name": "one", "instances": [[1, 2], [3, 4]]},
        {"signature_name": "one", "inputs": [[1, 2], [3, 4]]},
        {"signature_name": "unknown", "inputs": [9]},
    ],
)
def test_predictions_that_fit_go_out(body: dict[str, Any]) -> None:
    """In either format; of a signature that is not told, the server judges itself."""
    predicted(body)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"instances": []}, "instances is empty"),
        ({"instances": [[1, 2], {"x": [1, 2]}]}, r"instances\[1\] has another form"),
        ({"instances": [[1, 2]]}, "several inputs: each instance maps x, image"),
        ({"inputs": [[1, 2]]}, "several inputs: map x, image"),
        ({"instances": [{"x": [1, 2]}]}, "'image' is missing"),
        ({"instances": [{"x": [1, 2, 3], "image": IMAGE}]}, r"'instances\[0\].x' has shape \[3\], expected \[2\]"),
        ({"instances": [{"x": IMAGE, "image": IMAGE}]}, r"instances\[0\].x has an image"),
        ({"inputs": {"x": [[1, 2], [3]], "image": [IMAGE]}}, "inputs.x is ragged"),
        ({"signature_name": "one", "instances": [[1, 2]]}, "1 instances were given, and 'x' takes 2 at once"),
        ({"signature_name": "one", "inputs": [[1], [2]]}, r"'inputs' has shape \[2, 1\], expected \[2, 2\]"),
    ],
)
def test_predictions_that_do_not_are_refused(body: dict[str, Any], fault: str) -> None:
    """By the place in the body, with shapes given and expected."""
    with pytest.raises(errors.InvalidRequestError, match=fault):
        predicted(body)


def test_values_become_json() -> None:
    """Arrays are lists, bytes images; one instance alone is a list of one."""
    assert plain({"a": np.array([[1, 2]]), "b": (1, b"\0")}) == {"a": [[1, 2]], "b": [1, {"b64": "AA=="}]}
    assert plain(np.array([b"x"])) == [{"b64": "eA=="}]
    assert rows(5) == [5]
    assert rows({"x": [1]}) == [{"x": [1]}]
    assert rows(np.zeros((2, 1))) == [[0.0], [0.0]]
