"""What every group of settings is: frozen, strict, checked when built."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """Settings of one subject. Unknown names are refused; the error never shows the value, which may be a key."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        defer_build=True,  # only what is used is built: importing the package builds none
    )
