"""OVMS: inference: bodies, answers, and what is held against a model's metadata."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ipfs_accel_async import errors
from ipfs_accel_async.answers import NativeAnswer
from ipfs_accel_async.payloads import InferRequest
from ipfs_accel_async.providers.ovms import OVMS, codec
from ipfs_accel_async.results import Tensors
from ipfs_accel_async.types import NativeRequest
from ipfs_accel_async.wire.http import Headers, Response
from tests.providers.recorded import call_of, response

SMALL = {"x": np.arange(4, dtype=np.float32).reshape(1, 4)}
PORTS = {
    "name": "m",
    "inputs": [
        {"name": "x", "datatype": "FP32", "shape": [-1, 4]},
        {"name": "n", "datatype": "INT64", "shape": [2]},
    ],
}
HEADER = b"inference-header-content-length"


def sent(request: InferRequest, own: OVMS = codec) -> tuple[dict[str, Any], bytes, dict[bytes, bytes]]:
    """The JSON of a body, what follows it, and the headers."""
    made = own.build_request(call_of(own, request, "infer"), None)
    headers = dict(made.headers)
    length = int(headers.get(HEADER, len(made.body)))
    return json.loads(made.body[:length]), made.body[length:], headers


def test_small_tensors_go_as_json() -> None:
    """Flat, in row-major order; nothing that was not asked for is in the body."""
    body, tail, headers = sent(InferRequest(SMALL))
    assert body == {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [0, 1, 2, 3]}]}
    assert (tail, headers[b"content-type"], HEADER in headers) == (b"", b"application/json", False)


@pytest.mark.parametrize("array", [np.zeros(257, np.float32), np.zeros(1, np.float16), np.array([np.nan], np.float32)])
def test_large_ones_and_those_without_a_json_form_go_in_binary(array: Any) -> None:
    """The header tells where the JSON ends, and outputs are asked for the same way."""
    body, tail, headers = sent(InferRequest({"x": array}))
    assert body["inputs"][0]["parameters"] == {"binary_data_size": array.nbytes}
    assert "data" not in body["inputs"][0]
    assert body["parameters"] == {"binary_data_output": True}
    assert (tail, headers[b"content-type"]) == (array.tobytes(), b"application/octet-stream")


@pytest.mark.parametrize(
    ("option", "param", "binary"),
    [
        ("auto", None, False),
        ("auto", True, True),
        ("binary", None, True),
        ("binary", False, False),
        ("json", None, False),
    ],
)
def test_the_call_and_the_option_say_how(option: str, param: bool | None, binary: bool) -> None:
    """The call's word counts before the option's; the word itself is not sent."""
    own = OVMS(options={"tensors": option})
    body, tail, _ = sent(InferRequest(SMALL, params={} if param is None else {"binary": param}), own)
    assert bool(tail) == binary
    assert "binary" not in body


def test_params_are_fields_of_the_body() -> None:
    """Named outputs come as the inputs go; `parameters` are merged, not lost."""
    params = {"id": "7", "parameters": {"a": 1}, "binary": True}
    body, _, _ = sent(InferRequest(SMALL, ("y",), params=params))
    assert (body["id"], body["parameters"]) == ("7", {"a": 1})
    assert body["outputs"] == [{"name": "y", "parameters": {"binary_data": True}}]
    body, _, _ = sent(InferRequest(SMALL, params=params))
    assert body["parameters"] == {"binary_data_output": True, "a": 1}


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (InferRequest({"x": np.zeros(1, np.complex64)}), "'x' cannot be sent: complex64"),
        (InferRequest({"x": np.zeros(1, np.float16)}, params={"binary": False}), "JSON cannot carry"),
        (InferRequest(SMALL, params={"binary": "yes"}), "binary must be True"),
    ],
)
def test_what_cannot_be_sent_is_refused(request_: InferRequest, fault: str) -> None:
    """By the input's name, before anything is sent."""
    with pytest.raises(errors.InvalidRequestError, match=fault):
        sent(request_)


