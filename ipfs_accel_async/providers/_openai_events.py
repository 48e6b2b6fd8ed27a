"""Where the event streams of OpenAI's native operations end (OpenAI API reference, responses and assistants streaming).

A response that failed or stayed incomplete is a whole answer that says so: its event is delivered and is the last one.
An event named ``error`` is none: it raises, as everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Event

RESPONSE_ENDS = frozenset({"response.completed", "response.failed", "response.incomplete"})


def is_last(operation: str, event: Event) -> bool:
    """Whether an event ends the stream of an operation, beside ``[DONE]``.

    Args:
        operation: Name of the row.
        event: What came.
    """
    if operation.startswith("responses."):
        return event.name in RESPONSE_ENDS
    return operation.startswith("threads.") and event.name == "done"
