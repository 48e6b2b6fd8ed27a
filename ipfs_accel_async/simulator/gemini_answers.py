"""Answers of the Gemini twin: replies whole and in pieces, models, vectors, pages.

Source: Gemini API reference: GenerateContentResponse, Model, ContentEmbedding; Vertex AI reference: PublisherModel.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from .answers import Completion, digest, pieces
from .gemini_requests import CONTEXT
from .twin import Ask, RejectError, Whole, dumps

MODELS = {
    "gemini-2.5-flash": "Gemini 2.5 Flash",
    "gemini-2.5-pro": "Gemini 2.5 Pro",
    "gemini-embedding-001": "Gemini Embedding 001",
}


def chunks(reply: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The pieces of a reply, the last of which has the finish reason and a signature of the text."""
    if "candidates" not in reply:
        yield reply
        return
    (candidate,) = reply["candidates"]
    usage = {name: count for name, count in reply["usageMetadata"].items() if name.startswith(("prompt", "cached"))}
    usage["totalTokenCount"] = usage["promptTokenCount"]
    last: dict[str, Any] = {"text": ""}
    for part in candidate["content"]["parts"]:
        whole = "text" not in part
        if not whole and "thoughtSignature" in part:
            last["thoughtSignature"] = part["thoughtSignature"]
        for piece in [part] if whole else [_piece(part, text) for text in pieces(part["text"])]:
            content = {"parts": [piece], "role": "model"}
            yield reply | {"candidates": [{"content": content, "index": 0}], "usageMetadata": usage}
    yield reply | {"candidates": [candidate | {"content": {"parts": [last], "role": "model"}}]}


def _piece(part: dict[str, Any], text: str) -> dict[str, Any]:
    return {"text": text, "thought": True} if part.get("thought") else {"text": text}


def written(answer: Completion, ids: Sequence[str], *, shown: bool) -> list[dict[str, Any]]:
    """The parts of an answer: thoughts only when asked for; the first call or else the text bears their signature.

    Args:
        answer: What is said.
        ids: One for each call.
        shown: Whether thoughts are.
    """
    parts: list[dict[str, Any]] = []
    if answer.thoughts and shown:
        parts.append({"text": answer.thoughts, "thought": True})
    signed: dict[str, Any] = {}
    if answer.text or not answer.calls:
        signed = {"text": answer.text}
        parts.append(signed)
    for key, (name, arguments) in zip(ids, answer.calls, strict=True):
        parts.append({"functionCall": {"id": key, "name": name, "args": arguments}})
    if answer.thoughts:
        signed = parts[-len(answer.calls)] if answer.calls else signed
        signed["thoughtSignature"] = base64.b64encode(digest(answer.thoughts)).decode()
    return parts


def text_tokens(tokens: int) -> list[dict[str, Any]]:
    """How many tokens of which kind."""
    return [{"modality": "TEXT", "tokenCount": tokens}]


def card(model: str) -> dict[str, Any]:
    """Describe a model."""
    embeds = "embed" in model
    methods = ["embedContent"] if embeds else ["generateContent", "countTokens", "createCachedContent"]
    return {
        "name": f"models/{model}",
        "version": "001",
        "displayName": MODELS.get(model, model),
        "description": "Simulated.",
        "inputTokenLimit": 2048 if embeds else CONTEXT,
        "outputTokenLimit": 1 if embeds else 65_536,
        "supportedGenerationMethods": methods,
    }


def publisher_card(model: str) -> dict[str, Any]:
    """Describe a model as Vertex AI does."""
    return {"name": f"publishers/google/models/{model}", "versionId": "001", "launchStage": "GA"}


def page(ask: Ask, name: str, items: Sequence[Any]) -> Whole:
    """One page of a list; the token of the next page is the place it begins at.

    Raises:
        RejectError: 400, the size or the token is none.
    """
    try:
        size, start = int(ask.query.get("pageSize") or 50), int(ask.query.get("pageToken") or 0)
    except ValueError:
        raise RejectError(400, "page_size or page_token is not valid.") from None
    if size < 0 or start < 0:
        raise RejectError(400, "page_size must not be negative.")
    end = start + (min(size, 1000) or 50)
    found: dict[str, Any] = {name: list(items[start:end])} if items else {}  # an empty list has no field
    return Whole(dumps(found | ({"nextPageToken": str(end)} if end < len(items) else {})))
