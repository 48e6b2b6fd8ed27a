"""The nearest of many vectors, against the plain product of matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.directions import unit
from ipfs_accel_async.policy.nearest import Nearest


def vectors(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    """Vectors of length 1."""
    made = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=120),
    st.integers(1, 12),
    st.floats(-1, 1),
    st.integers(0, 5),
)
def test_it_equals_a_dictionary(steps: list[tuple[bool, int]], dimension: int, floor: float, seed: int) -> None:
    """After any additions and removals, a search finds exactly what is in and near enough, nearest first."""
    kept: dict[int, np.ndarray] = {}
    index = Nearest(dimension)
    made = vectors(200, dimension, seed)
    for place, (add, number) in enumerate(steps):
        if add and number not in kept:
            kept[number] = made[place]
            index.add(number, made[place])
        elif not add and number in kept:
            del kept[number]
            index.remove(number)
    assert len(index) == len(kept)
    asked = made[-1]
    found = index.search(asked, floor, 1_000)
    near = {number: float(vector @ asked) for number, vector in kept.items()}
    sure = {number for number, cosine in near.items() if cosine > floor + 1e-5}
    perhaps = {number for number, cosine in near.items() if cosine >= floor - 1e-5}
    assert sure <= {one.number for one in found} <= perhaps
    assert all(abs(one.similarity - near[one.number]) < 1e-5 for one in found)
    assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
    assert index.search(asked, floor, 2) == found[:2]


@pytest.mark.parametrize("floor", [0.0, 0.6, 0.85, 0.99])
def test_no_near_one_is_passed_over_in_a_large_index(floor: float) -> None:
    """Over several blocks the rows that are not read to their end are none that would have counted."""
    made = vectors(3_000, 64)
    made[7::100] = made[7] + 0.05 * vectors(30, 64, 1)
    made = np.stack([unit(vector) for vector in made])
    index = Nearest(64)
    for number, vector in enumerate(made):
        index.add(number, vector)
    cosines = made @ made[7]
    assert {one.number for one in index.search(made[7], floor, 3_000)} == set(np.flatnonzero(cosines >= floor))
    assert index.rows == 3_000


def test_the_place_of_a_removed_one_is_taken() -> None:
    """It does not grow while as many go as come, and what has gone is not found."""
    made = vectors(500, 8)
    index = Nearest(8)
    for number in range(500):
        index.add(number, made[number])
        if number >= 10:
            index.remove(number - 10)
    assert (len(index), index.rows) == (10, 11)
    assert index.search(made[480], 0.999, 5) == []
    assert index.cosine(480, made[480]) == -1.0
    assert index.vector(480) is None
    assert index.cosine(495, made[495]) == pytest.approx(1.0, abs=1e-6)
