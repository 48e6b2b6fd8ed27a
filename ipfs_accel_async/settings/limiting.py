"""How many requests and tokens a service allows."""

from __future__ import annotations

from pydantic import Field

from ipfs_accel_async.settings.group import Group

MOST = 10**12


class Limiting(Group):
    """How many requests and tokens a service allows each model, a key's quota group at a time."""

    rpm: int | None = Field(None, ge=1, le=MOST, description="requests a minute")
    tpm: int | None = Field(None, ge=1, le=MOST, description="tokens a minute, input and output together")
    input_tpm: int | None = Field(None, ge=1, le=MOST, description="input tokens a minute, cached ones not counted")
    output_tpm: int | None = Field(None, ge=1, le=MOST, description="output tokens a minute")
    rpd: int | None = Field(None, ge=1, le=MOST, description="requests in any 24 hours")
    tpd: int | None = Field(None, ge=1, le=MOST, description="tokens in any 24 hours")
    burst_seconds: float = Field(6.0, gt=0, le=60, description="how much of a minute's limit may go at once")
    tokenizer: str | None = Field(None, description="path of a `tokenizer.json`, to count tokens by (extra `tokens`)")
    learn_limits: bool = Field(True, description="whether limits that a 429 tells count from then on")
