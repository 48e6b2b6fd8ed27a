"""Reading Claude's messages requests, with the checks of both API versions.

Source: Claude API reference: messages, errors, and the migration to version 2026-10-21.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from .answers import MISSING_MODEL, Question, count, thinking_budget
from .twin import RejectError

OLD, NEW = "2023-06-01", "2026-10-21"
CONTEXT = 200_000
_BLOCKS = {
    "text", "image", "document", "search_result", "thinking", "redacted_thinking", "tool_use", "tool_result",
}  # fmt: skip


@dataclass(slots=True)
class Prefix:
    """The part of the prompt up to its last cache_control mark."""

    text: str = ""
    tokens: int = 0


def read(body: dict[str, Any], version: str, *, counting: bool = False) -> tuple[Question, Prefix]:
    """Read a request.

    Args:
        body: The request.
        version: Its anthropic-version header.
        counting: It asks for the count of its tokens, so it needs no max_tokens.

    Raises:
        RejectError: 400 or 404, as the service words it.
    """
    if version not in (OLD, NEW):
        raise RejectError(400, "anthropic-version: header is required and must name a known version")
    if version == NEW:
        for name in ("temperature", "top_p", "top_k"):
            if name in body:
                raise RejectError(400, f"{name}: Extra inputs are not permitted")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise RejectError(400, "model: Field required")
    if model == MISSING_MODEL:
        raise RejectError(404, f"model: {model}")
    question = Question(model, "", may_refuse=True)
    _read_limits(question, body, counting=counting)
    reader = _Reader(question, version)
    reader.tools(body)
    reader.system(body.get("system"))
    reader.messages(body.get("messages"))
    if body.get("cache_control"):
        reader.mark()
    question.text = "\n".join(reader.texts)
    _read_format(question, body)
    if question.tokens > CONTEXT:
        raise RejectError(400, f"prompt is too long: {question.tokens} tokens > {CONTEXT} maximum")
    return question, reader.prefix


def _read_limits(question: Question, body: dict[str, Any], *, counting: bool) -> None:
    limit = body.get("max_tokens")
    if not counting and (not isinstance(limit, int) or limit < 0):
        raise RejectError(400, "max_tokens: Field required" if limit is None else "max_tokens: Input should be valid")
    question.max_tokens = limit
    question.stop = list(body.get("stop_sequences") or ())
    match body.get("thinking"):
        case None | {"type": "disabled"}:
            pass
        case {"type": "enabled", "budget_tokens": int(budget)}:
            if budget < 1024 or (limit is not None and budget >= limit):
                raise RejectError(400, "thinking.budget_tokens: must be at least 1024 and less than max_tokens")
            question.thinking = thinking_budget("medium")
        case {"type": "adaptive" | "between_tools"}:
            question.thinking = thinking_budget((body.get("output_config") or {}).get("effort") or "medium")
        case _:
            raise RejectError(400, "thinking: Input should be enabled with budget_tokens, adaptive or disabled")


def _read_format(question: Question, body: dict[str, Any]) -> None:
    match (body.get("output_config") or {}).get("format"):
        case None:
            pass
        case {"type": "json_schema", "schema": dict(schema)}:
            question.schema = schema
        case _:
            raise RejectError(400, "output_config.format: Input should be of type json_schema with a schema")


class _Reader:
    """Walks the prompt in the order in which it is cached: tools, system, messages."""

    def __init__(self, question: Question, version: str) -> None:
        self.question, self.version = question, version
        self.texts: list[str] = []
        self.prefix = Prefix()

    def mark(self) -> None:
        text = "\n".join(self.texts)
        self.prefix = Prefix(text, count(text))

    def tools(self, body: dict[str, Any]) -> None:
        question, tools = self.question, body.get("tools") or ()
        for i, tool in enumerate(tools):
            if not isinstance(tool, dict) or not tool.get("name"):
                raise RejectError(400, f"tools.{i}.name: Field required")
            if tool.get("type", "custom") == "custom":
                if not isinstance(tool.get("input_schema"), dict):
                    raise RejectError(400, f"tools.{i}.input_schema: Field required")
                question.tools.append((tool["name"], tool["input_schema"]))
            self.texts.append(orjson.dumps(tool).decode())
            if tool.get("cache_control"):
                self.mark()
        choice = body.get("tool_choice") or {"type": "auto"}
        match choice:
            case {"type": "auto" | "none" as word}:
                question.choice = word
            case {"type": "any"}:
                question.choice = "required"
            case {"type": "tool", "name": str(name)} if name in dict(question.tools):
                question.choice = f"={name}"
            case _:
                raise RejectError(400, "tool_choice: Input should be auto, any, none or a tool in tools")
        question.parallel = not choice.get("disable_parallel_tool_use")

    def system(self, system: Any) -> None:
        if isinstance(system, str):
            self.texts.append(system)
        for i, block in enumerate(system if isinstance(system, list) else ()):
            if not isinstance(block, dict) or block.get("type") != "text":
                raise RejectError(400, f"system.{i}.type: Input should be 'text'")
            self.block(block, f"system.{i}")

    def messages(self, messages: Any) -> None:
        if not isinstance(messages, list):
            raise RejectError(400, "messages: Field required")
        if not messages:
            raise RejectError(400, "messages: at least one message is required")
        open_calls: set[str] = set()
        for i, message in enumerate(messages):
            role = message.get("role") if isinstance(message, dict) else None
            if role not in ("user", "assistant"):
                raise RejectError(400, f"messages.{i}.role: Input should be 'user' or 'assistant'")
            if i == 0 and role != "user":
                raise RejectError(400, 'messages: first message must use the "user" role')
            blocks = _blocks(message.get("content"), i, last=i == len(messages) - 1 and role == "assistant")
            results = {block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"}
            if results - open_calls:
                raise RejectError(400, f"messages.{i}: unexpected tool_use_id in tool_result blocks")
            if open_calls - results:
                raise RejectError(400, f"messages.{i}: tool_use ids were found without tool_result blocks after them")
            for at, block in enumerate(blocks):
                if role == "assistant" and block.get("type") == "document" and self.version == NEW:
                    raise RejectError(400, f"messages.{i}.content.{at}: document blocks are for user messages")
                self.block(block, f"messages.{i}.content.{at}")
            open_calls = {block["id"] for block in blocks if block.get("type") == "tool_use"}
            self.question.after_tool = bool(results)

    def block(self, block: dict[str, Any], where: str) -> None:
        kind = block.get("type")
        if kind not in _BLOCKS:
            raise RejectError(400, f"{where}.type: Input should be one of {', '.join(sorted(_BLOCKS))}")
        if kind == "text":
            if not block.get("text"):
                raise RejectError(400, f"{where}.text: text content blocks must be non-empty")
            self.texts.append(block["text"])
        elif kind == "image":
            if not isinstance(block.get("source"), dict) or block["source"].get("type") not in (
                "base64",
                "url",
                "file",
            ):
                raise RejectError(400, f"{where}.source: Input should be base64, url or file")
            self.question.images += 1
        elif kind == "tool_use":
            if not block.get("id") or not block.get("name") or not isinstance(block.get("input"), dict):
                raise RejectError(400, f"{where}: tool_use needs id, name and an input object")
            self.texts.append(orjson.dumps(block["input"]).decode())
        elif kind == "tool_result":
            content = block.get("content")
            if isinstance(content, str):
                self.texts.append(content)
            for at, inner in enumerate(content if isinstance(content, list) else ()):
                self.block(inner, f"{where}.content.{at}")
        if block.get("cache_control"):
            self.mark()


def _blocks(content: Any, i: int, *, last: bool) -> list[dict[str, Any]]:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise RejectError(400, f"messages.{i}.content: Input should be a string or a list of blocks")
    if not content and not last:
        raise RejectError(400, f"messages.{i}: all messages must have non-empty content")
    return content
