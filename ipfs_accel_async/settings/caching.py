"""Which answers are kept and shared, and for how long."""

from __future__ import annotations

import math

from pydantic import Field, field_validator

from ipfs_accel_async.options import CacheMode  # noqa: TC001 - pydantic reads the annotation
from ipfs_accel_async.settings.group import Group

HOUR = 3_600.0
DAY = 24 * HOUR
TTL = {
    "chat": HOUR / 2,
    "classify": DAY,
    "complete": HOUR,
    "complete_batch": HOUR,
    "count_tokens": DAY,
    "detokenize": DAY,
    "embed": DAY,
    "infer": HOUR,
    "models": HOUR,
    "moderate": HOUR,
    "rerank": DAY,
    "similarity": DAY,
    "tokenize": DAY,
    "transcribe": DAY,
    "translate": DAY,
}
"""Seconds that answers are kept, by operation; others are never kept."""


class Caching(Group):
    """Which answers are kept and shared, and for how long."""

    cache: CacheMode = Field("off", description="mode of the caches: `on`, `off`, `read-only` or `write-only`")
    cache_ttl: dict[str, float] = Field(
        default_factory=dict, description="seconds that answers are kept: `{'chat': 60}`, over the defaults"
    )
    single_flight: bool = Field(True, description="whether equal calls under way share one request")
    replay_bytes: int = Field(8 * 2**20, ge=0, description="most of a stream that is kept to be shared or cached")

    @field_validator("cache_ttl")
    @classmethod
    def _times_of_operations(cls, value: dict[str, float]) -> dict[str, float]:
        for operation, seconds in value.items():
            if operation not in TTL:
                message = f"answers of {operation!r} are never kept; there are {', '.join(TTL)}"
                raise ValueError(message)
            if not 0 <= seconds < math.inf:
                message = f"seconds of {operation!r} must be a number from 0"
                raise ValueError(message)
        return value

    def lifetime(self, operation: str) -> float:
        """Seconds that answers of an operation are kept; none of some."""
        return self.cache_ttl.get(operation, TTL.get(operation, 0.0))
