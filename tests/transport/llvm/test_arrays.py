"""Values to arrays of exactly one type, and back; the messages that carry them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.transport.llvm import Tensor, arrays, frames
from ipfs_accel_async.transport.llvm.measures import Measures
from ipfs_accel_async.transport.llvm.model import SIZES

FLOATS = ["float16", "float32", "float64"]


@given(dtype=st.sampled_from(sorted(SIZES)), data=st.data())
def test_json_and_back_is_the_same_array(dtype: str, data: st.DataObject) -> None:
    """Every element type survives JSON bit for bit; also numbers that are not finite."""
    shape = data.draw(st.lists(st.integers(1, 3), max_size=3))
    size = int(np.prod(shape)) * SIZES[dtype]
    raw = data.draw(st.binary(min_size=size, max_size=size))
    if dtype == "bool":
        raw = bytes(byte & 1 for byte in raw)
    array = np.frombuffer(raw, dtype).reshape(shape)
    again = arrays.as_array(orjson.loads(orjson.dumps(arrays.to_json(array))), dtype, "x")
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert np.array_equal(again, array, equal_nan=dtype in FLOATS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_json_lacks_go_as_bytes(value: float) -> None:
    """An array with one of them is told with its type and shape; others are lists."""
    told = arrays.to_json(np.array([[1.0, value]], np.float32))
    assert (told["dtype"], told["shape"]) == ("float32", [1, 2])
    assert np.array_equal(arrays.as_array(told, "float32", "x"), np.array([[1.0, value]], np.float32), equal_nan=True)
    assert arrays.to_json(np.array([1.0, 2.0])) == [1.0, 2.0]
    assert arrays.to_json(value)["shape"] == []


@pytest.mark.parametrize(
    ("value", "dtype", "code"),
    [
        ([1.5], "int32", "bad_dtype"),
        ([300], "int8", "bad_dtype"),
        ([-1], "uint8", "bad_dtype"),
        ([2**64], "int64", "bad_dtype"),
        ([1e39], "float32", "bad_dtype"),
        ([1], "bool", "bad_dtype"),
        ([True], "int8", "bad_dtype"),
        ([[1], 2], "int8", "bad_shape"),
        ({}, "int8", "bad_dtype"),
        ({"dtype": "int8", "shape": [2], "data": "AA=="}, "int8", "bad_shape"),
        ({"dtype": "int8", "shape": [1], "data": "?"}, "int8", "bad_request"),
        ({"dtype": "int8", "shape": [1], "data": [1]}, "int8", "bad_request"),
        ({"dtype": "int8", "shape": 1, "data": "AA=="}, "int8", "bad_shape"),
        ({"dtype": ["int8"], "shape": [1], "data": "AA=="}, "int8", "bad_dtype"),
        ({"dtype": "float64", "shape": [1], "data": "AAAAAAAAAAA="}, "int32", "bad_dtype"),
        ({"dtype": "float64", "shape": [1], "data": "nHUAiDzkN34="}, "float32", "bad_dtype"),
        (np.array(["a"]), "int8", "bad_dtype"),
        (np.array([1], np.int16), "int8", "bad_dtype"),
    ],
)
def test_values_that_a_type_cannot_hold(value: Any, dtype: str, code: str) -> None:
    """Nothing is rounded, wrapped or guessed."""
    with pytest.raises(InvalidRequestError) as caught:
        arrays.as_array(value, dtype, "x")
    assert caught.value.code == code
    assert "x" in str(caught.value)


def test_doubles_are_rounded_only_where_json_has_no_other() -> None:
    """Numbers in JSON are doubles, whichever way they are written; arrays of numpy say what they are."""
    binary = arrays.to_json(np.array([np.nan, 0.1]))
    assert np.array_equal(arrays.as_array(binary, "float32", "x"), np.array([np.nan, 0.1], np.float32), equal_nan=True)
    with pytest.raises(InvalidRequestError):
        arrays.as_array(np.array([0.1]), "float32", "x")


def test_whole_numbers_are_floats_too() -> None:
    """JSON writes 1.0 as 1."""
    assert arrays.as_array([1, 2], "float32", "x").dtype == np.float32


def test_arrays_of_any_layout() -> None:
    """Transposed, strided and foreign-endian arrays arrive as plain ones."""
    base = np.arange(6, dtype=np.float32).reshape(2, 3)
    for value in (base.T, base[:, ::2], base.astype(">f4")):
        made = arrays.as_array(value, "float32", "x")
        assert made.flags.c_contiguous
        assert made.dtype.isnative
        assert (made == value).all()


def test_rows_are_one_or_many() -> None:
    """One axis more than the shape is a batch."""
    tensor = Tensor("x", "int8", (2,))
    assert arrays.rows([1, 2], tensor, "x")[0].shape == (1, 2)
    assert arrays.rows([[1, 2], [3, 4]], tensor, "x")[1] is True
    assert arrays.rows([], tensor, "x")[0].shape == (0, 2)
    with pytest.raises(InvalidRequestError, match=r"shape \(2,\), or \(n, 2\) as a batch, not \(3,\)"):
        arrays.rows([1, 2, 3], tensor, "x")


@given(
    head=st.dictionaries(st.text(), st.integers() | st.text() | st.none()).filter(lambda head: "buffers" not in head),
    buffers=st.lists(st.binary(max_size=50), max_size=4),
)
def test_messages_arrive_as_they_were_sent(head: dict[str, Any], buffers: list[bytes]) -> None:
    """Two in a row; then the end."""
    stream = io.BytesIO()
    for _ in range(2):
        frames.write(stream, head, buffers)
    stream.seek(0)
    assert [frames.read(stream), frames.read(stream), frames.read(stream)] == [(head, buffers), (head, buffers), None]


@given(st.binary(min_size=frames.PREFIX.size, max_size=40))
def test_foreign_bytes_are_no_message(data: bytes) -> None:
    """Whatever code writes into the pipe is found out."""
    with pytest.raises(frames.FrameError):
        frames.read(io.BytesIO(data))


@pytest.mark.parametrize("text", [b"[]", b"{}", b"{", b'{"buffers":[-1]}', b'{"buffers":["a"]}', b"\xff"])
def test_heads_that_are_malformed(text: bytes) -> None:
    """They are one kind of error."""
    with pytest.raises(frames.FrameError):
        frames.unpack(text)


def test_percentiles_are_times_that_were() -> None:
    """Nearest rank over the calls, in any order."""
    measures = Measures()
    for seconds in (0.4, 0.1, 0.3, 0.2):
        measures.ran(seconds, 2)
    found = measures.snapshot()
    assert (found["p50_seconds"], found["p95_seconds"], found["rows"]) == (0.2, 0.4, 8)
    assert found["mean_seconds"] == pytest.approx(0.25)
