"""What callers pass, made into payload values; what cannot be sent is refused here, before anything is."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ipfs_accel_async.conversation import Messages, as_messages
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.types import (
    NOTHING,
    ChatRequest,
    EmbedRequest,
    NativeRequest,
    Priority,
    ResponseFormat,
    Tool,
)

Format: TypeAlias = str | ResponseFormat | Mapping[str, Any] | type | None


def chat_request(
    messages: Messages,
    *,
    tools: Iterable[Tool | Mapping[str, Any]] = (),
    tool_choice: str | Mapping[str, Any] | None = None,
    response_format: Format = None,
    max_tokens: int | None = None,
    temperature: float | None = None,
    stop: str | Iterable[str] | None = None,
    seed: int | None = None,
    params: Mapping[str, Any] = NOTHING,
    stream: bool = False,
) -> ChatRequest:
    """The payload of a chat call.

    Raises:
        InvalidRequestError: A value that no service accepts; the message names it.
    """
    if max_tokens is not None and (not isinstance(max_tokens, int) or max_tokens < 0):
        raise InvalidRequestError(f"max_tokens must be a whole number from 0, not {max_tokens!r}")
    if temperature is not None and not (isinstance(temperature, (int, float)) and 0 <= temperature < math.inf):
        raise InvalidRequestError(f"temperature must be a number from 0, not {temperature!r}")
    return ChatRequest(
        messages=as_messages(messages),
        tools=tuple(_tool(one) for one in tools),
        tool_choice=tool_choice,
        response_format=_format(response_format),
        max_tokens=max_tokens,
        temperature=temperature,
        stop=(stop,) if isinstance(stop, str) else tuple(stop or ()),
        seed=seed,
        params=params,
        stream=stream,
    )


def embed_request(texts: str | Iterable[str], params: Mapping[str, Any]) -> EmbedRequest:
    """The payload of an embedding call.

    Raises:
        InvalidRequestError: There is no text, or one is empty or no string.
    """
    many = (texts,) if isinstance(texts, str) else tuple(texts)
    if not many:
        raise InvalidRequestError("texts is empty: pass a string or a list of strings")
    for index, text in enumerate(many):
        if not isinstance(text, str) or not text:
            fault = "is empty" if isinstance(text, str) else f"is {type(text).__name__}, not a string"
            raise InvalidRequestError(f"texts[{index}] {fault}")
    return EmbedRequest(many, params)


def native_request(method: str, path: str, json: Any, query: Mapping[str, str]) -> NativeRequest:
    """The payload of a call to any path.

    Raises:
        InvalidRequestError: Method or path could not stand in a request line, or would leave the base URL.
    """
    method = method.upper()
    if not method.isascii() or not method.isalpha():
        raise InvalidRequestError(f"method must be a word such as GET, not {method[:20]!r}")
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or set(" ?#\\") & set(path):
        raise InvalidRequestError("path must start with / and be quoted; parameters go into query=")
    if {".", ".."} & set(path.replace("%2e", ".").replace("%2E", ".").split("/")):
        raise InvalidRequestError("path has a dot segment in it")
    return NativeRequest(method, path, json, query)


def as_priority(priority: int | str) -> Priority:
    """A priority by value or name.

    Raises:
        InvalidRequestError: There is no such priority.
    """
    try:
        return Priority[priority.upper()] if isinstance(priority, str) else Priority(priority)
    except (KeyError, ValueError):
        raise InvalidRequestError(f"priority must be HIGH (0), NORMAL (1) or LOW (2), not {priority!r}") from None


def as_timeout(timeout: float) -> float:
    """Seconds that a call may take.

    Raises:
        InvalidRequestError: It is no finite number above 0.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout < math.inf:
        raise InvalidRequestError(f"timeout must be a number of seconds above 0, not {timeout!r}")
    return float(timeout)


def _tool(one: Tool | Mapping[str, Any]) -> Tool | Mapping[str, Any]:
    if not isinstance(one, (Tool, Mapping)):
        raise InvalidRequestError(f"tools holds a {type(one).__name__}: use Tool(name, description, parameters)")
    return one


def _format(value: Format) -> ResponseFormat | Mapping[str, Any] | None:
    if value is None or isinstance(value, ResponseFormat):
        return value
    if value == "json":
        return ResponseFormat()
    if value == "text":
        return None
    if isinstance(value, Mapping):
        native = value.get("type") in {"text", "json_object", "json_schema"} and "properties" not in value
        return value if native else ResponseFormat(value)
    if inspect.isclass(value) and hasattr(value, "model_json_schema"):
        return ResponseFormat(value.model_json_schema(), name=value.__name__)
    raise InvalidRequestError("response_format must be 'json', a JSON schema or a pydantic model class")
