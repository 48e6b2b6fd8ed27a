"""What is sent again, after how long, and how often."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from ipfs_accel_async.settings.group import Group


class Retrying(Group):
    """What is sent again, after how long, and how often."""

    max_retries: int = Field(5, ge=0, le=100, description="times a call is sent again")
    initial_retry_delay: float = Field(1.0, ge=0, le=3_600)
    backoff_factor: float = Field(2.0, ge=1, le=100)
    max_retry_delay: float = Field(16.0, ge=0, le=3_600, description="longest own delay, jitter included")
    retry_jitter: float = Field(0.2, ge=0, le=1, description="share by which delays vary")
    max_retry_after: float = Field(60.0, ge=0, le=86_400, description="longest wait a server may ask for")
    retry_budget_ratio: float = Field(0.2, ge=0, le=1, description="retries a call that an endpoint at fault may get")
    retry_budget_reserve: int = Field(10, ge=0, le=10_000, description="the same, every 10 s, whatever the calls")
    hedge: bool = Field(False, description="whether a slow call is asked a second time, for the faster answer")

    @model_validator(mode="after")
    def _delays_are_ordered(self) -> Self:
        if self.initial_retry_delay > self.max_retry_delay:
            message = "initial_retry_delay is above max_retry_delay"
            raise ValueError(message)
        return self
