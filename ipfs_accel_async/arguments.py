"""What callers pass, made into payload values; what cannot be sent is refused here, before anything is."""

from __future__ import annotations

import inspect
import math
import re
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

MAX_SECONDS = 1e9


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
    if max_tokens is not None and not (_is_number(max_tokens, int) and max_tokens >= 0):
        raise InvalidRequestError(f"max_tokens must be a whole number from 0, not {max_tokens!r}")
    if temperature is not None and not (_is_number(temperature) and 0 <= temperature < math.inf):
        raise InvalidRequestError(f"temperature must be a number from 0, not {temperature!r}")
    if seed is not None and not _is_number(seed, int):
        raise InvalidRequestError(f"seed must be a whole number, not {seed!r}")
    if "stream" in params:
        raise InvalidRequestError(
            "stream is no argument: use client.stream(...) for a stream, client.chat(...) for none"
        )
    return ChatRequest(
        messages=as_messages(messages),
        tools=_tools(tools),
        tool_choice=tool_choice,
        response_format=_format(response_format),
        max_tokens=max_tokens,
        temperature=temperature,
        stop=_stop(stop),
        seed=seed,
        params=params,
        stream=stream,
    )


def embed_request(texts: str | Iterable[str], params: Mapping[str, Any]) -> EmbedRequest:
    """The payload of an embedding call.

    Raises:
        InvalidRequestError: There is no text, or one is empty or no string.
    """
    if texts.__class__ is str and texts:  # most calls; the checks below cost more than all the rest
        return EmbedRequest((texts,), params)
    if isinstance(texts, Mapping) or not isinstance(texts, Iterable):
        raise InvalidRequestError(f"texts must be a string or a list of strings, not {type(texts).__name__}")
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
    if not isinstance(method, str) or not method.isascii() or not method.isalpha():
        raise InvalidRequestError(f"method must be a word such as GET, not {str(method)[:20]!r}")
    if (
        not isinstance(path, str)
        or not path.startswith("/")
        or not re.fullmatch(r"[!-~]+", path)
        or set("?#\\") & set(path)
    ):
        raise InvalidRequestError("path must start with / and be quoted; parameters go into query=")
    if {".", ".."} & set(re.split(r"/|%2f|\\|%5c", re.sub("%2e", ".", path.lower()))):
        raise InvalidRequestError("path has a dot segment in it: write the path it stands for")
    return NativeRequest(method.upper(), path, json, query)


def as_priority(priority: int | str) -> Priority:
    """A priority by value or name.

    Raises:
        InvalidRequestError: There is no such priority.
    """
    if priority.__class__ is Priority:
        return priority
    try:
        if not isinstance(priority, bool):
            return Priority[priority.upper()] if isinstance(priority, str) else Priority(priority)
    except (KeyError, ValueError):
        pass
    raise InvalidRequestError(f"priority must be HIGH (0), NORMAL (1) or LOW (2), not {priority!r}")


def as_timeout(timeout: float) -> float:
    """Seconds that a call may take.

    Raises:
        InvalidRequestError: It is no number above 0, or more than thirty years.
    """
    if not _is_number(timeout) or not 0 < timeout <= MAX_SECONDS:
        raise InvalidRequestError(f"timeout must be a number of seconds above 0, not {timeout!r}")
    return float(timeout)


def as_grace(grace: float) -> float:
    """Seconds that calls under way have to end when a client is closed.

    Raises:
        InvalidRequestError: It is no number from 0.
    """
    if not _is_number(grace) or not 0 <= grace <= MAX_SECONDS:
        raise InvalidRequestError(f"grace must be a number of seconds from 0, not {grace!r}")
    return float(grace)


def _is_number(value: object, kind: type | tuple[type, ...] = (int, float)) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)  # True is an int, but never meant as one


def _tools(tools: Iterable[Tool | Mapping[str, Any]] | None) -> tuple[Tool | Mapping[str, Any], ...]:
    if tools == ():  # most calls
        return ()
    many = (tools,) if isinstance(tools, (Tool, Mapping)) else () if tools is None else tools
    if not isinstance(many, Iterable):
        raise InvalidRequestError(f"tools must be a list of Tool, not {type(tools).__name__}")
    made = tuple(many)
    for one in made:
        if not isinstance(one, (Tool, Mapping)):
            raise InvalidRequestError(f"tools holds a {type(one).__name__}: use Tool(name, description, parameters)")
    return made


def _stop(stop: str | Iterable[str] | None) -> tuple[str, ...]:
    if stop is None or isinstance(stop, str):
        return (stop,) if stop else ()
    made = tuple(stop) if isinstance(stop, Iterable) else (None,)
    if not all(isinstance(one, str) and one for one in made):
        raise InvalidRequestError("stop must be a string or a list of strings, none of them empty")
    return tuple(one for one in made if one)


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
        name = re.sub(r"[^A-Za-z0-9_-]", "_", value.__name__)[:64]  # a generic class has brackets in its name
        return ResponseFormat(value.model_json_schema(), name=name)
    raise InvalidRequestError("response_format must be 'json', a JSON schema or a pydantic model class")
