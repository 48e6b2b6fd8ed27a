"""Sparse vectors against their dense form, and what the parsers make of anything at all."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.native.hf_tei import SparseVector
from ipfs_accel_async.providers import _hf_tei_parse as parse

SIZE = 12
SPARSE = st.dictionaries(st.integers(0, SIZE - 1), st.floats(-8, 8, width=32), max_size=SIZE)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["index", "value", "score", "label", "id", "text"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


def sparse(weights: dict[int, float]) -> SparseVector:
    """A sparse vector of weights by place."""
    return SparseVector(np.array(list(weights), np.int64), np.array(list(weights.values()), np.float32))


@given(SPARSE, SPARSE)
def test_a_sparse_product_is_the_dense_one(a: dict[int, float], b: dict[int, float]) -> None:
    """Whatever they have in common, also nothing, also when one is empty."""
    ours, theirs = sparse(a), sparse(b)
    dense = ours.dense(SIZE).astype(np.float64) @ theirs.dense(SIZE).astype(np.float64)
    assert ours.dot(theirs) == pytest.approx(dense, abs=1e-9)
    assert ours.dot(theirs) == pytest.approx(theirs.dot(ours))


@given(JSON, st.integers(1, 3))
def test_no_answer_crashes_a_parser(body: Any, count: int) -> None:
    """Of any shape: a value, or one of the three errors that become typed ones."""
    documents = [str(index) for index in range(count)]
    for read in (
        lambda: parse.token_vectors(body, count),
        lambda: parse.sparse_vectors(body, count),
        lambda: parse.ranking_of(body, documents, None),
        lambda: parse.labels_of(body, count),
        lambda: parse.scores_of(body, count),
        lambda: parse.tokens_of(body),
        lambda: parse.text_of(body),
    ):
        with suppress(KeyError, TypeError, ValueError):
            assert read() is not None