@pytest.mark.parametrize("base", ["http://h:1", "http://h:1/v3", "http://h:1/v1", "http://h:1/v3/v1"])
@pytest.mark.parametrize(
    ("version", "place"), [("", ""), ("latest", ""), ("2", "/versions/2"), ("a/b", "/versions/a%2Fb")]
)
def test_the_version_is_in_the_path(base: str, version: str, place: str) -> None:
    """At the root of the server, whatever the base URL's path."""
    call = call_of(
        codec, InferRequest(SMALL, version=version), "infer", model="a/m", endpoint=codec.normalize_url(base)
    )
    assert codec.build_request(call, None).url == f"http://h:1/v2/models/a%2Fm{place}/infer"


@pytest.mark.parametrize(
    ("operation", "args", "url"),
    [
        ("predict", {"version": "2"}, "/v1/models/m/versions/2:predict"),
        ("predict", {"label": "stable"}, "/v1/models/m/labels/stable:predict"),
        ("status", {"version": "1"}, "/v1/models/m/versions/1"),
        ("signature", {"label": "new"}, "/v1/models/m/labels/new/metadata"),
        ("metadata", {"version": "1"}, "/v2/models/m/versions/1"),
        ("model_ready", {}, "/v2/models/m/ready"),
        ("reload", {}, "/v1/config/reload"),
        ("metrics", {}, "/metrics"),
    ],
)
def test_native_operations_have_it_there_too(operation: str, args: dict[str, str], url: str) -> None:
    """A version is a number, a label a word; each has its own place."""
    call = call_of(codec, NativeRequest(args=args), operation, endpoint="http://h:1/v3/v1")
    assert codec.build_request(call, None).url == "http://h:1" + url


@pytest.mark.parametrize("args", [{"version": ".."}, {"version": " "}, {"label": "."}, {"version": "1", "label": "a"}])
def test_a_version_that_would_be_another_path_is_refused(args: dict[str, str]) -> None:
    """So are a version and a label at once."""
    with pytest.raises(errors.InvalidRequestError):
        codec.build_request(call_of(codec, NativeRequest(args=args), "predict"), None)


def read(body: Any, outputs: tuple[str, ...] = (), headers: dict[str, str] | None = None) -> Tensors:
    """The tensors in an answer."""
    answer = codec.parse_response(call_of(codec, InferRequest(SMALL, outputs), "infer"), response(200, body, headers))
    assert isinstance(answer, Tensors)
    return answer


def test_an_answer_is_read_by_names() -> None:
    """The model's name and version are told; the order of outputs is not promised."""
    head = {
        "model_name": "m",
        "model_version": 3,
        "outputs": [
            {"name": "b", "datatype": "INT32", "shape": [2], "parameters": {"binary_data_size": 8}},
            {"name": "a", "datatype": "FP32", "shape": [1], "data": [1.5]},
        ],
    }
    raw = json.dumps(head).encode()
    answer = read(raw + np.array([1, 2], np.int32).tobytes(), ("a", "b"), {HEADER.decode(): str(len(raw))})
    assert (answer["b"].tolist(), answer["a"].tolist(), answer.version, answer.model) == ([1, 2], [1.5], "3", "m")
    assert answer.raw == head


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"outputs": []}', {HEADER.decode(): "99"}),
        (b'{"outputs": []}', {HEADER.decode(): "-1"}),
        (b'{"outputs": []}', {HEADER.decode(): "x"}),
        (b'{"outputs": []}', {HEADER.decode(): "3"}),
        (b'{"outputs": []}', {}),
        (b"[]", {}),
        (b'{"outputs": {}}', {}),
    ],
)
def test_a_broken_answer_is_typed(body: bytes, headers: dict[str, str]) -> None:
    """A length that is none, or an output that was asked for and did not come."""
    with pytest.raises((errors.ResponseValidationError, errors.DecodeError)):
        read(body, ("y",), headers)


def fitted(inputs: dict[str, Any], untyped: tuple[str, ...] = (), ports: Any = PORTS) -> Any:
    """The inputs as they are sent to a model."""
    request = InferRequest({name: np.asarray(value) for name, value in inputs.items()}, untyped=frozenset(untyped))
    call = call_of(codec, request, "infer")
    payload = codec.fitted(call, NativeAnswer(target=call.target, raw=ports))
    assert isinstance(payload, InferRequest)
    return payload.inputs


N = np.array([1, 2])


