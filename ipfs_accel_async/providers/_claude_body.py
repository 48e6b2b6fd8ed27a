"""The body of a Claude message request (Anthropic API reference, Messages)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._claude_content import blocks_again, merged_thoughts
from ipfs_accel_async.providers._parts import arguments_object, base64_image, refused
from ipfs_accel_async.types import Image, NativePart, ResponseFormat, Text, Thinking, Tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import ChatRequest, Message, Part

DEFAULT_MAX_TOKENS = 4096
"""The wire demands a limit; this is it where the caller sets none."""
NO_SAMPLING_SINCE = "2026-10-21"
"""From this API version on, `temperature`, `top_p` and `top_k` are refused by the service."""
_OWN_SIGNATURE = re.compile(r"[A-Za-z0-9+/_-]+=*")
"""Base64; Gemini's, say, have a place beside it."""
_SAMPLING = ("temperature", "top_p", "top_k")
_OF_ANSWERS = ("max_tokens", "temperature", "stop_sequences", "stream")


def message_body(call: CallFacts, request: ChatRequest, api_version: str) -> dict[str, Any]:
    """The body of a message request.

    System and developer messages, wherever they stand, become the top-level `system`, in their order. Consecutive tool
    results become one user turn. `params` override all; under `output_config` they join what is there.

    Raises:
        InvalidRequestError: Something that this API has no word for.
    """
    if request.seed is not None:
        raise refused(call, "claude has no parameter seed: leave it out")
    system, turns = _conversation(call, request.messages)
    body: dict[str, Any] = {
        "model": call.target.model,
        "max_tokens": DEFAULT_MAX_TOKENS if request.max_tokens is None else request.max_tokens,
        "messages": turns,
    }
    if system:
        body["system"] = system
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.response_format is not None:
        body["output_config"] = {"format": _output_format(call, request.response_format)}
    if request.stream:
        body["stream"] = True
    params = dict(request.params)
    if isinstance(params.get("output_config"), Mapping):
        params["output_config"] = {**body.get("output_config", {}), **params["output_config"]}
    body.update(params)
    if api_version >= NO_SAMPLING_SINCE:
        _refuse_sampling(call, body, api_version)
    return body


def count_body(call: CallFacts, request: ChatRequest, api_version: str) -> dict[str, Any]:
    """The body of a token count: that of the message, without what bears on the answer only."""
    body = message_body(call, request, api_version)
    return {name: value for name, value in body.items() if name not in _OF_ANSWERS or name in request.params}


def _refuse_sampling(call: CallFacts, body: Mapping[str, Any], api_version: str) -> None:
    for name in _SAMPLING:
        if name in body:
            fault = f"claude takes no {name} in API version {api_version}: leave it out, or use version 2023-06-01"
            raise refused(call, fault)


def _conversation(call: CallFacts, messages: Iterable[Message]) -> tuple[str | list[dict[str, Any]], list[Any]]:
    system: list[Message] = []
    turns: list[dict[str, Any]] = []
    results: list[dict[str, Any]] | None = None
    for message in messages:
        if message.name and message.role != "tool":
            raise refused(call, f"claude has no parameter name on {message.role} messages: put it into the text")
        if message.role in {"system", "developer"}:
            system.append(message)
        elif message.role == "tool":
            if results is None:
                results = []
                turns.append({"role": "user", "content": results})
            results.append(_tool_result(call, message))
        else:
            results = None
            turns.append({"role": message.role, "content": _content(call, message)})
    if not turns:
        raise refused(call, "claude needs a user message beside the system prompt: add one")
    return _system(call, system), turns


def _system(call: CallFacts, messages: list[Message]) -> str | list[dict[str, Any]]:
    """One text, or blocks where the caller has given blocks of the service's own (to mark a cached prefix, say)."""
    parts: list[Part] = []
    for message in messages:
        parts.extend([Text(message.content)] if isinstance(message.content, str) else message.content)
    if all(isinstance(part, Text) for part in parts):
        return "\n\n".join(message.text for message in messages if message.text)
    if any(isinstance(part, Image) for part in parts):
        raise refused(call, "claude takes no image in a system message: put it into a user message")
    return _blocks(parts)


def _content(call: CallFacts, message: Message) -> str | Sequence[Mapping[str, Any]]:
    again = blocks_again(message)
    if again:
        return again
    if isinstance(message.content, str):
        if not message.tool_calls:
            return message.content
        blocks = _blocks([Text(message.content)])
    else:
        unsigned = merged_thoughts(message)
        blocks = _blocks(part for part in message.content if not (unsigned and isinstance(part, Thinking)))
    for tool_call in message.tool_calls:
        arguments = arguments_object(call, tool_call)
        blocks.append({"type": "tool_use", "id": tool_call.id, "name": tool_call.name, "input": arguments})
    return blocks


def _blocks(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Content blocks, thinking first as the service demands.

    It refuses empty text, and thinking that it has not signed (another model's): both are left out.
    """
    thinking: list[dict[str, Any]] = []
    blocks: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, Text):
            if part.text:
                blocks.append({"type": "text", "text": part.text})
        elif isinstance(part, Image):
            blocks.append({"type": "image", "source": _source(part)})
        elif isinstance(part, Thinking):
            if _OWN_SIGNATURE.fullmatch(part.signature):
                thinking.append({"type": "thinking", "thinking": part.text, "signature": part.signature})
        elif isinstance(part, NativePart):
            blocks.append(dict(part.value))
    return thinking + blocks


def _source(image: Image) -> dict[str, str]:
    encoded = base64_image(image)
    if encoded is None:
        return {"type": "url", "url": image.url}
    return {"type": "base64", "media_type": encoded[0], "data": encoded[1]}


def _tool_result(call: CallFacts, message: Message) -> dict[str, Any]:
    """A result; one that is a native ``tool_result`` goes as it is: it may say ``is_error`` or mark a cached prefix."""
    content = message.content
    own: dict[str, Any] = {}
    if not isinstance(content, str) and len(content) == 1 and isinstance(content[0], NativePart):
        own = dict(content[0].value) if content[0].value.get("type") == "tool_result" else {}
    key = own.get("tool_use_id") or message.tool_call_id
    if not key:
        raise refused(call, "claude needs the tool_call_id of a tool message: pass the id of the call it answers")
    if own:
        return {**own, "tool_use_id": key}
    blocks = content if isinstance(content, str) else _blocks(content)
    return {"type": "tool_result", "tool_use_id": key, "content": blocks}


def _tool(tool: Tool | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(tool, Tool):
        return tool
    value: dict[str, Any] = {"name": tool.name, "input_schema": tool.parameters}
    if tool.description:
        value["description"] = tool.description
    if tool.strict is not None:
        value["strict"] = tool.strict
    return value


def _tool_choice(choice: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(choice, str):
        return choice
    if choice == "required":
        return {"type": "any"}
    return {"type": choice} if choice in {"auto", "none"} else {"type": "tool", "name": choice}


def _output_format(call: CallFacts, wanted: ResponseFormat | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(wanted, ResponseFormat):
        return wanted
    if wanted.schema is None:
        raise refused(call, "claude has no response_format for JSON of any shape: give ResponseFormat a schema")
    return {"type": "json_schema", "schema": wanted.schema}
