"""Asks a server for its own bounds: before the first request that it could find too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.call import Call, new_id
from ipfs_accel_async.types import NativeRequest

if TYPE_CHECKING:
    from ipfs_accel_async.batching.rules import Rules
    from ipfs_accel_async.core import Handler


async def ask_bounds(call: Call, rules: Rules, next: Handler) -> None:  # noqa: A002
    """Let rules learn what a server says of itself; if it says nothing, what is usual holds.

    Args:
        call: Waits for the answer: it is asked in time for that, and as urgently.
        rules: Name the operation that tells.
        next: What answers it.
    """
    asked = Call(
        operation=rules.told_by,
        target=call.target,
        payload=NativeRequest(),
        priority=call.priority,
        deadline=call.deadline,
        submitted=call.submitted,
        request_id=new_id(),
        tags=call.tags,
        options=call.options,
    )
    try:
        answer = await next(asked)
        rules.learn(answer.raw if isinstance(answer.raw, dict) else {})
    except Exception:  # noqa: BLE001 - whatever it is: those who wait are sent, and hear of it themselves
        rules.told_by = ""
