"""What a payload needs of a model: to be checked before one is asked that cannot give it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.types import ChatRequest, Image

if TYPE_CHECKING:
    from ipfs_accel_async.types import Payload


def requirements(payload: Payload) -> frozenset[str]:
    """Capabilities, in the words of the codecs, without which the answer would not be what was asked for.

    A seed is none: without it the answer is still an answer.
    """
    if not isinstance(payload, ChatRequest):
        return frozenset()
    needed = set()
    if payload.stream:
        needed.add("stream")
    if payload.tools:
        needed.add("tools")
    if payload.response_format is not None:
        needed.add("schema")
    if any(
        isinstance(part, Image) for one in payload.messages if not isinstance(one.content, str) for part in one.content
    ):
        needed.add("images")
    return frozenset(needed)
