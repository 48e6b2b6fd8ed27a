"""The LLVM codec: paths, arrays in JSON, errors of the code and of the server."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    InvalidRequestError,
    NotFoundError,
    ResponseValidationError,
    ServerError,
)
from ipfs_accel_async.inputs import infer_request
from ipfs_accel_async.providers._llvm_arrays import decode, encode
from ipfs_accel_async.providers._llvm_table import ENGINE, NATIVE, OPERATIONS
from ipfs_accel_async.providers.llvm import LLVM, SETTINGS_HEADER, codec
from ipfs_accel_async.results import Tensors
from ipfs_accel_async.transport import local
from ipfs_accel_async.types import NativeRequest
from tests.providers.recorded import call_of, response


def infer_call(inputs: Any, *, outputs: tuple[str, ...] = (), version: str = "", **params: Any) -> Any:
    """An inference as the client makes it."""
    return call_of(codec, infer_request(inputs, outputs, version, params), "infer", model="linear")


def sent(call: Any, by: LLVM = codec) -> Any:
    """The JSON of a call's request."""
    return orjson.loads(by.build_request(call, None).body)


def test_an_inference_is_inputs_and_parameters() -> None:
    """Lists have no type; further arguments are the model's parameters."""
    call = infer_call({"x": [[1, 2.5]]}, temperature=0.5)
    request = codec.build_request(call, None)
    assert (request.method, request.url) == ("POST", "http://localhost:8090/models/linear/infer")
    assert orjson.loads(request.body) == {"input": {"x": [[1, 2.5]]}, "parameters": {"temperature": 0.5}}


def test_arrays_say_their_types() -> None:
    """So that the server refuses what it would have to round."""
    body = sent(infer_call({"x": np.array([1, 2], np.int16), "y": np.float32(0.5), "z": [1]}))
    assert body["input"] == {"x": [1, 2], "y": 0.5, "z": [1]}
    assert body["dtypes"] == {"x": "int16", "y": "float32"}


@pytest.mark.parametrize("layout", [lambda a: a.T, lambda a: a[:, ::2], lambda a: a.astype(">f4"), lambda a: a[0, 0]])
def test_arrays_of_any_layout_are_sent(layout: Any) -> None:
    """Transposed, strided, foreign-endian ones and single numbers."""
    array = layout(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert sent(infer_call({"x": array}))["input"]["x"] == array.tolist()


@given(data=st.data(), dtype=st.sampled_from(["bool", "int8", "uint64", "float16", "float32", "float64"]))
def test_arrays_survive_json(data: st.DataObject, dtype: str) -> None:
    """Bit for bit, with numbers that are not finite too."""
    shape = data.draw(st.lists(st.integers(1, 3), max_size=3))
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = data.draw(st.binary(min_size=size, max_size=size))
    array = np.frombuffer(bytes(byte & 1 for byte in raw) if dtype == "bool" else raw, dtype).reshape(shape)
    text = orjson.dumps(encode(array, "x"), option=orjson.OPT_SERIALIZE_NUMPY)
    again = decode(orjson.loads(text), dtype)
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert np.array_equal(again, array, equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize("value", [["a"], np.array([1j]), np.array(["2026-01-01"], "datetime64[D]")])
def test_what_is_no_number_is_refused(value: Any) -> None:
    """Before anything is sent; the error names the input."""
    with pytest.raises(InvalidRequestError, match=r"inputs\['x'\]"):
        codec.build_request(infer_call({"x": value}), None)


def test_models_have_no_versions() -> None:
    """Asking for one is an error, not silence."""
    with pytest.raises(InvalidRequestError, match="no versions"):
        codec.build_request(infer_call({"x": [1]}, version="2"), None)


def test_outputs_are_arrays_of_their_types() -> None:
    """As the server states them; those that were asked for."""
    body = {"outputs": {"y": [0.1], "z": [[1, 2]]}, "dtypes": {"y": "float32", "z": "int8"}}
    made = codec.parse_response(infer_call({"x": [1]}), response(200, body))
    assert isinstance(made, Tensors)
    assert {name: array.dtype.name for name, array in made.outputs.items()} == {"y": "float32", "z": "int8"}
    assert made["y"][0] == np.float32(0.1)
    only = codec.parse_response(infer_call({"x": [1]}, outputs=("z",)), response(200, body))
    assert isinstance(only, Tensors)
    assert list(only.outputs) == ["z"]
    with pytest.raises(ResponseValidationError, match="nothing"):
        codec.parse_response(infer_call({"x": [1]}, outputs=("nothing",)), response(200, body))


@pytest.mark.parametrize(
    ("outputs", "expected"), [([1, 2], {"outputs": [1, 2]}), (0.5, {"outputs": 0.5}), ({"y": ["a"]}, {"y": ["a"]})]
)
def test_servers_without_names_or_types(outputs: Any, expected: dict[str, Any]) -> None:
    """An output without a name is called `outputs`; texts are arrays too."""
    made = codec.parse_response(infer_call({"x": [1]}), response(200, {"outputs": outputs, "new": 1}))
    assert isinstance(made, Tensors)
    assert {name: array.tolist() for name, array in made.outputs.items()} == expected
    assert made.raw["new"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"outputs": {"y": [[1], [1, 2]]}},
        {"outputs": {"y": {"a": 1}}},
        {"outputs": {"y": {"dtype": "float32", "shape": [2], "data": "AAAA"}}},
        {"outputs": {"y": [1]}, "dtypes": {"y": "colour"}},
        {"outputs": {"y": [1.5]}, "dtypes": {"y": "int8"}},
        {"outputs": {"y": [2**63, -1]}, "dtypes": {"y": "int64"}},
        {"outputs": {"y": [1]}, "dtypes": 7},
    ],
)
def test_outputs_that_are_no_arrays(body: Any) -> None:
    """They are typed errors."""
    with pytest.raises(ResponseValidationError):
        codec.parse_response(infer_call({"x": [1]}), response(200, body))


