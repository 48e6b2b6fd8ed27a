"""Tensors of the Open Inference Protocol: every datatype there and back, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ipfs_accel_async.wire import kserve

DTYPES = [np.dtype(name) for name in kserve.NUMPY_OF.values()]
SIDES = st.integers(0, 4)
SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
NUMBERS = st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, SHAPES))
TABLES = st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, st.tuples(SIDES, SIDES)))
ITEMS = st.one_of(st.text(max_size=8), st.binary(max_size=8))


def same(ours: Any, array: Any) -> None:
    """Equal in type, shape and bits."""
    assert ours.dtype == array.dtype
    assert ours.shape == array.shape
    assert ours.tobytes() == array.tobytes()


@given(NUMBERS)
def test_numbers_come_back_from_binary_bit_by_bit(array: Any) -> None:
    """NaN, infinity and empty arrays too; the result is a copy that can be written to."""
    name = kserve.datatype_of(array)
    back = kserve.from_binary(name, list(array.shape), kserve.to_binary(array))
    same(back, array)
    assert back.flags.writeable
    assert back.flags.aligned


@given(NUMBERS)
def test_numbers_come_back_from_json(array: Any) -> None:
    """Where JSON can carry them; half precision and what is not finite it cannot."""
    name = kserve.datatype_of(array)
    if not kserve.has_json_form(array):
        assert name == "FP16" or not np.isfinite(array).all()
        with pytest.raises(ValueError, match="no JSON form"):
            kserve.to_json(array)
        return
    back = kserve.from_json(name, list(array.shape), json.loads(json.dumps(kserve.to_json(array))))
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("values", [[2**63, 0], [2**64 - 1, 1, 2**63], [[0, 2**63]]])
def test_large_whole_numbers_beside_small_ones_stay_whole(values: list[Any]) -> None:
    """By way of floats they would lose their last digits."""
    back = kserve.from_json("UINT64", np.array(values, object).shape, values)
    assert back.tolist() == values
    for wrong in ([2**64, 0], [2**63, -1], [2**63, 0.5], [2**63, "a"]):
        with pytest.raises(ValueError, match="values"):
            kserve.from_json("UINT64", [2], wrong)


@given(st.lists(ITEMS, max_size=5))
def test_strings_come_back_as_bytes(items: list[str | bytes]) -> None:
    """Each element with its length before it; texts as UTF-8."""
    array = np.empty(len(items), object)
    array[:] = items
    expected = [item.encode() if isinstance(item, str) else item for item in items]
    assert kserve.datatype_of(array) == "BYTES"
    assert kserve.from_binary("BYTES", [len(items)], kserve.to_binary(array)).tolist() == expected
    if kserve.has_json_form(array):
        values = json.loads(json.dumps(kserve.to_json(array)))
        assert kserve.from_json("BYTES", [len(items)], values).tolist() == expected


@given(TABLES, st.sampled_from(["T", "big", "step"]))
def test_the_layout_in_memory_does_not_matter(array: Any, kind: str) -> None:
    """Transposed, of the other byte order, or with gaps: row-major and little-endian on the wire."""
    views = {"T": array.T, "big": array.astype(array.dtype.newbyteorder(">")), "step": array[::2]}
    given_ = views[kind]
    plain = np.ascontiguousarray(given_).astype(array.dtype)
    assert kserve.datatype_of(given_) == kserve.datatype_of(array)
    assert kserve.to_binary(given_) == plain.tobytes()


@given(arrays.arrays(np.float32, 5, elements=st.floats(width=16)))
def test_bfloat16_is_read_exactly(array: Any) -> None:
    """Its bits are the upper half of a float32's."""
    upper = (array.view(np.uint32) >> 16).astype("<u2")
    back = kserve.from_binary("BF16", [5], upper.tobytes())
    assert back.dtype == np.float32
    assert (back.view(np.uint32) == upper.astype(np.uint32) << 16).all()


def test_bfloat16_is_written_from_arrays_of_it() -> None:
    """Those of ml_dtypes; there is no other numpy type of that name."""
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="it is in the extra dev, which is not installed")
    array = np.array([1.0, -2.5], ml_dtypes.bfloat16)
    assert kserve.datatype_of(array) == "BF16"
    assert kserve.to_binary(array) == bytes.fromhex("803f20c0")
    assert not kserve.has_json_form(array)


@pytest.mark.parametrize("dtype", ["complex64", "datetime64[s]", "timedelta64[s]", "longdouble"])
def test_other_types_have_no_name(dtype: str) -> None:
    """The protocol has no word for them, and the error says which it has."""
    with pytest.raises(ValueError, match="BOOL, UINT8"):
        kserve.datatype_of(np.zeros(1, dtype))


