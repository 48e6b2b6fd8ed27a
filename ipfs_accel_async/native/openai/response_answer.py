"""What a response says: its text, its tool calls and its tokens, out of its typed output items."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import NO_USAGE, NativeAnswer, Usage
from ipfs_accel_async.errors import ResponseValidationError
from ipfs_accel_async.types import ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseAnswer(NativeAnswer):
    """A response: the JSON as everywhere (``answer["status"]``), its `usage` and `model`, and what it says.

    `text` is the body, as of every native answer; what the model wrote is `output_text`.
    """

    @property
    def output_text(self) -> str:
        """All text that the model wrote; a refusal's words when it wrote nothing else."""
        return output_text(self.raw)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The functions that the model asks for."""
        return tool_calls(self.raw)


def as_response(answer: NativeAnswer) -> ResponseAnswer:
    """A response's answer with its model and usage in their places.

    Raises:
        ResponseValidationError: A field of it is of the wrong type.
    """
    known = {field.name: getattr(answer, field.name) for field in fields(answer)}
    try:
        known |= {"model": answer.get("model") or "", "usage": usage(answer.raw)}
    except (TypeError, ValueError, AttributeError) as error:
        message = f"the usage of the response is of the wrong type: {error}"
        raise ResponseValidationError(message, target=answer.target, request_id=answer.request_id) from error
    return ResponseAnswer(**known)


def output_text(response: Mapping[str, Any]) -> str:
    """The text in a response's output, also of the one in a stream's last event (``event.data["response"]``)."""
    said = "".join(str(part.get("text") or "") for part in _parts(response) if part.get("type") == "output_text")
    return said or "".join(str(part.get("refusal") or "") for part in _parts(response))


def tool_calls(response: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """The function calls in a response's output; answer each with ``tool(call, content)`` in the next input."""
    return tuple(
        ToolCall(str(item.get("call_id") or ""), str(item.get("name") or ""), str(item.get("arguments") or "{}"))
        for item in _output(response)
        if item.get("type") == "function_call"
    )


def usage(response: Mapping[str, Any]) -> Usage:
    """The tokens of a response; zeros where it does not say."""
    counts = response.get("usage")
    if not counts:
        return NO_USAGE
    read = counts.get("input_tokens_details") or {}
    written = counts.get("output_tokens_details") or {}
    taken, given = int(counts.get("input_tokens") or 0), int(counts.get("output_tokens") or 0)
    return Usage(
        taken,
        given,
        int(counts.get("total_tokens") or 0) or taken + given,
        int(read.get("cached_tokens") or 0),
        int(read.get("cache_write_tokens") or 0),
        int(written.get("reasoning_tokens") or 0),
    )


def _output(response: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = response.get("output")
    return (item for item in found if isinstance(item, dict)) if isinstance(found, list) else iter(())


def _parts(response: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for item in _output(response):
        if item.get("type") == "message" and isinstance(item.get("content"), list):
            yield from (part for part in item["content"] if isinstance(part, dict))
