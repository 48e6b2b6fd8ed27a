"""What a call is given of another call's answer or error: its own id, its own arrays, and no token counts."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import NO_USAGE

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.call import Call
    from ipfs_accel_async.errors import AccelError

_ARRAYS = ("vectors", "scores")


def answer_for(call: Call, answer: Any) -> Answer:
    """The answer again, for a call that was not sent itself; arrays are copied, as a caller may write into his."""
    own: dict[str, Any] = {name: getattr(answer, name).copy() for name in _ARRAYS if hasattr(answer, name)}
    if hasattr(answer, "outputs"):
        own["outputs"] = {name: output.copy() for name, output in answer.outputs.items()}
    made: Answer = replace(answer, request_id=call.request_id, usage=NO_USAGE, trace=call.trace, **own)
    return made


def error_for(call: Call, error: AccelError) -> AccelError:
    """The error again: one instance raised in several tasks would show the tracebacks of all of them."""
    made = copy(error)
    made.request_id = call.request_id
    made.trace = None
    return made
