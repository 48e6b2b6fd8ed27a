"""How many calls go at once, and what waits for its turn."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ipfs_accel_async.settings.group import Group

OverflowPolicy = Literal["reject", "drop-lowest", "wait"]


class Dispatching(Group):
    """How many calls go at once, and what waits for its turn."""

    max_concurrent_requests: int = Field(5, ge=1, description="calls in flight at once; a stream counts until closed")
    max_concurrent_per_endpoint: int | None = Field(None, ge=1, description="the same, for one base URL")
    queue_size: int = Field(100, ge=0, description="calls that may wait")
    queue_overflow_policy: OverflowPolicy = Field("reject", description="what a full queue does")
    priority_aging: float = Field(10.0, gt=0, le=86_400, description="waiting this long is worth one priority level")
