"""A Claude message as the events of its stream.

Source: Claude API reference, streaming messages: message_start, then start, deltas and stop of each
content block, message_delta, message_stop; a ping after the first block has started.
"""

from typing import Any

from .answers import pieces
from .twin import dumps


def sse(event: dict[str, Any]) -> bytes:
    """Return an event in its frame; its type is its name."""
    return f"event: {event['type']}\ndata: ".encode() + dumps(event) + b"\n\n"


def events(message: dict[str, Any]) -> list[bytes]:
    """Return the frames of a message, the last of which is message_stop."""
    opening = message | {"content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
    opening["usage"] = message["usage"] | {"output_tokens": 1, "output_tokens_details": None}
    found: list[dict[str, Any]] = [{"type": "message_start", "message": opening}]
    for index, block in enumerate(message["content"]):
        empty, deltas = _block(block)
        found.append({"type": "content_block_start", "index": index, "content_block": empty})
        if index == 0:
            found.append({"type": "ping"})
        found += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        found.append({"type": "content_block_stop", "index": index})
    usage = message["usage"]
    found.append(
        {
            "type": "message_delta",
            "delta": {name: message[name] for name in ("stop_reason", "stop_sequence", "stop_details")},
            "usage": {
                name: usage[name]
                for name in (
                    "input_tokens",
                    "cache_creation_input_tokens",
                    "cache_read_input_tokens",
                    "output_tokens",
                    "output_tokens_details",
                )
            },
        }
    )
    found.append({"type": "message_stop"})
    return [sse(each) for each in found]


def _block(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    match block["type"]:
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
            return block | {"thinking": "", "signature": ""}, deltas
        case "tool_use" | "server_tool_use":
            written = dumps(block["input"]).decode()
            parts = ["", *(written[at : at + 8] for at in range(0, len(written), 8))]
            return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in parts]
        case "text":
            cited = [{"type": "citations_delta", "citation": citation} for citation in block["citations"] or ()]
            spoken = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
            return block | {"text": "", "citations": [] if cited else None}, [*cited, *spoken]
        case _:  # redacted thinking and results of the service's tools come whole
            return block, []
