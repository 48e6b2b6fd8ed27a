"""Answers of what vLLM has beyond the OpenAI wire (vLLM documentation: pooling models, tokenizer API).

All functions raise KeyError, TypeError or ValueError where a body is not of the shape that was promised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.payloads import (
    ClassifyRequest,
    DetokenizeRequest,
    RerankRequest,
    SimilarityRequest,
    TokenizeRequest,
)
from ipfs_accel_async.providers._openai_parse import usage_of
from ipfs_accel_async.results import (
    Classification,
    Detokenized,
    Label,
    Ranked,
    Ranking,
    Similarities,
    TokenCount,
    Tokens,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.types import Payload


def further_answer(request: Payload, data: Mapping[str, Any], meta: dict[str, Any]) -> Answer | None:
    """The answer to one of the payloads of this wire; None for other payloads."""
    meta = {**meta, "raw": data, "model": data.get("model") or "", "usage": usage_of(data.get("usage"))}
    match request:
        case RerankRequest():
            return Ranking(**meta, ranked=_ranked(data["results"], request))
        case SimilarityRequest():
            import numpy as np

            with np.errstate(over="ignore"):
                scores = np.array([item["score"] for item in _placed(data, len(request.others))], np.float32)
            if not np.isfinite(scores).all():
                raise ValueError("a score is null or beyond float32")
            return Similarities(**meta, scores=scores)
        case ClassifyRequest():
            return Classification(**meta, labels=tuple((_label(item),) for item in _placed(data, len(request.texts))))
        case TokenizeRequest():
            texts = data.get("token_strs") or ()
            return Tokens(**meta, ids=tuple(map(_whole, _list(data["tokens"]))), texts=tuple(map(str, texts)))
        case DetokenizeRequest():
            if not isinstance(data["prompt"], str):
                raise TypeError("prompt is no string")
            return Detokenized(**meta, text=data["prompt"])
    return None


def count_of(data: Mapping[str, Any], meta: dict[str, Any]) -> TokenCount:
    """How many tokens a templated chat has."""
    return TokenCount(**meta, tokens=_whole(data["count"]), raw=data)


def _ranked(results: Any, request: RerankRequest) -> tuple[Ranked, ...]:
    """Best first; only the best where the server was told so."""
    count = len(request.documents)
    ranked = [Ranked(_whole(item["index"]), float(item["relevance_score"])) for item in _list(results)]
    found = {rank.index for rank in ranked}
    wanted = count if request.top_n is None else min(count, request.top_n)
    if len(found) != len(ranked) or len(ranked) < wanted or not found <= set(range(count)):
        raise ValueError(f"results has other indices than {wanted} of {count} documents")
    ranked.sort(key=lambda rank: -rank.score)
    return tuple(Ranked(rank.index, rank.score, request.documents[rank.index]) for rank in ranked[:wanted])


def _placed(data: Mapping[str, Any], count: int) -> Sequence[Mapping[str, Any]]:
    """The items of `data` by their index."""
    items = {_whole(item["index"]): item for item in _list(data["data"])}
    if len(data["data"]) != count or items.keys() != set(range(count)):
        raise ValueError(f"data has other indices than those of {count} inputs")
    return [items[index] for index in range(count)]


def _label(item: Mapping[str, Any]) -> Label:
    """The likeliest label; of the others the server tells the odds but no names. A class without a name is a number."""
    odds = [float(value) for value in _list(item["probs"])]
    best = max(range(len(odds)), key=odds.__getitem__)
    label = item.get("label")
    return Label(str(best) if label is None else str(label), odds[best])


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise TypeError("a list is missing or empty")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r:.40} is no whole number")
    return value
