"""How many calls go at once, and what waits for its turn."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ipfs_accel_async.settings.group import Group

OverflowPolicy = Literal["reject", "drop-lowest", "wait"]
QueueOrder = Literal["arrival", "deadline"]
Weight = Annotated[float, Field(gt=0, le=1_000_000)]


class Dispatching(Group):
    """How many calls go at once, and what waits for its turn."""

    max_concurrent_requests: int = Field(5, ge=1, description="calls in flight at once; a stream counts until closed")
    max_concurrent_per_endpoint: int | None = Field(None, ge=1, description="the same, for one base URL")
    reserved_for_high: int = Field(0, ge=0, description="of these, places that only calls of high priority may use")
    queue_size: int = Field(100, ge=0, description="calls that may wait")
    queue_per_place: float | None = Field(None, gt=0, le=10_000, description="the same, for each place there is")
    queue_overflow_policy: OverflowPolicy = Field("reject", description="what a full queue does")
    queue_order: QueueOrder = Field("arrival", description="who goes first of those of one priority")
    priority_aging: float = Field(10.0, gt=0, le=86_400, description="waiting this long is worth one priority level")
    tenant_weights: dict[str, Weight] = Field(default_factory=dict, description="shares, by the tag `tenant`")
    adaptive_concurrency: bool = Field(False, description="whether to find out how many calls a model takes at once")
    min_concurrent: int = Field(1, ge=1, description="fewest that may be found")
    initial_concurrent: int = Field(8, ge=1, description="how many to begin with")
    latency_tolerance: float | None = Field(
        None, gt=1, le=1_000, description="growth of the time to first token at which no more are tried"
    )

    @model_validator(mode="after")
    def _some_places_are_for_all(self) -> Self:
        if self.reserved_for_high and self.reserved_for_high >= self.max_concurrent_requests:
            message = "reserved_for_high leaves no place to other calls: it must be below max_concurrent_requests"
            raise ValueError(message)
        if self.adaptive_concurrency and self.min_concurrent > self.max_concurrent_requests:
            message = "min_concurrent is above max_concurrent_requests"
            raise ValueError(message)
        return self