def test_a_list_of_names_is_a_list_of_models() -> None:
    """Some servers tell no more."""
    made: Any = codec.parse_response(call_of(codec, NativeRequest(), "models"), response(200, {"models": ["a", "b"]}))
    assert [model.id for model in made.models] == ["a", "b"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "told"),
    [
        (401, {"error": {"message": "a token is needed", "code": "token"}}, AuthenticationError, "a token is needed"),
        (404, {"error": {"message": "no model", "code": "model_not_found"}}, NotFoundError, "no model"),
        (400, {"error": {"message": "bad", "code": "bad_shape"}}, BadRequestError, "bad"),
        (400, {"error": "plain words"}, BadRequestError, "plain words"),
        (422, {"detail": "not valid"}, BadRequestError, "not valid"),
        (500, {"error": {"message": ["odd"], "code": 7}}, ServerError, "odd"),
        (500, b"<html>", ServerError, "<html>"),
    ],
)
def test_errors_of_many_shapes(status: int, body: Any, kind: type, told: str) -> None:
    """This protocol's, and those of servers that follow it loosely."""
    error = codec.parse_error(infer_call({"x": [1]}), response(status, body))
    assert type(error) is kind
    assert told in error.message


@pytest.mark.parametrize(("status", "code"), [(504, "time_limit"), (500, "worker_crashed")])
def test_code_that_fails_is_no_failure_of_the_server(status: int, code: str) -> None:
    """It is not sent again, and the server's breaker stays as it is."""
    error = codec.parse_error(infer_call({"x": [1]}), response(status, {"error": {"message": "m", "code": code}}))
    assert isinstance(error, ServerError)
    assert (error.code, error.retryable, error.outcome) == (code, False, "ok")


def test_an_error_inside_a_200_is_raised() -> None:
    """Whatever its status says."""
    with pytest.raises(ServerError, match="went wrong"):
        codec.parse_response(infer_call({"x": [1]}), response(200, {"error": "went wrong"}))


def test_every_path_can_be_set() -> None:
    """By an option of its row's name; the others stay."""
    options = {f"{row}_path": f"/v9/{row}" + ("/{model}" if "{model}" in of.path else "") for row, of in all_rows()}
    made = codec.configured(options=options)
    for row, of in all_rows():
        payload = infer_request({"x": [1]}, (), "", {}) if row == "infer" else NativeRequest()
        url = made.build_request(call_of(made, payload, row, model="a/b"), None).url
        assert url == f"http://localhost:8090/v9/{row}" + ("/a%2Fb" if "{model}" in of.path else "")
    assert made.native["run"].path == made.operations["infer"].path
    one = codec.configured(options={"execute_path": "/run"})
    assert one.native["execute"].path == "/run"
    assert one.native["status"] == NATIVE["status"]
    assert codec.native["execute"].path == "/execute"


def all_rows() -> list[tuple[str, Any]]:
    """Both tables, but for the row that goes where another goes."""
    return [(row, of) for row, of in (*OPERATIONS.items(), *NATIVE.items()) if row != "run"]


@pytest.mark.parametrize(
    "options", [{"execute_path": "run"}, {"infer_path": "/infer"}, {"execute_path": "/{model}"}, {"no_path": "/x"}]
)
def test_paths_that_cannot_be(options: dict[str, str]) -> None:
    """They are refused when the client is made."""
    with pytest.raises(ConfigError):
        codec.configured(options=options)


def test_the_engines_settings_go_to_the_engine_only() -> None:
    """A server elsewhere is not told of this machine's directories."""
    made = codec.configured(options={"models_dir": "/models", "workers": "3"})
    call = infer_call({"x": [1]})
    assert SETTINGS_HEADER not in dict(made.build_request(call, None).headers)
    here = call_of(made, call.payload, "infer", endpoint="local://llvm")
    assert orjson.loads(dict(made.build_request(here, None).headers)[SETTINGS_HEADER]) == {
        "models_dir": "/models",
        "workers": "3",
    }


def test_the_codec_and_the_transport_agree() -> None:
    """On the header and on the settings' names."""
    assert SETTINGS_HEADER.decode() == local.SETTINGS_HEADER
    assert set(ENGINE) == set(local.SETTINGS)
