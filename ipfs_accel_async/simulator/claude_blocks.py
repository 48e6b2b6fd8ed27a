"""The content blocks of a Claude answer: thinking, text with citations, tool calls, the service's own search.

Source: Claude API reference: extended thinking, citations, web search. Each thinking block is signed by itself; with
several tool calls there is one before each.
"""

import base64
from collections.abc import Callable
from typing import Any

from .answers import Completion, digest, pieces
from .claude_prompt import Asked
from .twin import RejectError


def sign(thoughts: str) -> str:
    """Return the signature of a thinking block."""
    return base64.b64encode(digest("thinking", thoughts)).decode()


def check(block: dict[str, Any], where: str) -> None:
    """Check a thinking block that comes back.

    Raises:
        RejectError: 400, it is not as it was given out.
    """
    if block["type"] == "thinking" and block.get("signature") != sign(str(block.get("thinking"))):
        raise RejectError(400, f"{where}: Invalid `signature` in `thinking` block")
    if block["type"] == "redacted_thinking" and block.get("data") != sign("redacted"):
        raise RejectError(400, f"{where}: Invalid `data` in `redacted_thinking` block")


def content(asked: Asked, answer: Completion, ident: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return the blocks of an answer, in their order; `ident` makes ids of a prefix."""
    blocks: list[dict[str, Any]] = []
    thoughts = _parts(answer.thoughts, max(1, len(answer.calls)))
    if not answer.calls:
        blocks += map(_thinking, thoughts)
    if asked.redacted and thoughts:
        blocks.append({"type": "redacted_thinking", "data": sign("redacted")})
    found = _search(asked, ident) if asked.searches and not asked.searched and answer.text else []
    blocks += found
    if answer.text and not (found and asked.pauses):
        blocks.append({"type": "text", "text": answer.text, "citations": _citations(asked, found) or None})
    for place, (name, arguments) in enumerate(answer.calls):
        blocks += map(_thinking, thoughts[place : place + 1])
        blocks.append({"type": "tool_use", "id": ident(f"toolu_{place}"), "name": name, "input": arguments})
    return blocks


def _thinking(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": sign(text)}


def _parts(text: str, number: int) -> list[str]:
    words = pieces(text)
    size = -(-len(words) // number)
    return ["".join(words[at : at + size]) for at in range(0, len(words), size)] if words else []


def _search(asked: Asked, ident: Callable[[str], str]) -> list[dict[str, Any]]:
    key = ident("srvtoolu_")
    found = {
        "type": "web_search_result",
        "title": "Synthetic page",
        "url": "https://example.com/synthetic",
        "encrypted_content": sign("page"),
        "page_age": None,
    }
    query = {"query": asked.text.splitlines()[-1][:60] if asked.text else ""}
    return [
        {"type": "server_tool_use", "id": key, "name": "web_search", "input": query},
        {"type": "web_search_tool_result", "tool_use_id": key, "content": [found]},
    ]


def _citations(asked: Asked, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cited = [
        {
            "type": "char_location",
            "cited_text": text[:40],
            "document_index": place,
            "document_title": title,
            "start_char_index": 0,
            "end_char_index": len(text[:40]),
            "file_id": None,
        }
        for place, (title, text) in enumerate(asked.cited)
    ]
    if found:
        page = found[1]["content"][0]
        cited.append(
            {
                "type": "web_search_result_location",
                "cited_text": "Synthetic text of the page.",
                "encrypted_index": page["encrypted_content"],
                "title": page["title"],
                "url": page["url"],
            }
        )
    return cited
