"""Embedding vectors: unit-norm float32, the same vector for the same text."""

import base64
from typing import Any

import numpy as np
import numpy.typing as npt

from .answers import digest


def vector(seed: int, provider: str, model: str, text: str, size: int) -> npt.NDArray[np.float32]:
    """Return the vector of a text; all five arguments decide it, nothing else does."""
    noise = np.random.default_rng(np.frombuffer(digest(seed, provider, model, size, text)[:16], np.uint32))
    values = noise.standard_normal(size, dtype=np.float32)
    unit: npt.NDArray[np.float32] = values / np.linalg.norm(values)
    return unit


def encoded(values: npt.NDArray[np.float32], form: str) -> Any:
    """Return the vector as the wire wants it: an array of numbers, or base64 of little-endian float32."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode() if form == "base64" else values
