"""OPEA's retrieval: embedding, data preparation, retrieval, reranking. What is ingested is what is retrieved.

Source: GenAIComps.
"""

import math
import re
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import orjson

from .answers import count, digest
from .forms import parse_form
from .openai_requests import inputs_of
from .twin import Answer, Ask, RejectError, Twin, Whole, dumps
from .vectors import vector

BAD_BODY = "Input should be a valid dictionary"
DIMENSIONS, CHUNK = 768, 1500


class OPEARetrieval(Twin):
    """Mixed into the OPEA twin."""

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self.documents: dict[str, list[str]] = {}
        self.routes |= {
            ("POST", "/v1/embeddings"): self.embeddings,
            ("POST", "/v1/retrieval"): self.retrieval,
            ("POST", "/v1/web_retrieval"): self.retrieval,
            ("POST", "/v1/retrievaltool"): self.retrieve_and_rank,
            ("POST", "/v1/reranking"): self.reranking,
            ("POST", "/v1/dataprep/ingest"): self.ingest,
            ("POST", "/v1/dataprep/get"): self.ingested,
            ("POST", "/v1/dataprep/delete"): self.forget,
            ("POST", "/v1/dataprep/indices"): lambda ask: Whole(dumps(["rag_redis"])),
        }

    def embeddings(self, ask: Ask) -> Answer:
        """POST /v1/embeddings: numbers, whatever encoding is asked for."""
        body = body_of(ask)
        try:
            texts = inputs_of(body)
        except RejectError as reject:
            raise RejectError(422, reject.message, param="input") from reject
        model, tokens = str(body.get("model") or ""), sum(map(count, texts))
        data = [{"index": i, "object": "embedding", "embedding": self._vector(text)} for i, text in enumerate(texts)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0}
        return Whole(dumps({"object": "list", "model": model, "data": data, "usage": usage}), tokens=tokens)

    def retrieval(self, ask: Ask) -> Answer:
        """POST /v1/retrieval: the `k` ingested pieces that are nearest to the embedding."""
        body = body_of(ask)
        if not isinstance(body.get("embedding"), list):
            raise RejectError(422, "Field required", param="embedding")
        try:
            wanted = np.array(body["embedding"], np.float32)
            found = self._nearest(wanted, body.get("k") or 4)
        except (TypeError, ValueError) as error:
            raise RejectError(422, "Input should be a valid list", param="embedding") from error
        docs = [{"text": text, "metadata": {"source": name}} for name, text in found]
        return Whole(dumps({"retrieved_docs": docs}))

    def retrieve_and_rank(self, ask: Ask) -> Answer:
        """POST /v1/retrievaltool: retrieval and reranking of one question."""
        body = body_of(ask)
        text = text_of(body, "messages")
        found = self._nearest(self._vector(text), body.get("k") or 4)[: body.get("top_n") or 1]
        docs = [{"text": one, "score": self._score(text, one)} for _, one in found]
        return Whole(dumps({"id": self.ident("", ask), "reranked_docs": docs, "initial_query": text}))

    def reranking(self, ask: Ask) -> Answer:
        """POST /v1/reranking: the best one, unless `top_n` says more."""
        body = body_of(ask)
        query, given = text_of(body, "input"), body.get("retrieved_docs")
        if not isinstance(given, list):
            raise RejectError(422, "Field required", param="retrieved_docs")
        texts = [one.get("text", "") if isinstance(one, dict) else str(one) for one in given]
        ranked = sorted(({"text": text, "score": self._score(query, text)} for text in texts), key=_by_score)
        return Whole(dumps({"reranked_docs": ranked[: body.get("top_n") or 1]}))

    def ingest(self, ask: Ask) -> Answer:
        """POST /v1/dataprep/ingest: files, or addresses, whose names stand for what is there."""
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        files, links = form.get("files", []), form.get("link_list", [])
        if not files and not links:
            raise RejectError(400, "Must provide either a file or a string list.")
        size = int(form["chunk_size"][0].text) if "chunk_size" in form else CHUNK
        for part in files:
            self.documents[part.filename] = _cut(part.data.decode("utf-8", "replace"), size)
        for address in orjson.loads(links[0].data) if links else []:
            self.documents[re.sub(r"\W+", "_", address) + ".txt"] = [f"The page {address}."]
        return Whole(dumps({"status": 200, "message": "Data preparation succeeded"}))

    def ingested(self, ask: Ask) -> Answer:
        """POST /v1/dataprep/get."""
        return Whole(dumps([{"name": name, "id": name, "type": "File", "parent": ""} for name in self.documents]))

    def forget(self, ask: Ask) -> Answer:
        """POST /v1/dataprep/delete."""
        name = text_of(body_of(ask), "file_path")
        if name != "all" and name not in self.documents:
            raise RejectError(404, f"File {name} not found. Please check file_path.")
        for one in list(self.documents) if name == "all" else [name]:
            del self.documents[one]
        return Whole(dumps({"status": True}))

    def _vector(self, text: str) -> Any:
        return vector(self.seed, self.name, "", text, DIMENSIONS)

    def _nearest(self, wanted: Any, k: int) -> list[tuple[str, str]]:
        every = [(name, text) for name, texts in self.documents.items() for text in texts]
        return sorted(every, key=lambda one: -float(self._vector(one[1]) @ wanted))[:k]

    def _score(self, query: str, text: str) -> float:
        shared = len(set(query.lower().split()) & set(text.lower().split()))
        noise = int.from_bytes(digest(self.seed, query, text)[:2]) / 65_536
        return 1 / (1 + math.exp(-shared - noise))


def _by_score(one: dict[str, Any]) -> float:
    return -float(one["score"])


def _cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), max(1, size))]


def body_of(ask: Ask) -> dict[str, Any]:
    """Return the body.

    Raises:
        RejectError: 422, it is no object.
    """
    if not isinstance(ask.body, dict):
        raise RejectError(422, BAD_BODY)
    return dict(ask.body)


def text_of(body: dict[str, Any], name: str) -> str:
    """Return a text in the body.

    Raises:
        RejectError: 422, it is missing or no text.
    """
    value = body.get(name)
    if not isinstance(value, str):
        raise RejectError(422, "Field required" if value is None else "Input should be a valid string", param=name)
    return value
