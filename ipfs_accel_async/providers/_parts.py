"""Message parts on wires that want images as base64 and tool arguments as objects."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import orjson

from ipfs_accel_async.errors import InvalidRequestError

if TYPE_CHECKING:
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import Image, ToolCall


def base64_image(image: Image) -> tuple[str, str] | None:
    """Media type and base64 text of an image that is here, as bytes or in a ``data:`` URL; None for one by address."""
    if image.data:
        return image.media_type, b64encode(image.data).decode("ascii")
    if image.url.startswith("data:"):
        head, _, text = image.url.removeprefix("data:").partition(",")
        return head.removesuffix(";base64") or image.media_type, text
    return None


def arguments_object(call: CallFacts, tool_call: ToolCall) -> dict[str, Any]:
    """The arguments of a tool call as the object that the wire wants; no text means no arguments.

    Raises:
        InvalidRequestError: The text is no JSON object: a model may have written it so.
    """
    try:
        value = orjson.loads(tool_call.arguments or "{}")
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise refused(call, f"the arguments of the tool call {tool_call.id or tool_call.name!r} are no JSON object")
    return value


def refused(call: CallFacts, fault: str) -> InvalidRequestError:
    """The error for a request that this provider cannot express; `fault` says what and what to do instead."""
    return InvalidRequestError(fault, target=call.target, request_id=call.request_id)
