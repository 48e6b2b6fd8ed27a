"""The labelled pairs of questions and their recorded embeddings.

The pairs were written before any rule or threshold was tuned. Every second pair of a kind is ``held`` back: rules are
judged by it and were never changed for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy import float32, int8
    from numpy.typing import NDArray

HERE = Path(__file__).parent
VECTORS = HERE / "minilm.npz"


class Pair(NamedTuple):
    """Two questions: `same` when the answer to `a` answers `b` too; `kind` says in what they differ."""

    kind: str
    same: bool
    half: str
    a: str
    b: str


def pairs() -> list[Pair]:
    """All of them, in the order of the file."""
    return [Pair(**orjson.loads(line)) for line in (HERE / "pairs.jsonl").read_bytes().splitlines()]


def texts_of(many: Iterable[Pair]) -> list[str]:
    """Every text once, in the order of the recorded vectors."""
    return list(dict.fromkeys(text for pair in many for text in (pair.a, pair.b)))


def quantised(vectors: NDArray[float32]) -> tuple[NDArray[int8], NDArray[float32]]:
    """Rows as bytes, and the scale of each."""
    scales = np.abs(vectors).max(axis=1) / 127
    return np.round(vectors / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def recorded() -> dict[str, NDArray[float32]]:
    """The recorded vector of each text, of length 1."""
    with np.load(VECTORS, allow_pickle=False) as kept:
        vectors = kept["numbers"].astype(np.float32) * kept["scales"][:, None]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(texts_of(pairs()), vectors, strict=True))
