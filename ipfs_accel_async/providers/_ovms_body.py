"""Reranking and tokenizing of OVMS's generative API (OVMS documentation, REST API: rerank, tokenizer)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.results import Ranked, Ranking, Tokens

if TYPE_CHECKING:
    from ipfs_accel_async.payloads import RerankRequest, TokenizeRequest
    from ipfs_accel_async.providers._codec import CallFacts


def rerank_body(call: CallFacts, request: RerankRequest) -> dict[str, Any]:
    """The body of a reranking; `params` override all."""
    body: dict[str, Any] = {
        "model": call.target.model,
        "query": request.query,
        "documents": list(request.documents),
    }
    if request.top_n is not None:
        body["top_n"] = request.top_n
    return {**body, **request.params}


def ranking_of(data: Any, meta: dict[str, Any], request: RerankRequest) -> Ranking:
    """The documents, best first.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type, or an index is none of a document.
    """
    results = data["results"]
    if not isinstance(results, list):
        raise TypeError("results is no list")
    count = len(request.documents)
    ranked = []
    for place, item in enumerate(results):
        index = item["index"]
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < count:
            raise ValueError(f"results[{place}].index is {index!r}, and {count} documents were sent")
        ranked.append(Ranked(index, float(item["relevance_score"]), request.documents[index]))
    if len({one.index for one in ranked}) != len(ranked):
        raise ValueError("results has a document twice")
    if len(ranked) != min(count, request.top_n or count) and not request.params:
        raise ValueError(f"results has {len(ranked)} items for {count} documents")
    ranked.sort(key=lambda one: -one.score)
    return Ranking(**meta, ranked=tuple(ranked), raw=data)


def tokenize_body(call: CallFacts, request: TokenizeRequest) -> dict[str, Any]:
    """The body of a tokenization; `params` (``max_length``, ``pad_to_max_length``, ...) override all."""
    return {"model": call.target.model, "text": request.text, **request.params}


def tokens_of(data: Any, meta: dict[str, Any]) -> Tokens:
    """The ids of one text.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type.
    """
    tokens = data["tokens"]
    if not isinstance(tokens, list) or any(isinstance(one, bool) or not isinstance(one, int) for one in tokens):
        raise TypeError("tokens is no list of whole numbers")
    return Tokens(**meta, ids=tuple(tokens), raw=data)
