"""The events of the OpenAI twin's streamed responses.

Source: OpenAI API reference, responses streaming.
"""

from collections.abc import Iterator
from typing import Any

from .answers import pieces
from .twin import dumps

ARGUMENT_PIECE = 8


def frames_of(response: dict[str, Any], start: int) -> list[bytes]:
    """Return a response as the frames of its stream, from the event of a sequence number on."""
    begun = {**response, "status": "in_progress", "output": [], "usage": None, "completed_at": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(response["output"]):
        events += _item(index, item)
    events.append({"type": f"response.{response['status']}", "response": response})
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return [frame(event["type"], event) for event in numbered[start:]]


def frame(name: str, value: Any) -> bytes:
    """Return a named server-sent event."""
    data = value if isinstance(value, bytes) else dumps(value)
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def _item(index: int, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    at = {"output_index": index}
    begun = {**item, "status": "in_progress"} if "status" in item else item
    if item["type"] == "message":
        begun = {**begun, "content": []}
    elif item["type"] == "function_call":
        begun = {**begun, "arguments": ""}
    yield {"type": "response.output_item.added", **at, "item": begun}
    if item["type"] == "message":
        for number, part in enumerate(item["content"]):
            yield from _part({"item_id": item["id"], **at, "content_index": number}, part)
    elif item["type"] == "function_call":
        text, which = item["arguments"], {"item_id": item["id"], **at}
        for start in range(0, len(text), ARGUMENT_PIECE):
            delta = text[start : start + ARGUMENT_PIECE]
            yield {"type": "response.function_call_arguments.delta", **which, "delta": delta}
        done = {"arguments": text, "name": item["name"]}
        yield {"type": "response.function_call_arguments.done", **which, **done}
    yield {"type": "response.output_item.done", **at, "item": item}


def _part(at: dict[str, Any], part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = part["type"]
    field = "text" if kind == "output_text" else "refusal"
    extra: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
    yield {"type": "response.content_part.added", **at, "part": {**part, field: ""}}
    for piece in pieces(part[field]):
        yield {"type": f"response.{kind}.delta", **at, "delta": piece, **extra}
    yield {"type": f"response.{kind}.done", **at, field: part[field], **extra}
    yield {"type": "response.content_part.done", **at, "part": part}
