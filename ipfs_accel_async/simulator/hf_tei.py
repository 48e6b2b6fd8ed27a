"""The TEI twin: embeddings, ranks, labels, similarities and the tokenizer.

Source: Text Embeddings Inference, OpenAPI description and its router. A real server has one model and answers 424 to
what that one cannot do; here one address answers all, as three servers would, and tells of the embedding model.
"""

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from .answers import count, digest
from .hf_tei_further import EMBEDDINGS, decode, metrics, openai_error, openai_reply, sparse, token_rows, tokens
from .hf_tei_requests import (
    DIMENSIONS,
    MAX_BATCH,
    MAX_BODY_BYTES,
    MAX_INPUT_TOKENS,
    MODEL,
    SHAPE,
    body_of,
    checked,
    ids_of,
    inputs_of,
    invalid,
    sequences_of,
    shape,
    texts_of,
    within,
)
from .limits import Verdict
from .twin import Answer, Ask, RejectError, Twin, Whole, dumps
from .vectors import vector

_TEXT = "text/plain; charset=utf-8"
_OPEN = {"/health", "/ping", "/metrics", "/"}
_LABELS = ("negative", "neutral", "positive")
_ERRORS = {
    400: ("Empty", "`inputs` cannot be empty"),
    422: ("Validation", "Input validation error: the request is not valid"),
    424: ("Backend", "Backend error: the inference failed"),
    429: ("Overloaded", "Model is overloaded"),
    503: ("Unhealthy", "unhealthy"),
}


