"""Vectors of length 1, and products with them that BLAS does not share out to threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.directions import ALONE, dots, unit


def vectors(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    """Vectors of length 1."""
    made = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.mark.parametrize("bad", [[], [0.0, 0.0], [float("nan"), 1.0], [float("inf"), 1.0], [[1.0, 0.0]]])
def test_what_has_no_direction_is_no_vector(bad: list[object]) -> None:
    """Empty, of zeros, with a number that is none, of another shape: None."""
    assert unit(bad) is None


def test_a_vector_of_length_one() -> None:
    """The direction stays, the length is one, and the numbers are float32; tiny and huge ones too."""
    for scale in (1.0, 1e-20, 1e19):
        made = unit([3.0 * scale, 4.0 * scale])
        assert made is not None
        assert made.dtype == np.float32
        assert np.allclose(made, [0.6, 0.8])


@given(st.integers(0, 400), st.integers(1, 40))
def test_products_in_pieces_are_the_products(count: int, width: int) -> None:
    """Cut into pieces for BLAS, the rows' products with a vector stay what they are."""
    rows = vectors(count, width) if count else np.empty((0, width), np.float32)
    vector = vectors(1, width, 1)[0]
    assert np.allclose(dots(rows, vector), rows @ vector, atol=1e-6)


def test_rows_wider_than_a_piece() -> None:
    """A row with more numbers than one piece may have is multiplied alone."""
    rows = vectors(3, ALONE + 1)
    assert np.allclose(dots(rows, rows[0]), rows @ rows[0], atol=1e-5)


@pytest.mark.parametrize(
    ("count", "width", "shapes"),
    [
        (ALONE + 1, 1, [(1, ALONE, 1), (1, 1)]),
        (7, ALONE // 3, [(2, 3, ALONE // 3), (1, ALONE // 3)]),
        (3, ALONE, [(3, 1, ALONE), (0, ALONE)]),
        (3, ALONE + 1, [(3, 1, ALONE + 1), (0, ALONE + 1)]),
        (3, ALONE // 3, []),  # small enough as it is
        (5, 0, []),
    ],
)
def test_blas_gets_no_piece_that_it_would_share_out(
    count: int, width: int, shapes: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many rows at once as are small enough together; at least one."""
    seen, matmul = [], np.matmul

    def multiply(rows: np.ndarray, vector: np.ndarray, out: np.ndarray) -> None:
        seen.append(rows.shape)
        matmul(rows, vector, out=out)

    monkeypatch.setattr(np, "matmul", multiply)
    made = dots(np.ones((count, width), np.float32), np.ones(width, np.float32))
    assert seen == shapes
    assert (made.dtype, made.tolist()) == (np.float32, [width] * count)
