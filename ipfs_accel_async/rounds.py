"""The loop of function calling: ask, run what the model calls, tell it what came out, ask again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.conversation import as_messages, tool
from ipfs_accel_async.errors import InvalidRequestError, ResponseValidationError, RoundsExceededError
from ipfs_accel_async.functions import functions_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from ipfs_accel_async.answers import Reply
    from ipfs_accel_async.conversation import Messages
    from ipfs_accel_async.functions import Function
    from ipfs_accel_async.types import Message, ToolCall


@dataclass(frozen=True, slots=True)
class Conversation:
    """How a conversation with functions went.

    Args:
        reply: The model's last answer, which calls nothing more.
        messages: The whole conversation, that answer included: pass it on to continue.
        rounds: How many times the model was asked.
        input_tokens: Of all rounds.
        output_tokens: Of all rounds.
    """

    reply: Reply
    messages: tuple[Message, ...]
    rounds: int
    input_tokens: int
    output_tokens: int

    @property
    def text(self) -> str:
        """The last answer's text."""
        return self.reply.text


async def converse(
    chat: Callable[..., Awaitable[Reply]],
    model: str,
    messages: Messages,
    functions: Iterable[Callable[..., Any] | Function],
    *,
    max_rounds: int,
    tell_errors: bool,
    arguments: dict[str, Any],
) -> Conversation:
    """Ask `model` until it calls no function any more; calls of one round run at the same time.

    Raises:
        RoundsExceededError: It still calls functions after `max_rounds`; `messages` has the conversation so far.
        ResponseValidationError: It called a function that is not there, or with arguments that do not fit.
        ConfigError: A function cannot be described to a model.
    """
    if isinstance(max_rounds, bool) or not isinstance(max_rounds, int) or max_rounds < 1:
        raise InvalidRequestError(f"max_rounds must be a whole number from 1, not {max_rounds!r}")
    known = functions_of(functions)
    tools = [one.tool for one in known.values()]
    turns = list(as_messages(messages))
    spent = [0, 0]
    for asked in range(1, max_rounds + 1):
        reply = await chat(model, turns, tools=tools, **arguments)
        turns.append(reply.message)
        spent[0] += reply.usage.input_tokens
        spent[1] += reply.usage.output_tokens
        if not reply.tool_calls:
            return Conversation(reply, tuple(turns), asked, *spent)
        turns += await _answers(known, reply, tell_errors)
        if isinstance(arguments.get("tool_choice"), str) and arguments["tool_choice"] not in {"auto", "none"}:
            arguments = {**arguments, "tool_choice": "auto"}  # a call that is forced each time would never end
    message = f"the model still calls functions after {max_rounds} rounds: raise max_rounds, or go on from .messages"
    error = RoundsExceededError(message, target=reply.target, request_id=reply.request_id)
    error.messages = tuple(turns)
    raise error


async def _answers(known: dict[str, Function], reply: Reply, tell_errors: bool) -> list[Message]:
    """Run the calls of one round, all at once; the first that fails ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_answer(known, call, reply, tell_errors)) for call in reply.tool_calls]
    except ExceptionGroup as failed:
        first = failed.exceptions[0]
    else:
        return [task.result() for task in running]
    raise first  # the group is ours: a caller's function raised one error, and that is what the caller gets


async def _answer(known: dict[str, Function], call: ToolCall, reply: Reply, tell_errors: bool) -> Message:
    try:
        found = known.get(call.name)
        if found is None:
            raise ResponseValidationError(
                f"the model called {call.name!r}, which is not there (there are: {', '.join(known)})",
                target=reply.target,
                request_id=reply.request_id,
            )
        made = await found(call.arguments)
    except Exception as error:
        if not tell_errors:
            raise
        return tool(call, f"error: {error}")
    return tool(call, made if isinstance(made, str) else _written(made))


def _written(value: Any) -> str:
    from pydantic_core import to_jsonable_python

    try:
        return json.dumps(to_jsonable_python(value), ensure_ascii=False)
    except Exception as error:
        message = (
            f"a function returned a {type(value).__name__}, which JSON cannot carry: return text, numbers or lists"
        )
        raise InvalidRequestError(message) from error
