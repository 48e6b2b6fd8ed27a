"""Signatures of directions: bits that differ as far as vectors point apart."""

from __future__ import annotations

from math import comb, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.policy.signature import BITS, MISSED, WORDS, apart, most_apart, planes, signature


def at_angle(cosine: float, dimension: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two vectors of length 1 with that cosine."""
    one, other = np.random.default_rng(seed).standard_normal((2, dimension))
    one /= np.linalg.norm(one)
    other -= (other @ one) * one
    other /= np.linalg.norm(other)
    return one.astype(np.float32), (cosine * one + np.sqrt(1 - cosine**2) * other).astype(np.float32)


def bits(packed: np.ndarray) -> np.ndarray:
    """A signature bit by bit."""
    return np.unpackbits(packed.view(np.uint8))


@given(st.integers(1, 64), st.integers(0, 9))
def test_each_bit_is_the_side_of_a_plane(dimension: int, seed: int) -> None:
    """Whatever the length of the vector."""
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    made = signature(vector)
    assert (made.shape, made.dtype) == ((WORDS,), np.uint64)
    expected = planes(dimension).astype(np.float64) @ vector
    clear = abs(expected) > 1e-4
    assert (bits(made)[clear] == (expected > 0)[clear]).all()
    assert (signature(4 * vector) == made).all()


def test_the_other_way_round_all_bits_differ() -> None:
    """And none from itself."""
    vector = np.random.default_rng(0).standard_normal(48).astype(np.float32)
    known = np.stack([signature(vector), signature(-vector)], axis=1)
    assert apart(known, signature(vector)).tolist() == [0, BITS]


def test_the_planes_are_the_same_each_time_and_others_for_each_dimension() -> None:
    """Drawn at right angles to each other, nearly: as many as there are bits, of numbers that even out."""
    assert planes.__wrapped__(24).tobytes() == planes(24).tobytes()
    assert (planes(24).shape, planes(24).dtype) == ((BITS, 24), np.float32)
    assert planes(24)[0, 0] != planes(25)[0, 0]
    assert abs(planes(24).mean()) < 0.05
    assert abs(planes(24).std() - 1) < 0.05


@given(st.lists(st.integers(0, 2**64 - 1), min_size=WORDS, max_size=WORDS), st.integers(0, 5))
def test_bits_are_counted_column_by_column(asked: list[int], columns: int) -> None:
    """Against the integers' own count."""
    known = np.random.default_rng(columns).integers(0, 2**64, (WORDS, columns), np.uint64)
    expected = [
        sum((int(word) ^ one).bit_count() for word, one in zip(column, asked, strict=True)) for column in known.T
    ]
    found = apart(known, np.array(asked, np.uint64))
    assert (found.tolist(), found.dtype) == (expected, np.uint16)


@pytest.mark.parametrize("cosine", [0.0, 0.5, 0.85, 0.95, 0.999])
def test_as_many_bits_differ_as_the_angle_says(cosine: float) -> None:
    """On average a share of angle / pi of them; and of a hundred pairs none in more than is allowed for."""
    found = []
    for seed in range(100):
        one, other = at_angle(cosine, 96, seed)
        found.append(int(apart(signature(other)[:, None], signature(one))[0]))
    share = float(np.arccos(cosine)) / pi
    assert abs(np.mean(found) - BITS * share) < 5 * np.sqrt(BITS * share * (1 - share) / 100) + 0.2
    assert max(found) <= most_apart(cosine)


@pytest.mark.parametrize("cosine", [-0.9, -0.5, 0.0, 0.3, 0.5, 0.7, 0.85, 0.9, 0.99, 0.9999])
def test_one_in_a_billion_differs_in_more(cosine: float) -> None:
    """Against whole numbers: with one bit fewer it would be more than that."""
    share = float(np.arccos(cosine)) / pi

    def more_than(most: int) -> float:
        """How likely more bits than that differ."""
        ways = range(most + 1, BITS + 1)
        return sum(comb(BITS, count) * share**count * (1 - share) ** (BITS - count) for count in ways)

    most = most_apart(cosine)
    assert more_than(most) <= MISSED < more_than(most - 1)


@pytest.mark.parametrize(("cosine", "most"), [(1.0, 0), (1.5, 0), (-1.0, BITS), (-2.0, BITS)])
def test_the_ends(cosine: float, most: int) -> None:
    """The same direction has the same bits, and below the least cosine there is no bound."""
    assert most_apart(cosine) == most


def test_others_at_random_are_told_apart() -> None:
    """At the usual threshold a vector without relation is never taken for a near one."""
    rng = np.random.default_rng(1)
    known = np.stack([signature(one) for one in rng.standard_normal((500, 64)).astype(np.float32)], axis=1)
    asked = signature(rng.standard_normal(64).astype(np.float32))
    assert (apart(known, asked) > most_apart(0.85)).all()


def test_in_a_plane_is_below_it() -> None:
    """What has no side has the one of a bit that is not set."""
    assert not signature(np.zeros(24, np.float32)).any()
