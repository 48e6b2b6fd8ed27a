"""Counting the tokens of a chat before it is sent (OpenAI API reference, responses: input tokens).

The service counts requests of its responses endpoint, so a chat is written in that endpoint's words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._openai_body import chat_body
from ipfs_accel_async.results import TokenCount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import ChatRequest


def count_body(call: CallFacts, request: ChatRequest) -> dict[str, Any]:
    """The body that has a chat counted; `params` override all.

    Raises:
        InvalidRequestError: A part that this wire has no word for.
    """
    chat = chat_body(call, request)
    body: dict[str, Any] = {
        "model": call.target.model,
        "input": [item for message in chat["messages"] for item in _items(message)],
    }
    if "tools" in chat:
        body["tools"] = [_tool(tool) for tool in chat["tools"]]
    if "tool_choice" in chat:
        body["tool_choice"] = _choice(chat["tool_choice"])
    if "response_format" in chat:
        body["text"] = {"format": _format(chat["response_format"])}
    body.update(request.params)
    return body


def count_of(data: Mapping[str, Any], meta: dict[str, Any]) -> TokenCount:
    """The count in an answer.

    Raises:
        KeyError: It is not there, or no number.
    """
    tokens = data.get("input_tokens")
    if isinstance(tokens, bool) or not isinstance(tokens, int):
        raise KeyError("input_tokens")
    return TokenCount(**meta, tokens=tokens, raw=data)


def _items(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    content = message.get("content")
    if message["role"] == "tool":
        output = content if isinstance(content, str) else [_part(part, "input_text") for part in content or ()]
        yield {"type": "function_call_output", "call_id": message.get("tool_call_id") or "", "output": output}
        return
    if content:
        plain = isinstance(content, str)
        said = "output_text" if message["role"] == "assistant" else "input_text"
        yield {"role": message["role"], "content": content if plain else [_part(part, said) for part in content]}
    for asked in message.get("tool_calls") or ():
        yield {"type": "function_call", "call_id": asked["id"], **asked["function"]}


def _part(part: Mapping[str, Any], said: str) -> Mapping[str, Any]:
    """A part of a chat message in the words of a response; one of another kind goes as it is."""
    if part.get("type") == "text":
        return {"type": said, "text": part.get("text")}
    if part.get("type") == "image_url":
        image = part["image_url"]
        return {"type": "input_image", "image_url": image["url"], "detail": image.get("detail") or "auto"}
    return part


def _tool(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    function = tool.get("function")
    return {"type": "function", "strict": None, **function} if isinstance(function, dict) else tool


def _choice(choice: Any) -> Any:
    function = choice.get("function") if isinstance(choice, dict) else None
    return {"type": "function", **function} if isinstance(function, dict) else choice


def _format(wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = wanted.get("json_schema")
    return {"type": "json_schema", **schema} if isinstance(schema, dict) else wanted
