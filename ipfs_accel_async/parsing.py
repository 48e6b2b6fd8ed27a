"""A reply's text as a typed value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from ipfs_accel_async.errors import ContentFilteredError, ResponseValidationError

if TYPE_CHECKING:
    from ipfs_accel_async.answers import Reply

T = TypeVar("T")
_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL)


def parse(reply: Reply, kind: type[T]) -> T:
    """The text as a value of `kind`. Models without schema enforcement put it in a code fence: that is taken off.

    Raises:
        ContentFilteredError: The service held the answer back.
        ResponseValidationError: The text is no JSON or does not fit; the message has the path.
    """
    from pydantic import TypeAdapter, ValidationError

    where: dict[str, Any] = {"target": reply.target, "request_id": reply.request_id, "attempts": reply.attempts}
    if reply.finish_reason == "content_filter":
        raise ContentFilteredError("the service held the answer back, so there is nothing to parse", **where)
    fenced = _FENCED.fullmatch(reply.text)
    try:
        return TypeAdapter(kind).validate_json(fenced[1] if fenced else reply.text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        path = ".".join(str(step) for step in first["loc"]) or "the text"
        cut = "; it was cut at max_tokens" if reply.finish_reason == "length" else ""
        name = getattr(kind, "__name__", str(kind))
        message = f"the answer is no {name}: {path}: {first['msg']}{cut}"
        raise ResponseValidationError(message, **where) from error