def test_an_element_that_is_neither_text_nor_bytes_is_refused() -> None:
    """An array of objects may hold anything."""
    with pytest.raises(ValueError, match="neither text nor bytes"):
        kserve.to_binary(np.array([object()]))


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "fault"),
    [
        ("FP32", [2], b"\0" * 7, "no whole number"),
        ("FP32", [2], b"\0" * 12, "has 2 elements, and 3 came"),
        ("FP32", [-1], b"\0" * 4, "whole numbers from 0"),
        ("FP32", [True], b"\0" * 4, "whole numbers from 0"),
        ("FP32", ["1"], b"\0" * 4, "whole numbers from 0"),
        ("FP32", None, b"\0" * 4, "no list"),
        ("BYTES", [1], b"\5\0\0\0abc", "cut off"),
        ("BYTES", [1], b"\5\0", "cut off"),
        ("BYTES", [2], b"\1\0\0\0a", "has 2 elements, and 1 came"),
        ("QUAD", [1], b"\0", "no datatype"),
    ],
)
def test_wrong_bytes_are_refused(datatype: str, shape: Any, data: bytes, fault: str) -> None:
    """Never an array of another size than the shape says."""
    with pytest.raises(ValueError, match=fault):
        kserve.from_binary(datatype, shape, data)


@pytest.mark.parametrize(
    ("datatype", "shape", "data", "fault"),
    [
        ("FP32", [1], ["a"], "other values"),
        ("FP32", [1], [None], "other values"),
        ("FP32", [2], [[1, 2], [3]], "inhomogeneous"),
        ("INT32", [1], [1.5], "other values"),
        ("INT32", [1], [True], "other values"),
        ("INT8", [1], [200], "beyond INT8"),
        ("UINT8", [1], [-1], "beyond UINT8"),
        ("BOOL", [1], [1], "other values"),
        ("BYTES", [1], [1], "neither text nor bytes"),
        ("FP32", [1], "AAAA", "no list"),
        ("FP32", [3], [1, 2], "has 3 elements, and 2 came"),
        ("QUAD", [1], [1], "no datatype"),
    ],
)
def test_wrong_values_are_refused(datatype: str, shape: Any, data: Any, fault: str) -> None:
    """A value of another type is no number, and one beyond the type is not cut."""
    with pytest.raises(ValueError, match=fault):
        kserve.from_json(datatype, shape, data)


def test_nested_values_are_read_as_flat_ones() -> None:
    """The protocol allows both."""
    np.testing.assert_array_equal(kserve.from_json("INT64", [2, 2], [[1, 2], [3, 4]]), [[1, 2], [3, 4]])
    assert kserve.from_json("BYTES", [2, 1], [["a"], ["b"]]).tolist() == [[b"a"], [b"b"]]


def test_an_answer_may_mix_json_and_binary() -> None:
    """The bytes are taken in the order of the outputs that say their size."""
    items = [
        {"name": "a", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 4}},
        {"name": "b", "datatype": "INT32", "shape": [2], "data": [1, 2]},
        {"name": "c", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 6}},
    ]
    read = kserve.read(items, np.float32(2).tobytes() + b"\2\0\0\0hi")
    assert {name: array.tolist() for name, array in read.items()} == {"a": [2.0], "b": [1, 2], "c": [b"hi"]}


BINARY = {"name": "a", "datatype": "FP32", "shape": [1], "parameters": {"binary_data_size": 4}}


@pytest.mark.parametrize(
    ("items", "tail", "fault"),
    [
        (None, None, "outputs"),
        ([7], None, r"outputs\[0\].name"),
        ([{"name": "a", "shape": [1], "data": [1]}], None, r"outputs\[0\].datatype"),
        ([BINARY], None, r"outputs\[0\]: binary_data_size is 4, and 0 bytes are left"),
        ([BINARY], b"\0" * 3, "3 bytes are left"),
        ([BINARY], b"\0" * 5, "1 bytes after the tensors belong to none"),
        ([{**BINARY, "parameters": {"binary_data_size": -1}}], b"", "binary_data_size is -1"),
        ([{**BINARY, "parameters": {"binary_data_size": "4"}}], b"\0" * 4, "binary_data_size is '4'"),
        ([{**BINARY, "parameters": {}}], b"", r"outputs\[0\]: data is no list"),
    ],
)
def test_a_broken_answer_is_refused_by_its_place(items: Any, tail: bytes | None, fault: str) -> None:
    """Missing fields, sizes that are no sizes, and bytes that belong to nobody."""
    with pytest.raises((KeyError, ValueError), match=fault):
        kserve.read(items, tail)
