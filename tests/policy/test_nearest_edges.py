"""The nearest of many vectors: what sits on a bound, what is read, and what it takes to keep them."""

from __future__ import annotations

import numpy as np
import pytest

from ipfs_accel_async.policy import nearest
from ipfs_accel_async.policy.directions import dots
from ipfs_accel_async.policy.nearest import FREE, ROUNDING, Found, Nearest
from ipfs_accel_async.policy.signature import signature


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


def test_one_that_is_exactly_as_near_as_asked_is_found() -> None:
    """The floor belongs to what is near enough."""
    index = filled(np.eye(8, dtype=np.float32))
    for number, vector in enumerate(np.eye(8, dtype=np.float32)):
        assert index.search(vector, 1.0, 5) == [Found(number, 1.0)]
        assert len(index.search(vector, 0.0, 99)) == 8


def test_rounding_hides_none_that_is_just_near_enough() -> None:
    """Each is found by itself."""
    made = vectors(300, 64)
    index = filled(made)
    for number in range(300):
        assert [one.number for one in index.search(made[number], 1 - 5e-6, 5)] == [number]


def test_a_search_reads_the_vectors_of_the_hopeful_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand at random none has a signature that comes near one for a high floor."""
    made, read = vectors(1_536, 64), []

    def counted(rows: np.ndarray, vector: np.ndarray) -> np.ndarray:
        read.append(len(rows))
        return dots(rows, vector)

    index = filled(made)
    monkeypatch.setattr(nearest, "dots", counted)
    assert [one.number for one in index.search(made[5], 0.99, 5)] == [5]
    assert (len(read), sum(read)) == (3, 1)
    read.clear()
    assert len(index.search(made[5], -1.0, 2_000)) == 1_536
    assert read == [256, 1_024, 256]


@pytest.mark.parametrize(("alike", "read"), [(512, [256, 1_024, 512]), (513, [256, 1_024, 4_096])])
def test_of_a_block_that_is_mostly_hopeful_all_is_read(
    alike: int, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an eighth on it is faster from end to end; the first two blocks have nothing else here."""
    made, seen = np.ones((5_376, 64), np.float32) / 8, []
    made[1_280 + alike :] *= -1
    index = filled(made)

    def counted(rows: np.ndarray, vector: np.ndarray) -> np.ndarray:
        seen.append(len(rows))
        return dots(rows, vector)

    monkeypatch.setattr(nearest, "dots", counted)
    assert len(index.search(made[0], 0.9, 9_999)) == 1_280 + alike
    assert seen == read


def test_few_are_read_without_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two blocks are read sooner than a signature is made and compared; three are not."""
    made, asked = vectors(1_281, 16), []

    def counted(vector: np.ndarray) -> np.ndarray:
        asked.append(vector)
        return signature(vector)

    index = filled(made[:1_280])
    monkeypatch.setattr(nearest, "signature", counted)
    assert [one.number for one in index.search(made[5], 0.999, 5)] == [5]
    assert asked == []
    index.add(1_280, made[1_280])
    asked.clear()
    assert [one.number for one in index.search(made[5], 0.999, 5)] == [5]
    assert len(asked) == 1


def test_what_took_a_place_is_found_by_its_own_signature() -> None:
    """Not by that of the vector which was there before."""
    made = vectors(1_600, 64)
    index = filled(made[:1_500])
    for number in range(1_400, 1_500):
        index.remove(number)
    for number in range(1_500, 1_600):
        index.add(number, made[number])
    assert (len(index), index.rows) == (1_500, 1_500)
    for number in range(1_400, 1_600):
        found = [one.number for one in index.search(made[number], 0.999, 5)]
        assert found == ([number] if number >= 1_500 else [])


def test_a_vector_takes_four_bytes_a_number_and_seventy_two_more() -> None:
    """In blocks that grow, of which only the last one has room."""
    index = filled(vectors(3_000, 16))
    sizes = [256, 1_024, 4_096]
    assert [len(block.numbers) for block in index._blocks] == sizes
    for block, rows in zip(index._blocks, sizes, strict=True):
        arrays = (block.vectors, block.signatures, block.numbers)
        assert sum(array.nbytes for array in arrays) == rows * (16 * 4 + 64 + 8)
        assert (block.vectors.dtype, block.signatures.dtype, block.numbers.dtype) == (np.float32, np.uint64, np.int64)
    assert (index._blocks[-1].numbers[index._blocks[-1].used :] == FREE).all()


def test_a_vector_that_was_given_out_is_a_copy() -> None:
    """Another one may take its place."""
    made = vectors(2, 16)
    index = filled(made[:1])
    kept = index.vector(0)
    assert kept is not None
    index.remove(0)
    index.add(1, made[1])
    assert kept.tolist() == made[0].tolist()
    assert kept.dtype == np.float32


def test_as_many_bits_as_may_differ_are_near_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """And they are asked for a little less than the floor, as float32 rounds."""
    index, floors = filled(vectors(1_536, 64)), []

    def apart(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
        return np.array([7, 8, *[9] * (known.shape[1] - 2)])

    def most_apart(floor: float) -> int:
        floors.append(floor)
        return 8

    monkeypatch.setattr(nearest, "apart", apart)
    monkeypatch.setattr(nearest, "most_apart", most_apart)
    found = {one.number for one in index.search(vectors(1, 64)[0], -1.0, 2_000)}
    assert found == {0, 1, 256, 257, 1_280, 1_281}
    assert floors == [-1.0 - ROUNDING]
