"""Signatures of directions: in a few bits, about how far apart two vectors point. numpy loads on first use.

Each bit says on which side of a plane through the origin a vector lies; of planes at random, vectors at an angle `a`
are on different sides of a share `a` / pi (M. Charikar, Similarity Estimation Techniques from Rounding Algorithms,
STOC 2002).
"""

from __future__ import annotations

from functools import lru_cache
from math import acos, exp, lgamma, log, pi
from typing import TYPE_CHECKING

from ipfs_accel_async.policy.directions import dots

if TYPE_CHECKING:
    from numpy import float32, uint16, uint64
    from numpy.typing import NDArray

BITS = 512
WORDS = BITS // 64
MISSED = 1e-9
"""How likely a vector that is just near enough may differ in more bits than :func:`most_apart` says."""


@lru_cache(maxsize=8)
def planes(dimension: int) -> NDArray[float32]:
    """What the planes are at right angles to: the same in each process.

    Args:
        dimension: Numbers of each.
    """
    import numpy as np

    return np.random.default_rng(dimension).standard_normal((BITS, dimension), np.float32)


def signature(vector: NDArray[float32]) -> NDArray[uint64]:
    """The side of each plane that a vector is on, of shape (8,).

    Args:
        vector: Of shape (d,), of any length.
    """
    import numpy as np

    return np.packbits(dots(planes(vector.size), vector) > 0).view(np.uint64)


def apart(known: NDArray[uint64], asked: NDArray[uint64]) -> NDArray[uint16]:
    """In how many bits each of some signatures differs from one.

    Args:
        known: Of shape (8, n), a column each: so each operation goes over all of them in one sweep.
        asked: Of shape (8,).
    """
    import numpy as np

    differing: NDArray[uint16] = np.bitwise_count(known ^ asked[:, None]).sum(axis=0, dtype=np.uint16)
    return differing


@lru_cache(maxsize=256)
def most_apart(cosine: float) -> int:
    """In how many bits signatures of vectors differ at most, but for one pair in a billion.

    Args:
        cosine: Of their angle, or more.
    """
    share = acos(min(1.0, max(-1.0, cosine))) / pi
    if not 0 < share < 1:
        return BITS if share else 0
    beyond, bits = 0.0, BITS
    while bits:
        ways = lgamma(BITS + 1) - lgamma(bits + 1) - lgamma(BITS - bits + 1)
        beyond += exp(ways + bits * log(share) + (BITS - bits) * log(1 - share))
        if beyond > MISSED:
            break
        bits -= 1
    return bits
