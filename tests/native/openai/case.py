"""One call of OpenAI's resources: as our users write it, as the SDK's users do, and what must go on the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

ANSWER: dict[str, Any] = {
    "id": "x1",
    "object": "list",
    "type": "message",
    "status": "completed",
    "deleted": True,
    "data": [],
    "output": [],
    "choices": [],
    "input_tokens": 7,
    "has_more": False,
    "first_id": "x1",
    "last_id": "x1",
    "model": "m",
}
"""Has the fields that any of the rows wants, so that one answer does for all."""

FORM = {"a form": True}
"""Stands for a body that is a form: its parts are compared with the SDK's."""


class Case(NamedTuple):
    """A call; `body` is None for none, FORM for a form."""

    row: str
    ours: Callable[[Any], Awaitable[Any]]
    theirs: Callable[[Any], Awaitable[Any]]
    method: str
    path: str
    body: Any = None