def test_lists_take_the_precision_of_the_model() -> None:
    """Whole numbers become float32, and whole floats int64; arrays are left as they are."""
    made = fitted({"x": [[1, 2, 3, 4]], "n": [1.0, 2.0]}, ("x", "n"))
    assert (made["x"].dtype, made["n"].dtype, made["n"].tolist()) == (np.float32, np.int64, [1, 2])
    array = np.zeros((3, 4), np.float32)
    assert fitted({"x": array, "n": N})["x"] is array


@pytest.mark.parametrize(
    ("inputs", "untyped", "fault"),
    [
        (
            {"x": np.zeros((1, 3), np.float32), "n": N},
            (),
            r"'x' has shape \[1, 3\], expected \[-1, 4\] \(-1 is any size\)",
        ),
        ({"x": np.zeros(4, np.float32), "n": N}, (), r"'x' has shape \[4\], expected \[-1, 4\]"),
        ({"x": np.zeros((1, 4)), "n": N}, (), "'x' is FP64, expected FP32: pass an array of dtype float32"),
        ({"x": np.zeros((1, 4), np.float32)}, (), r"'n' is missing \(the model has: x FP32 \[-1, 4\]; n INT64 \[2\]\)"),
        ({"x": np.zeros((1, 4), np.float32), "n": N, "z": N}, (), "no input 'z'"),
        ({"x": np.zeros((1, 4), np.float32), "n": [1.5, 2]}, ("n",), "'n' has values that are no INT64"),
        ({"x": np.zeros((1, 4), np.float32), "n": [True, False]}, ("n",), "'n' has values that are no INT64"),
        ({"x": np.array([["a"] * 4]), "n": N}, (), "'x' is BYTES, expected FP32"),
        ({"x": np.zeros((1, 4), np.complex64), "n": N}, (), "'x' cannot be sent"),
    ],
)
def test_what_does_not_fit_is_named_with_what_was_expected(
    inputs: dict[str, Any], untyped: tuple[str, ...], fault: str
) -> None:
    """Name, precision, shape: given and expected."""
    with pytest.raises(errors.InvalidRequestError, match=fault):
        fitted(inputs, untyped)


def test_an_image_may_go_encoded() -> None:
    """To an input of four dimensions, as bytes: the server decodes it."""
    ports = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3, 8, 8]}]}
    image = np.array([b"\xff\xd8"], object)
    assert fitted({"x": image}, ports=ports)["x"] is image


@pytest.mark.parametrize("ports", [{}, {"inputs": []}, {"inputs": [{"name": "x"}]}, None, {"inputs": 7}])
def test_metadata_that_says_nothing_refuses_nothing(ports: Any) -> None:
    """Some servers have none, or an empty list."""
    assert fitted({"y": [1.0]}, ports=ports)["y"].tolist() == [1.0]


def test_a_call_is_described_unless_told_otherwise() -> None:
    """By the metadata of its version; a prediction by the signatures. Other calls and `check` off: by nothing."""
    call = call_of(codec, InferRequest(SMALL, version="2"), "infer")
    assert codec.describe(call) == ("metadata", NativeRequest(args={"version": "2"}))
    predict = call_of(codec, NativeRequest(args={"label": "a"}), "predict")
    assert codec.describe(predict) == ("signature", NativeRequest(args={"label": "a"}))
    assert codec.describe(call_of(codec, NativeRequest(), "config")) is None
    assert OVMS(options={"check": "off"}).describe(call) is None


@pytest.mark.parametrize("options", [{"tensors": "xml"}, {"check": "maybe"}, {"precision": "FP32"}])
def test_options_are_checked(options: dict[str, str]) -> None:
    """When the client is made, by the values there are."""
    with pytest.raises(errors.ConfigError):
        OVMS(options=options)


def test_not_ready_is_an_answer() -> None:
    """Asked for, it is no failure to the breaker; on other operations it is."""
    call = call_of(codec, NativeRequest(), "ready")
    assert errors.outcome_of(codec.parse_error(call, Response(503, Headers(), b'{"error": "not ready"}'))) == "ok"
    other = call_of(codec, NativeRequest(), "config")
    assert errors.outcome_of(codec.parse_error(other, Response(503, Headers(), b'{"error": "x"}'))) == "failed"
