"""What TGI serves, as rows, and its tokenizer's answers (Text Generation Inference, OpenAPI description)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ipfs_accel_async.providers._operation import Operation
from ipfs_accel_async.results import TokenCount, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATIONS: Final[Mapping[str, Operation]] = {
    "chat": Operation("POST", "/v1/chat/completions"),
    "complete": Operation("POST", "/generate", note="Streamed: `POST /generate_stream`."),
    "complete_batch": Operation("POST", "/v1/completions", note="Up to `max_client_batch_size` prompts, 4 by default."),
    "tokenize": Operation("POST", "/tokenize"),
    "count_tokens": Operation("POST", "/chat_tokenize"),
    "models": Operation("GET", "/v1/models"),
}
NATIVE: Final[Mapping[str, Operation]] = {
    "generate": Operation("POST", "/generate", idempotent=True, fields=("generated_text",)),
    "generate_stream": Operation("POST", "/generate_stream", idempotent=True, note="Events: a token each."),
    "chat_tokenize": Operation(
        "POST", "/chat_tokenize", idempotent=True, fields=("tokenize_response", "templated_text")
    ),
    "info": Operation("GET", "/info", fields=("model_id",)),
    "models.info": Operation("GET", "/v1/models", fields=("data",)),
    "health": Operation("GET", "/health", answer="none"),
    "metrics": Operation("GET", "/metrics", answer="text", note="In Prometheus' text format."),
}
ROUTED: Final = frozenset({"chat", "models", "models.info"})
"""What Hugging Face's router has of these: it hands on to services of other makes."""


def tokens_of(data: Any, meta: dict[str, Any]) -> Tokens:
    """The tokens of a text.

    Raises:
        KeyError, TypeError: A field is missing or of the wrong type.
    """
    listed = _listed(data)
    return Tokens(
        **meta, ids=tuple(_id(token) for token in listed), texts=tuple(str(t["text"]) for t in listed), raw=data
    )


def count_of(data: Any, meta: dict[str, Any]) -> TokenCount:
    """How many tokens a templated chat has.

    Raises:
        KeyError, TypeError: A field is missing or of the wrong type.
    """
    return TokenCount(**meta, tokens=len(_listed(data["tokenize_response"])), raw=data)


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise TypeError("the body has no list of tokens")
    return value


def _id(token: Mapping[str, Any]) -> int:
    if isinstance(token["id"], bool) or not isinstance(token["id"], int):
        raise TypeError("a token's id is no whole number")
    return token["id"]
