"""How long things may take, and how large an answer may be."""

from __future__ import annotations

from pydantic import Field

from ipfs_accel_async.settings.group import Group


class Timing(Group):
    """How long things may take, and how large an answer may be."""

    timeout: float = Field(300.0, gt=0, le=86_400, description="deadline of a call: queue, retries and stream together")
    stream_idle_timeout: float = Field(120.0, gt=0, le=86_400, description="silence after which a stream is given up")
    close_grace: float = Field(5.0, ge=0, le=3_600, description="time that calls have to end when the client is closed")
    connect_timeout: float = Field(10.0, gt=0, le=3_600)
    max_response_bytes: int = Field(256 * 2**20, ge=1024, description="cap on a decoded answer")
