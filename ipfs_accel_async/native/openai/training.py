"""Files to fine-tune on: written and checked here, where a mistake costs nothing (OpenAI API reference, fine-tuning).

One example a line. ``supervised``: ``{"messages": [...]}`` as of a chat, ended by the assistant's answer. ``dpo``:
``{"input": {"messages": [...]}, "preferred_output": [...], "non_preferred_output": [...]}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ipfs_accel_async.call import Call
from ipfs_accel_async.conversation import as_messages
from ipfs_accel_async.errors import InvalidRequestError
from ipfs_accel_async.providers._json import dumps, loads_or_none
from ipfs_accel_async.providers._openai_body import chat_body
from ipfs_accel_async.types import ChatRequest, Message, NativeRequest, Target, Tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    Conversation: TypeAlias = Iterable[Message | Mapping[str, Any]]

Method = Literal["supervised", "dpo"]
LEAST = 10
"""Examples that the service wants at least."""
MOST_FAULTS = 5
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_CALL = Call("chat", Target("openai", ""), NativeRequest())


def jsonl_from_messages(
    conversations: Iterable[Conversation], *, tools: Iterable[Tool | Mapping[str, Any]] = ()
) -> bytes:
    """A training file of whole conversations, each ended by the answer that is to be learnt.

    Args:
        conversations: Of :class:`Message` values or mappings; ``weight`` of a mapping is kept.
        tools: Those that the conversations use.

    Raises:
        InvalidRequestError: Something in them is no message; it is named by its place.
    """
    lines = []
    defined = tuple(tools)
    for index, conversation in enumerate(conversations):
        if isinstance(conversation, (str, Mapping, Message)):
            raise InvalidRequestError(f"conversations[{index}] must be a list of messages")
        given = list(conversation)
        try:
            body = chat_body(_CALL, ChatRequest(as_messages(given), defined))
        except InvalidRequestError as error:
            raise InvalidRequestError(f"conversations[{index}]: {error.message}") from error
        example = {name: value for name, value in body.items() if name != "model"}
        for message, one in zip(example["messages"], given, strict=True):
            if isinstance(one, Mapping) and "weight" in one:
                message["weight"] = one["weight"]
        lines.append(dumps(example) + b"\n")
    return b"".join(lines)


def check_training_file(data: bytes, *, method: Method = "supervised", least: int = LEAST) -> int:
    """Check a training file as the service would; returns how many examples it has.

    Args:
        data: The file.
        method: What it is for.
        least: How many examples there must be.

    Raises:
        InvalidRequestError: It cannot be trained on; the message names the first faulty lines and what they lack.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"the training file is no UTF-8: byte {error.start}") from error
    faults: list[str] = []
    count = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            count += 1
            faults += [f"line {number}: {fault}" for fault in _faults(loads_or_none(line), method)]
    if not faults and count < least:
        faults.append(f"{count} examples, where the service wants at least {least}")
    if faults:
        more = f" (and {len(faults) - MOST_FAULTS} more)" if len(faults) > MOST_FAULTS else ""
        raise InvalidRequestError(f"the training file cannot be used: {'; '.join(faults[:MOST_FAULTS])}{more}")
    return count


def _faults(example: Any, method: Method) -> Iterator[str]:
    if not isinstance(example, dict):
        yield "it is no JSON object"
    elif method == "supervised":
        yield from _conversation(example.get("messages"), "messages", answered=True)
    else:
        given = example.get("input")
        messages = given.get("messages") if isinstance(given, dict) else None
        yield from _conversation(messages, "input.messages", answered=False)
        yield from _conversation(example.get("preferred_output"), "preferred_output", answered=True)
        yield from _conversation(example.get("non_preferred_output"), "non_preferred_output", answered=True)


def _conversation(messages: Any, where: str, *, answered: bool) -> Iterator[str]:
    if not isinstance(messages, list) or not messages:
        yield f"{where} must be a list of messages"
        return
    for index, message in enumerate(messages):
        fault = _fault(message)
        if fault:
            yield f"{where}[{index}]{fault}"
    last = messages[-1]
    if answered and isinstance(last, dict) and last.get("role") != "assistant":
        yield f"{where} must end with the assistant's answer"


def _fault(message: Any) -> str:
    if not isinstance(message, dict):
        return " is no object"
    role, content = message.get("role"), message.get("content")
    if role not in _ROLES:
        return f".role is {role!r}; roles are {', '.join(sorted(_ROLES))}"
    calls = message.get("tool_calls") or message.get("function_call")
    if content is None and not (role == "assistant" and calls):
        return ".content is missing"
    if content is not None and not isinstance(content, (str, list)):
        return f".content must be text or a list of parts, not {type(content).__name__}"
    if role == "tool" and not message.get("tool_call_id"):
        return ".tool_call_id is missing"
    if message.get("weight") not in (None, 0, 1):
        return f".weight must be 0 or 1, not {message['weight']!r}"
    return ""
