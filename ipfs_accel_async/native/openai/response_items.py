"""What a response is made from: conversations, tools and formats as the Responses API writes them.

Source: OpenAI API reference, responses, create: its ``input``, ``tools`` and ``text.format``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.arguments import chat_request
from ipfs_accel_async.call import Call
from ipfs_accel_async.conversation import as_messages
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.providers._openai_count import count_body
from ipfs_accel_async.types import ChatRequest, Message, NativeRequest, Target, Tool

if TYPE_CHECKING:
    from typing import TypeAlias

    from ipfs_accel_async.arguments import Format

    Input: TypeAlias = str | Message | Iterable[Message | Mapping[str, Any]]
    Tools: TypeAlias = Iterable[Tool | Mapping[str, Any]]

_CALL = Call("count_tokens", Target("openai", ""), NativeRequest())


def body(
    model: str,
    given: Input | None,
    *,
    tools: Tools | None = None,
    response_format: Format = None,
    **params: Any,
) -> dict[str, Any]:
    """The body of a response or of a count of its tokens: only what is set.

    Raises:
        InvalidRequestError: Something in the input is neither a message nor an item.
    """
    made: dict[str, Any] = {"model": model or None, "input": None if given is None else items(given)}
    if tools is not None:
        made["tools"] = [_tool(tool) if isinstance(tool, Tool) else tool for tool in tools]
    made |= params
    written = None if response_format is None else _written(chat_request("-", response_format=response_format))
    if written is not None and "text" in written:
        made["text"] = {**(params.get("text") or {}), **written["text"]}
    return {name: value for name, value in made.items() if value is not None}


def items(given: Input) -> str | list[Any]:
    """A response's input: a text as it is; messages as items; mappings, which are items already, untouched.

    Raises:
        InvalidRequestError: Something is neither, or there is nothing.
    """
    if isinstance(given, str) and given:
        return given
    if isinstance(given, Message):
        given = (given,)
    made: list[Any] = []
    for one in given:
        if isinstance(one, Mapping):
            made.append(one)
        elif isinstance(one, Message):
            made += _written(ChatRequest(as_messages(one)))["input"]
        else:
            raise InvalidRequestError(f"input holds messages and items, not {type(one).__name__}")
    if not made:
        raise InvalidRequestError("input is empty")
    return made


def _tool(tool: Tool) -> dict[str, Any]:
    # without `strict` this API enforces schemas and chat does not: one Tool means the same in both
    return {**_written(ChatRequest((), (tool,)))["tools"][0], "strict": bool(tool.strict)}


def _written(request: ChatRequest) -> dict[str, Any]:
    return count_body(_CALL, request)
