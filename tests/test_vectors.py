"""Vectors on the caller's side: length 1, and the cosine, held to the plain formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.vectors import cosine_similarity, normalize


def directed(rows: Any) -> Any:
    """The rows, with a number in those that have no direction."""
    rows[np.abs(rows).max(axis=1) <= 1e-3, 0] = 1
    return rows


ROWS = arrays(np.float32, (3, 5), elements=st.floats(-100, 100, width=32)).map(directed)


@given(ROWS)
def test_a_vector_gets_length_one_and_keeps_its_direction(rows: Any) -> None:
    """Each row by itself; one vector gives what it gives as a row."""
    units = normalize(rows)
    assert (units.dtype, units.shape) == (np.float32, rows.shape)
    np.testing.assert_allclose(np.linalg.norm(units, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(units * np.linalg.norm(rows, axis=1, keepdims=True), rows, atol=1e-3)
    np.testing.assert_array_equal(normalize(rows[0]), units[0])


@given(ROWS, ROWS)
def test_the_cosine_is_the_product_over_the_lengths(a: Any, b: Any) -> None:
    """Each with each; what is one vector takes no dimension, and nothing is beyond 1."""
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    plain = wide_a @ wide_b.T / np.outer(np.linalg.norm(wide_a, axis=1), np.linalg.norm(wide_b, axis=1))
    found = cosine_similarity(a, b)
    assert (found.dtype, found.shape) == (np.float32, (3, 3))
    np.testing.assert_allclose(found, plain, atol=1e-6)
    assert np.abs(found).max() <= 1
    np.testing.assert_array_equal(cosine_similarity(a[0], b), found[0])
    np.testing.assert_array_equal(cosine_similarity(a, b[1]), found[:, 1])
    assert float(cosine_similarity(a[0], b[0])) == found[0, 0]


def test_numbers_of_any_size_are_compared() -> None:
    """Neither a square beyond the largest number nor one below the smallest is an obstacle."""
    assert float(cosine_similarity([1e300, 1e300], [1e-300, 0])) == pytest.approx(2**-0.5)
    np.testing.assert_allclose(normalize([3e-320, 4e-320]), [0.6, 0.8], atol=1e-3)


@pytest.mark.parametrize(
    ("vectors", "says"),
    [
        ([[1, 2], [0, 0]], r"vectors\[1\] is a vector of zeros, which has no direction"),
        ([0.0, 0.0], "vectors is a vector of zeros"),
        ([], "must be a vector"),
        (1.0, "must be a vector"),
        ([[[1.0]]], "must be a vector"),
        ([[1, 2], [3]], "all of one size"),
        (["a"], "vectors of numbers"),
        ([1.0, float("nan")], "not finite"),
        ([float("inf")], "not finite"),
    ],
)
def test_what_has_no_direction_is_refused(vectors: Any, says: str) -> None:
    """The error names the argument, and the row."""
    with pytest.raises(InvalidRequestError, match=says):
        normalize(vectors)
    with pytest.raises(InvalidRequestError):
        cosine_similarity([1.0], vectors)


def test_vectors_of_two_models_are_not_compared() -> None:
    """Their sizes differ, and both are told."""
    with pytest.raises(InvalidRequestError, match="size 2, b of 3"):
        cosine_similarity([1, 2], [1, 2, 3])