class HfTei(Twin):
    """A TEI server; it wants a key only when it was given keys."""

    name = "hf_tei"
    trouble = 424

    def __init__(self, seed: int, clock: Callable[[], float], keys: Collection[str] | None) -> None:
        super().__init__(seed, clock, keys)
        self._words: dict[int, str] = {}
        self.routes |= {
            ("POST", "/embed"): self.embed,
            ("POST", "/"): self.embed,
            ("POST", "/rerank"): self.rerank,
            ("POST", "/predict"): self.predict,
            ("POST", "/similarity"): self.similarity,
            ("POST", "/tokenize"): self.tokenize,
            ("POST", "/decode"): self.decode,
            ("POST", "/embed_all"): self.embed_all,
            ("POST", "/embed_sparse"): self.embed_sparse,
            ("POST", "/embeddings"): self.embeddings,
            ("POST", EMBEDDINGS): self.embeddings,
            ("GET", "/metrics"): lambda ask: Whole(metrics(ask.number), media=_TEXT),
            ("GET", "/info"): lambda ask: Whole(dumps(_INFO)),
            ("GET", "/health"): lambda ask: Whole(b"", media=_TEXT),
            ("GET", "/ping"): lambda ask: Whole(b"", media=_TEXT),
            ("GET", "/"): lambda ask: Whole(b"", media=_TEXT),
        }

    def authorise(self, ask: Ask) -> None:
        """Want a key only when keys are set, and never for health; and no body beyond the limit."""
        if self.keys is not None and not (ask.method == "GET" and ask.path in _OPEN) and ask.bearer not in self.keys:
            raise RejectError(401)
        length = ask.headers.get("content-length", "")
        if length.isdecimal() and int(length) > MAX_BODY_BYTES:
            raise RejectError(413, "Failed to buffer the request body: length limit exceeded", code=SHAPE)

    def embed(self, ask: Ask) -> Answer:
        """POST /embed, and / which is the model's main task."""
        body = body_of(ask.body)
        texts = inputs_of(body)
        return _answer(self._sized(texts, body), texts)

    def embed_all(self, ask: Ask) -> Answer:
        """POST /embed_all: a vector a token, special tokens included."""
        texts = inputs_of(body_of(ask.body))
        return _answer(token_rows(self.seed, self.name, texts), texts)

    def embed_sparse(self, ask: Ask) -> Answer:
        """POST /embed_sparse: a weight for each word that is there."""
        texts = inputs_of(body_of(ask.body))
        return _answer([sparse(self.seed, text) for text in texts], texts)

    def embeddings(self, ask: Ask) -> Answer:
        """POST /v1/embeddings: the same vectors as OpenAI writes them."""
        body = body_of(ask.body)
        texts = inputs_of(body, "input")
        return _answer(openai_reply(body, self._sized(texts, body), sum(map(count, texts))), texts)

    def rerank(self, ask: Ask) -> Answer:
        """POST /rerank: best first."""
        body = body_of(ask.body)
        query, texts = body.get("query"), texts_of(body, "texts")
        if not isinstance(query, str):
            raise shape("missing field `query`")
        checked([query, *texts], "inputs", body)
        ranks: list[dict[str, Any]] = []
        for index, text in enumerate(texts):
            score = self._score("rerank", query, text)
            ranks.append({"index": index, "score": score if body.get("raw_scores") else 1 / (1 + math.exp(-score))})
            if body.get("return_text"):
                ranks[-1]["text"] = text
        return _answer(sorted(ranks, key=lambda rank: -rank["score"]), [query + text for text in texts])

    def predict(self, ask: Ask) -> Answer:
        """POST /predict: every label with its score, best first; a list of such lists for a batch."""
        body = body_of(ask.body)
        sequences, batch = sequences_of(body)
        found = []
        for text in sequences:
            scores = [self._score("predict", label, text) for label in _LABELS]
            if not body.get("raw_scores"):
                powers = [math.exp(score) for score in scores]
                scores = [power / sum(powers) for power in powers]
            labelled = [{"score": score, "label": label} for label, score in zip(_LABELS, scores, strict=True)]
            found.append(sorted(labelled, key=lambda each: -float(str(each["score"]))))
        return _answer(found if batch else found[0], sequences)

    def similarity(self, ask: Ask) -> Answer:
        """POST /similarity: the cosine of the source sentence with each of the others."""
        body = body_of(ask.body)
        inputs = body.get("inputs")
        if not isinstance(inputs, dict) or not isinstance(inputs.get("source_sentence"), str):
            raise shape("missing field `source_sentence`")
        sentences = texts_of(inputs, "sentences")
        within(sentences, "inputs.sentences", more=1)
        texts = checked([inputs["source_sentence"], *sentences], "inputs", body.get("parameters") or {})
        vectors = self._vectors(texts)
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return _answer(units[1:] @ units[0], texts)

    def tokenize(self, ask: Ask) -> Answer:
        """POST /tokenize: a token is a word with the space before it."""
        body = body_of(ask.body)
        value = body.get("inputs")
        texts = texts_of({"inputs": [value] if isinstance(value, str) else value}, "inputs")
        found = [tokens(text, special=body.get("add_special_tokens") is not False) for text in texts]
        self._words |= {token["id"]: token["text"] for each in found for token in each}
        return Whole(dumps(found))

    def decode(self, ask: Ask) -> Answer:
        """POST /decode: the words that were tokenized here; others are unknown to it."""
        body = body_of(ask.body)
        special = body.get("skip_special_tokens") is False
        return Whole(dumps([decode(self._words, ids, special=special) for ids in ids_of(body)]))

    def failure(self, ask: Ask, reject: RejectError) -> Whole:
        """``{"error", "error_type"}``; nothing at all for a bad key; plain text for a bad shape."""
        if reject.status == 401 or reject.message.startswith(("Unknown URL", f"Method {ask.method} ")):
            return Whole(b"", reject.status, _TEXT)
        if reject.code == SHAPE:
            return Whole(reject.message.encode(), reject.status, _TEXT)
        kind, message = _ERRORS.get(reject.status, ("", "The request failed"))
        kind = reject.code or kind
        if ask.path.endswith("/embeddings"):
            return Whole(dumps(openai_error(reject.message or message, reject.status, kind)), reject.status)
        error = {"error": reject.message or message}
        return Whole(dumps(error | {"error_type": kind} if kind else error), reject.status)

    def error_frames(self, ask: Ask, reject: RejectError) -> list[bytes]:
        """Nothing streams here; the same object."""
        return [self.failure(ask, reject).body]

    def overloaded(self, verdict: Verdict) -> RejectError:
        """It counts texts in flight and says no more than this."""
        return RejectError(429, "Model is overloaded", code="Overloaded")

    def retry_headers(self, wait: float) -> dict[str, str]:
        """It does not say when to come back."""
        return {}

    def _sized(self, texts: list[str], body: dict[str, Any]) -> Any:
        size = body.get("dimensions")
        if size is not None and not isinstance(size, int):
            raise shape("dimensions: invalid type, expected usize")
        if size is not None and not 0 < size <= DIMENSIONS:
            raise invalid(
                "Input validation error: `dimensions` should be smaller than the maximum embedding dimension."
            )
        vectors = self._vectors(texts)[:, :size]
        if body.get("normalize") is not False:
            vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.ascontiguousarray(vectors, np.float32)

    def _vectors(self, texts: list[str]) -> Any:
        """As the model makes them: not of unit length."""
        lengths = [2 + digest(self.seed, text)[0] / 64 for text in texts]
        units = np.stack([vector(self.seed, self.name, MODEL, text, DIMENSIONS) for text in texts])
        return units * np.array(lengths, np.float32)[:, None]

    def _score(self, *about: str) -> float:
        """A logit from -8 to 8."""
        return int.from_bytes(digest(self.seed, *about)[:2]) / 4096 - 8


_INFO = {
    "model_id": MODEL,
    "model_sha": "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
    "model_dtype": "float32",
    "served_model_name": MODEL,
    "model_type": {"embedding": {"pooling": "cls"}},
    "max_concurrent_requests": 512,
    "max_input_length": MAX_INPUT_TOKENS,
    "max_batch_tokens": 16_384,
    "max_batch_requests": None,
    "max_client_batch_size": MAX_BATCH,
    "auto_truncate": True,
    "tokenization_workers": 2,
    "version": "1.9.3",
    "sha": None,
    "docker_label": None,
}


def _answer(value: Any, texts: list[str]) -> Whole:
    """The answer, with the server's counts; milliseconds: 20,000 tokens a second."""
    tokens = sum(map(count, texts))
    headers = {
        "x-compute-type": "cpu",
        "x-compute-time": str(tokens // 20),
        "x-compute-characters": str(sum(map(len, texts))),
        "x-compute-tokens": str(tokens),
        "x-total-time": str(tokens // 20),
        "x-tokenization-time": "0",
        "x-queue-time": "0",
        "x-inference-time": str(tokens // 20),
    }
    return Whole(dumps(value), headers=headers, tokens=tokens)
