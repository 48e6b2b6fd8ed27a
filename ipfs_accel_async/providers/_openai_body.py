"""Bodies of the OpenAI wire (OpenAI API reference, chat/completions and embeddings)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.types import Image, NativePart, ResponseFormat, Text, Thinking, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message, Part

MAX_INPUTS = 2048
_MODES = frozenset({"auto", "none", "required"})


def chat_body(
    call: CallFacts, request: ChatRequest, *, reasoning_field: str = "", stream_usage: bool = True
) -> dict[str, Any]:
    """The body of a chat completion; only what is set goes in, and `params` override all.

    Args:
        call: The call that it is for.
        request: What to ask.
        reasoning_field: Where the service takes the reasoning of earlier turns back; empty where it has no place for
            it: then it is left out, as the service does not remember it either.
        stream_usage: Whether a stream must be asked for its token counts.

    Raises:
        InvalidRequestError: A part that this wire has no word for.
    """
    body: dict[str, Any] = {
        "model": call.target.model,
        "messages": [_message(call, message, reasoning_field) for message in request.messages],
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.response_format is not None:
        body["response_format"] = _response_format(request.response_format)
    if request.max_tokens is not None:
        body["max_completion_tokens"] = request.max_tokens  # max_tokens is deprecated; reasoning models refuse it
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.stop:
        body["stop"] = list(request.stop)
    if request.seed is not None:
        body["seed"] = request.seed
    if request.stream:
        body["stream"] = True
        if stream_usage:
            body["stream_options"] = {"include_usage": True}
    body.update(request.params)
    return body


def embed_body(call: CallFacts, request: EmbedRequest, *, most: int | None = MAX_INPUTS) -> dict[str, Any]:
    """The body of an embeddings request; base64 is asked for, which costs a third of the bytes and of the parsing.

    Args:
        call: The call that it is for.
        request: What to embed.
        most: How many texts the service takes at once; None for any number.

    Raises:
        InvalidRequestError: More texts than that.
    """
    if most is not None and len(request.texts) > most:
        fault = f"{call.target.provider} embeds at most {most} texts a request, not {len(request.texts)}: send fewer"
        raise refused(call, fault)
    return {
        "model": call.target.model,
        "input": list(request.texts),
        "encoding_format": "base64",
        **request.params,
    }


def _message(call: CallFacts, message: Message, reasoning_field: str) -> dict[str, Any]:
    content = message.content
    value: dict[str, Any] = {"role": message.role}
    if isinstance(content, str):
        # null is the wire's word for a turn that only calls tools
        value["content"] = None if message.tool_calls and not content else content
    else:
        thoughts = [part.text for part in content if isinstance(part, Thinking)]
        said = [part for part in content if not isinstance(part, Thinking)]
        if thoughts and all(isinstance(part, Text) for part in said):
            value["content"] = message.text or (None if message.tool_calls else "")
        else:
            value["content"] = [_part(call, part) for part in said]
        if thoughts and reasoning_field:
            value[reasoning_field] = "".join(thoughts)
    if message.tool_calls:
        value["tool_calls"] = [
            {"id": asked.id, "type": "function", "function": {"name": asked.name, "arguments": asked.arguments}}
            for asked in message.tool_calls
        ]
    if message.tool_call_id:
        value["tool_call_id"] = message.tool_call_id
    if message.name:
        value["name"] = message.name
    return value


def _part(call: CallFacts, part: Part) -> Mapping[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        if not part.url and not part.data:
            raise refused(call, "an image part has neither url nor data: give one of them")
        url = part.url or f"data:{part.media_type};base64,{b64encode(part.data).decode('ascii')}"
        return {"type": "image_url", "image_url": {"url": url, "detail": part.detail} if part.detail else {"url": url}}
    if isinstance(part, NativePart):
        return part.value
    raise refused(call, f"{type(part).__name__} is no part of a message: use Text, Image or NativePart")


def _tool(tool: Tool | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(tool, Tool):
        return tool
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: str | Mapping[str, Any]) -> str | Mapping[str, Any]:
    if not isinstance(choice, str) or choice in _MODES:
        return choice
    return {"type": "function", "function": {"name": choice}}


def _response_format(wanted: ResponseFormat | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(wanted, ResponseFormat):
        return wanted
    if wanted.schema is None:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": wanted.name, "schema": wanted.schema}
    if wanted.strict is not None:
        schema["strict"] = wanted.strict
    if wanted.description:
        schema["description"] = wanted.description
    return {"type": "json_schema", "json_schema": schema}
