"""Completions of services that have chats only: the prompt is the one turn of a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.types import ChatRequest, Message

if TYPE_CHECKING:
    from ipfs_accel_async.payloads import CompleteRequest
    from ipfs_accel_async.providers._codec import CallFacts


def as_chat(call: CallFacts, request: CompleteRequest) -> ChatRequest:
    """The chat that stands for a completion. The documentation of such a service says so.

    Raises:
        InvalidRequestError: There is a suffix: a chat fills in no gap.
    """
    if request.suffix:
        raise refused(call, f"{call.target.provider} fills in no gaps: leave suffix out, or describe the gap")
    return ChatRequest(
        (Message("user", request.prompts[0]),),
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        stop=request.stop,
        seed=request.seed,
        params=request.params,
        stream=request.stream,
    )
