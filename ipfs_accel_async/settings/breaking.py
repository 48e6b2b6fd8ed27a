"""When what keeps failing is left alone, and for how long."""

from __future__ import annotations

from pydantic import Field

from ipfs_accel_async.settings.group import Group


class Breaking(Group):
    """When what keeps failing is left alone, and for how long."""

    failure_threshold: int = Field(5, ge=1, description="failures in a row that open the breaker")
    failure_rate: float = Field(0.5, gt=0, le=1, description="share of failures that opens the breaker")
    failure_rate_calls: int = Field(20, ge=1, description="fewest calls, of 30 s, for that share to count")
    reset_timeout: float = Field(30.0, gt=0, le=86_400, description="time until an open breaker lets one call try")
    max_reset_timeout: float = Field(120.0, gt=0, le=86_400, description="the same, doubled for each try that failed")
    probe_timeout: float = Field(60.0, gt=0, le=86_400, description="time after which a call that tries has failed")
    slow_first_token: float | None = Field(None, gt=0, le=3_600, description="time from which a first token is slow")
    slow_first_token_rate: float = Field(0.8, gt=0, le=1, description="share of slow ones, of 300 s, that opens it")
