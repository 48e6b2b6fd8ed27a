"""Ranks, scores, labels and pooled numbers, as vLLM serves them.

Source: vLLM documentation, pooling models. A real server has one model and serves only what that one is made for;
here one address answers all, as several servers would.
"""

import math
from collections.abc import Callable
from typing import Any

from .answers import count, digest, pieces
from .openai_dialect import OpenAIDialect
from .openai_requests import inputs_of, model_of
from .twin import Answer, Ask, RejectError, Whole, dumps, fields
from .vectors import encoded, vector

_LABELS = ("negative", "neutral", "positive")
_PAIRS = (("queries", "documents"), ("queries", "items"), ("data_1", "data_2"), ("text_1", "text_2"))


class VLLMPooling(OpenAIDialect):
    """Mixed into the twin."""

    def pooling_routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """Return the routes of this module."""
        ranks = {("POST", f"{base}/rerank"): self.rerank for base in ("", "/v1", "/v2")}
        scores = {("POST", f"{base}/score"): self.scores for base in ("", "/v1")}
        return {**ranks, **scores, ("POST", "/classify"): self.classify, ("POST", "/pooling"): self.pooling}

    def rerank(self, ask: Ask) -> Answer:
        """POST rerank: best first; top_n of 0 is all."""
        body = fields(ask, "Invalid JSON body")
        query, documents, top = body.get("query"), _texts(body, "documents"), body.get("top_n") or 0
        if not isinstance(query, str):
            raise RejectError(400, "query: Field required", param="query")
        if not isinstance(top, int) or top < 0:
            raise RejectError(400, "top_n: Input should be greater than or equal to 0", param="top_n")
        results = [
            {"index": index, "document": {"text": text}, "relevance_score": self._score(query, text)}
            for index, text in enumerate(documents)
        ]
        results.sort(key=lambda result: -float(str(result["relevance_score"])))
        usage = _usage([query + text for text in documents])
        reply = {"id": self.ident("rerank-", ask), "model": model_of(body), "results": results[: top or None]}
        return Whole(dumps(reply | {"usage": usage}), tokens=usage["total_tokens"])

    def scores(self, ask: Ask) -> Answer:
        """POST score: one against many, or pair by pair."""
        body = fields(ask, "Invalid JSON body")
        names = next((pair for pair in _PAIRS if all(name in body for name in pair)), None)
        if names is None:
            raise RejectError(400, "queries: Field required", param="queries")
        ours, theirs = (_texts(body, name) for name in names)
        if len(ours) == 1:
            ours = ours * len(theirs)
        if len(ours) != len(theirs):
            raise RejectError(400, "Input lengths must be either 1:1, 1:N or N:N")
        pairs = list(zip(ours, theirs, strict=True))
        data = [
            {"index": i, "object": "score", "score": self._score(query, text)} for i, (query, text) in enumerate(pairs)
        ]
        return self._listed(ask, body, "score-", data, ["".join(pair) for pair in pairs])

    def classify(self, ask: Ask) -> Answer:
        """POST classify: the likeliest label, and the odds of all."""
        body = fields(ask, "Invalid JSON body")
        texts, data = inputs_of(body), []
        for index, text in enumerate(texts):
            powers = [math.exp(digest(self.seed, "classify", label, text)[0] / 32) for label in _LABELS]
            odds = [power / sum(powers) for power in powers]
            label = _LABELS[odds.index(max(odds))]
            data.append({"index": index, "label": label, "probs": odds, "num_classes": len(odds)})
        return self._listed(ask, body, "classify-", data, texts)

    def pooling(self, ask: Ask) -> Answer:
        """POST pooling: a vector a text, or with the task of tokens a vector for each."""
        body = fields(ask, "Invalid JSON body")
        model, form = model_of(body), body.get("encoding_format") or "float"
        if "messages" in body:
            body = body | {"input": [str(message.get("content") or "") for message in body["messages"]][-1:]}
        texts = inputs_of(body)
        size = body.get("dimensions") or self.dimensions
        data = []
        for index, text in enumerate(texts):
            whole = not str(body.get("task") or "").startswith("token")
            rows = [vector(self.seed, self.name, model, word, size) for word in ([text] if whole else pieces(text))]
            pooled: Any = encoded(rows[0], form) if whole else rows
            data.append({"index": index, "object": "pooling", "data": pooled})
        return self._listed(ask, body, "pool-", data, texts)

    def _listed(self, ask: Ask, body: dict[str, Any], prefix: str, data: list[Any], texts: list[str]) -> Whole:
        usage = _usage(texts)
        head = {"id": self.ident(prefix, ask), "object": "list", "created": int(self.clock()), "model": model_of(body)}
        return Whole(dumps(head | {"data": data, "usage": usage}), tokens=usage["total_tokens"])

    def _score(self, query: str, text: str) -> float:
        """A cosine moved to 0 to 1."""
        ours, theirs = (vector(self.seed, self.name, "score", each, self.dimensions) for each in (query, text))
        return (1 + float(ours @ theirs)) / 2


def _texts(body: dict[str, Any], name: str) -> list[str]:
    value = body.get(name)
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise RejectError(400, f"{name}: Input should be a valid string", param=name)
    return texts


def _usage(texts: list[str]) -> dict[str, int]:
    tokens = sum(map(count, texts))
    return {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0}
