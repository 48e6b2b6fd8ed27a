"""Hugging Face TEI: one's own server of embeddings, ranks and labels (Text Embeddings Inference, OpenAPI)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from ipfs_accel_async.answers import Embeddings, ModelInfo, ModelList
from ipfs_accel_async.errors import ConfigError, ResponseValidationError
from ipfs_accel_async.payloads import (
    ClassifyRequest,
    DetokenizeRequest,
    RerankRequest,
    SimilarityRequest,
    TokenizeRequest,
)
from ipfs_accel_async.providers import _hf_tei_parse as parse
from ipfs_accel_async.providers._batchable import TEI_PAIRS, TEI_TEXTS
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._hf_errors import hf_error
from ipfs_accel_async.providers._hf_tei_body import body_of
from ipfs_accel_async.providers._json import loads_or_none
from ipfs_accel_async.providers.hf_tgi import FILE_KEYS, KEY_ENV, ROUTER
from ipfs_accel_async.results import Classification, Detokenized, Ranking, Similarities, Tokens
from ipfs_accel_async.types import NOTHING, EmbedRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers, Response

MOST_SIZES = 1024


class HfTei(Codec):
    """A TEI server: embeddings, ranks, labels, similarities, its tokenizer; it does not chat.

    It serves one model, so the model's name is for the reader; ``models`` tells it, and `raw` the server's limits.
    What the model is not made for is refused by the server (424). A key is sent if there is one; the server asks for
    it only when started with one.

    Options:

    - ``dimensions``: size of the model's vectors. Without it the first vectors that a client sees of a model tell.
      Vectors of another size are a ResponseValidationError: one index must not get vectors of two models.

    Raises:
        ConfigError: An option that is unknown or no number.
    """

    name = "hf_tei"
    base_url = "http://localhost:3000"
    key_env = KEY_ENV
    url_env = ("TEI_BASE_URL", "TEI_ENDPOINT")
    file_keys = FILE_KEYS
    login_host = ROUTER
    file_urls = ("tei_endpoint", "tei_base_url")
    key_required = False
    option_env: ClassVar[Mapping[str, tuple[str, ...]]] = {"dimensions": ("TEI_DIMENSIONS",)}
    operations: ClassVar[Mapping[str, Operation]] = {
        "embed": Operation("POST", "/embed", batchable=TEI_TEXTS),
        "rerank": Operation(
            "POST", "/rerank", batchable=TEI_PAIRS, note="`raw_scores`, `truncate`; all documents are ranked."
        ),
        "classify": Operation(
            "POST", "/predict", batchable=TEI_TEXTS, note="`raw_scores`, `truncate`; texts and pairs of texts."
        ),
        "similarity": Operation("POST", "/similarity", batchable=TEI_PAIRS, note="`truncate`, `prompt_name`."),
        "tokenize": Operation("POST", "/tokenize", note="`add_special_tokens`, `prompt_name`."),
        "detokenize": Operation("POST", "/decode", note="`skip_special_tokens`."),
        "models": Operation("GET", "/info"),
    }
    native: ClassVar[Mapping[str, Operation]] = {
        "embed_all": Operation("POST", "/embed_all", idempotent=True, note="A vector a token."),
        "embed_sparse": Operation("POST", "/embed_sparse", idempotent=True, note="For models with a SPLADE head."),
        "embeddings": Operation(
            "POST", "/v1/embeddings", idempotent=True, fields=("data",), note="The server's OpenAI-like route."
        ),
        "predict": Operation("POST", "/predict", idempotent=True, note="As the server writes it; see `classify`."),
        "tokenize_batch": Operation("POST", "/tokenize", idempotent=True, note="Several texts."),
        "decode_batch": Operation("POST", "/decode", idempotent=True, note="Several lists of tokens."),
        "info": Operation("GET", "/info", fields=("model_id",)),
        "health": Operation("GET", "/health", answer="none"),
        "metrics": Operation("GET", "/metrics", answer="text", note="In Prometheus' text format."),
    }

    def __init__(
        self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING, learning: bool = False
    ) -> None:
        super().__init__(headers=headers, options=options)
        told = self.options.get("dimensions")
        if told is not None and not (told.isascii() and told.isdecimal() and int(told)):
            raise ConfigError(f"the option dimensions is a whole number from 1, not {told!r}", provider=self.name)
        self._told = int(told) if told is not None else None
        self._sizes: dict[tuple[str, str], int] | None = {} if learning else None

    def configured(self, *, headers: Iterable[tuple[str, str]] = (), options: Mapping[str, str] = NOTHING) -> Self:
        """A client's own codec; only such a one remembers the sizes of vectors, as all clients share the plain one."""
        return type(self)(headers=headers, options=options, learning=True)

    def normalize_url(self, url: str) -> str:
        """The root of the server; the address of its own or its OpenAI-like route is cut down to it."""
        return url.removesuffix("/embed").removesuffix("/embeddings").removesuffix("/v1")

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """What is sent and, as `params`, ``normalize``, ``truncate``, ``dimensions``..."""
        return body_of(call.payload)

    def meta(self, call: CallFacts, headers: Headers) -> dict[str, Any]:
        """What every answer carries; the tokens are in a header, also of native operations."""
        return {**super().meta(call, headers), "usage": parse.usage_of(headers)}

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """The answer of any of the operations; a 200 whose body is an error raises it."""
        if isinstance(data, dict) and "error" in data:
            raise _error(call, data, 200, response.headers)
        meta = {**self.meta(call, response.headers), "raw": data}
        if call.operation == "models":
            return ModelList(**meta, models=(ModelInfo(data["model_id"], raw=data),))
        request = call.payload
        match request:
            case EmbedRequest():
                vectors = parse.vectors_of(data, len(request.texts))
                self._check(call, vectors.shape[1], request.params.get("dimensions"))
                return Embeddings(**meta, vectors=vectors)
            case RerankRequest():
                return Ranking(**meta, ranked=parse.ranking_of(data, request.documents, request.top_n))
            case ClassifyRequest():
                return Classification(**meta, labels=parse.labels_of(data, len(request.texts)))
            case SimilarityRequest():
                return Similarities(**meta, scores=parse.scores_of(data, len(request.others)))
            case TokenizeRequest():
                ids, texts = parse.tokens_of(data)
                return Tokens(**meta, ids=ids, texts=texts)
            case DetokenizeRequest():
                return Detokenized(**meta, text=parse.text_of(data))
        return super().parse_answer(call, data, response)

    def _check(self, call: CallFacts, size: int, asked: Any) -> None:
        """Compare the size of vectors with the one asked for, else the one told, else the one seen first."""
        expected = asked if isinstance(asked, int) else self._told
        if expected is None and self._sizes is not None:
            if len(self._sizes) >= MOST_SIZES:  # names are the caller's own, so there may be any number of them
                self._sizes.clear()
            expected = self._sizes.setdefault((call.target.endpoint, call.target.model), size)
        if expected is not None and size != expected:
            message = f"the vectors have {size} dimensions, not {expected}: is another model being served?"
            raise ResponseValidationError(message, target=call.target, request_id=call.request_id)

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """The typed error of a response; a body that is too large and a refused key are told without JSON."""
        body = loads_or_none(response.body)
        if not isinstance(body, dict):
            body = {"error": response.body.decode("utf-8", "replace")}
        return _error(call, body, response.status, response.headers)


def _error(call: CallFacts, body: Mapping[str, Any], status: int, headers: Headers) -> APIError:
    """``{"error", "error_type"}``, on the OpenAI-like route ``{"message", "type"}``, and an object from proxies."""
    inner = body.get("error")
    if isinstance(inner, dict):
        body = inner
    told, kind = body.get("error") or body.get("message"), body.get("error_type") or body.get("type")
    return hf_error(call, status, headers, message=str(told or ""), kind=kind if isinstance(kind, str) else None)


codec = HfTei()
