"""The nearest of many vectors: what sits on a bound, what is read, and what it takes to keep them."""

from __future__ import annotations

import numpy as np
import pytest

from ipfs_accel_async.policy import nearest
from ipfs_accel_async.policy.nearest import ALONE, FREE, Found, Nearest, dots


def vectors(count: int, dimension: int) -> np.ndarray:
    """Vectors of length 1."""
    made = np.random.default_rng(0).standard_normal((count, dimension)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def filled(made: np.ndarray) -> Nearest:
    """An index of them, numbered from 0."""
    index = Nearest(made.shape[1])
    for number, vector in enumerate(made):
        index.add(number, vector)
    return index


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


def test_one_that_is_exactly_as_near_as_asked_is_found() -> None:
    """The floor belongs to what is near enough, whether the head tells or the tail."""
    index = filled(np.eye(8, dtype=np.float32))
    for number, vector in enumerate(np.eye(8, dtype=np.float32)):
        assert index.search(vector, 1.0, 5) == [Found(number, 1.0)]
        assert len(index.search(vector, 0.0, 99)) == 8


def test_rounding_hides_none_that_is_just_near_enough() -> None:
    """Each is found by itself, though head and tail together come to its length and no more."""
    made = vectors(300, 64)
    index = filled(made)
    for number in range(300):
        assert [one.number for one in index.search(made[number], 1 - 5e-6, 5)] == [number]


def test_a_search_reads_the_tails_of_the_hopeful_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand at random hardly one has a head that comes near a high floor."""
    made, read = vectors(1_280, 64), []

    def counted(rows: np.ndarray, vector: np.ndarray) -> np.ndarray:
        read.append(rows.shape)
        return dots(rows, vector)

    index = filled(made)
    monkeypatch.setattr(nearest, "dots", counted)
    assert [one.number for one in index.search(made[5], 0.99, 5)] == [5]
    assert sum(rows for rows, width in read if width == 16) == 1_280
    assert sum(rows for rows, width in read if width == 48) < 100


def test_vectors_take_four_bytes_a_number_and_twelve_more() -> None:
    """In blocks that grow, of which only the last one has room."""
    index = filled(vectors(3_000, 16))
    sizes = [256, 1_024, 4_096]
    assert [len(block.numbers) for block in index._blocks] == sizes
    for block, rows in zip(index._blocks, sizes, strict=True):
        arrays = (block.heads, block.tails, block.lengths, block.numbers)
        assert sum(array.nbytes for array in arrays) == rows * (16 * 4 + 12)
        assert (block.numbers.dtype, block.lengths.dtype) == (np.int64, np.float32)
    assert (index._blocks[-1].numbers[index._blocks[-1].used :] == FREE).all()
    kept = index.vector(2_999)
    assert kept is not None
    assert kept.dtype == dots(vectors(2, 16), kept).dtype == np.float32
