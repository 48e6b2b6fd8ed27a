"""Walking through a Claude prompt: tools, system, messages and their blocks.

Source: Claude API reference: messages, documents, prompt caching, extended thinking.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from .answers import Question, count
from .twin import RejectError

OLD, NEW = "2023-06-01", "2026-10-21"
_BLOCKS = {
    "text", "image", "document", "search_result", "thinking", "redacted_thinking", "tool_use", "tool_result",
    "server_tool_use", "web_search_tool_result",
}  # fmt: skip
REDACTING = "simulate-redacted-thinking"
PAUSING = "simulate-pause"


@dataclass(slots=True)
class Asked(Question):
    """What only Claude's requests have: documents to cite (title, text), its own search, hidden thinking, a pause."""

    cited: list[tuple[str | None, str]] = field(default_factory=list)
    searches: bool = False
    searched: bool = False

    @property
    def redacted(self) -> bool:
        """Whether some of the thinking is to be hidden: the prompt has `REDACTING` in it."""
        return REDACTING in self.text

    @property
    def pauses(self) -> bool:
        """Whether the turn stops after the search, to be gone on with: the prompt has `PAUSING` in it."""
        return PAUSING in self.text and not self.searched


@dataclass(slots=True)
class Prefix:
    """The part of the prompt up to its last cache_control mark."""

    text: str = ""
    tokens: int = 0


class Reader:
    """Walks the prompt in the order in which it is cached: tools, system, messages."""

    def __init__(
        self,
        question: Asked,
        version: str,
        file: Callable[[str], tuple[str, str]],
        check: Callable[[dict[str, Any], str], None],
    ) -> None:
        self.question, self.version, self.file, self.check = question, version, file, check
        self.texts: list[str] = []
        self.prefix = Prefix()

    def mark(self) -> None:
        """Note that the prompt is cached up to here."""
        text = "\n".join(self.texts)
        self.prefix = Prefix(text, count(text))

    def tools(self, body: dict[str, Any]) -> None:
        """Read the tools and the choice among them."""
        question, tools = self.question, body.get("tools") or ()
        for i, tool in enumerate(tools):
            if not isinstance(tool, dict) or not tool.get("name"):
                raise RejectError(400, f"tools.{i}.name: Field required")
            if tool.get("type", "custom") == "custom":
                if not isinstance(tool.get("input_schema"), dict):
                    raise RejectError(400, f"tools.{i}.input_schema: Field required")
                question.tools.append((tool["name"], tool["input_schema"]))
            question.searches |= str(tool.get("type")).startswith("web_search")
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
        """Read the system prompt."""
        if isinstance(system, str):
            self.texts.append(system)
        for i, block in enumerate(system if isinstance(system, list) else ()):
            if not isinstance(block, dict) or block.get("type") != "text":
                raise RejectError(400, f"system.{i}.type: Input should be 'text'")
            self.block(block, f"system.{i}")

    def messages(self, messages: Any) -> None:
        """Read the conversation."""
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
        """Read one block of a message, of the system prompt or of a tool result."""
        kind = block.get("type")
        if kind not in _BLOCKS:
            raise RejectError(400, f"{where}.type: Input should be one of {', '.join(sorted(_BLOCKS))}")
        if kind == "text":
            if not block.get("text"):
                raise RejectError(400, f"{where}.text: text content blocks must be non-empty")
            self.texts.append(block["text"])
        elif kind in ("image", "document"):
            self.seen(block, where)
        elif kind in ("thinking", "redacted_thinking"):
            self.check(block, where)
        else:
            self.tool(block, where)
        if block.get("cache_control"):
            self.mark()

    def tool(self, block: dict[str, Any], where: str) -> None:
        """Read what a tool was asked, or gave."""
        kind = block["type"]
        self.question.searched |= kind == "server_tool_use"
        if kind == "tool_use":
            if not block.get("id") or not block.get("name") or not isinstance(block.get("input"), dict):
                raise RejectError(400, f"{where}: tool_use needs id, name and an input object")
            self.texts.append(orjson.dumps(block["input"]).decode())
        elif kind == "tool_result":
            content = block.get("content")
            if isinstance(content, str):
                self.texts.append(content)
            for at, inner in enumerate(content if isinstance(content, list) else ()):
                self.block(inner, f"{where}.content.{at}")

    def seen(self, block: dict[str, Any], where: str) -> None:
        """Read an image or a document."""
        if block["type"] == "document":
            self.document(block, where)
            return
        if _source(block, where, "base64", "url", "file")["type"] == "file":
            self.file(str(block["source"].get("file_id")))
        self.question.images += 1

    def document(self, block: dict[str, Any], where: str) -> None:
        """Read a document; one whose text is not here costs as much as an image."""
        source = _source(block, where, "base64", "text", "url", "file", "content")
        title, text = block.get("title"), ""
        if source["type"] == "file":
            title, text = self.file(str(source.get("file_id")))
        elif source["type"] == "text":
            if source.get("media_type") != "text/plain" or not source.get("data"):
                raise RejectError(400, f"{where}.source: text needs data and the media_type text/plain")
            text = source["data"]
        elif source["type"] == "base64" and source.get("media_type") != "application/pdf":
            raise RejectError(400, f"{where}.source.media_type: Input should be 'application/pdf'")
        elif source["type"] == "content" and isinstance(source.get("content"), str):
            text = source["content"]
        if text:
            self.texts.append(text)
        else:
            self.question.images += 1
        if (block.get("citations") or {}).get("enabled"):
            self.question.cited.append((title, text or "Synthetic page of a document."))


def _source(block: dict[str, Any], where: str, *kinds: str) -> dict[str, Any]:
    source = block.get("source")
    if not isinstance(source, dict) or source.get("type") not in kinds:
        raise RejectError(400, f"{where}.source: Input should be {', '.join(kinds)}")
    return source


def _blocks(content: Any, i: int, *, last: bool) -> list[dict[str, Any]]:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise RejectError(400, f"messages.{i}.content: Input should be a string or a list of blocks")
    if not content and not last:
        raise RejectError(400, f"messages.{i}: all messages must have non-empty content")
    return content
