"""Hugging Face TEI: embeddings from one's own server (Text Embeddings Inference, OpenAPI description)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ipfs_accel_async.answers import Embeddings, ModelInfo, ModelList, Usage
from ipfs_accel_async.providers._codec import Codec, Operation
from ipfs_accel_async.providers._hf_errors import hf_error
from ipfs_accel_async.providers._json import loads_or_none
from ipfs_accel_async.providers.hf_tgi import FILE_KEYS, KEY_ENV
from ipfs_accel_async.types import EmbedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy import float32
    from numpy.typing import NDArray

    from ipfs_accel_async.answers import Answer
    from ipfs_accel_async.errors import APIError
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers, Response


class HfTei(Codec):
    """A TEI server: ``embed`` and ``models``; it does not chat.

    It serves one model, so the model's name is for the reader; ``models`` tells it, and `raw` the server's limits. A
    key is sent if there is one; the server asks for it only when started with one.
    """

    name = "hf_tei"
    base_url = "http://localhost:3000"
    key_env = KEY_ENV
    url_env = ("TEI_BASE_URL", "TEI_ENDPOINT")
    file_keys = FILE_KEYS
    file_urls = ("tei_endpoint", "tei_base_url")
    key_required = False
    operations: ClassVar[Mapping[str, Operation]] = {
        "embed": Operation("POST", "/embed", batchable=True),
        "models": Operation("GET", "/info"),
    }

    def normalize_url(self, url: str) -> str:
        """The root of the server; the address of its own or its OpenAI-like route is cut down to it."""
        return url.removesuffix("/embed").removesuffix("/embeddings").removesuffix("/v1")

    def build_body(self, call: CallFacts) -> dict[str, Any] | None:
        """The body of an embed request: the texts and, as `params`, ``normalize``, ``truncate``, ``dimensions``..."""
        request = call.payload
        return {"inputs": list(request.texts), **request.params} if isinstance(request, EmbedRequest) else None

    def parse_answer(self, call: CallFacts, data: Any, response: Response) -> Answer:
        """Vectors, or the one model; a 200 whose body is an error raises it."""
        if isinstance(data, dict) and "error" in data:
            raise _error(call, data, 200, response.headers)
        meta = self.meta(call, response.headers)
        if call.operation == "models":
            return ModelList(**meta, models=(ModelInfo(data["model_id"], raw=data),), raw=data)
        count = len(call.payload.texts) if isinstance(call.payload, EmbedRequest) else 0
        return Embeddings(**meta, vectors=_vectors(data, count), usage=_usage(response.headers), raw=data)

    def parse_error(self, call: CallFacts, response: Response) -> APIError:
        """The typed error of a response; a body that is too large and a refused key are told without JSON."""
        body = loads_or_none(response.body)
        if not isinstance(body, dict):
            body = {"error": response.body.decode("utf-8", "replace")}
        return _error(call, body, response.status, response.headers)


def _vectors(rows: Any, count: int) -> NDArray[float32]:
    """All rows in one step; the texts' order is theirs."""
    import numpy as np  # loaded on first use: it costs more than the rest of the package

    if not isinstance(rows, list):
        raise TypeError("the body is no list of vectors")
    with np.errstate(over="ignore"):
        vectors = np.array(rows, np.float32)
    if vectors.ndim != 2 or len(vectors) != count or not vectors.size:
        raise ValueError(f"the body has the shape {vectors.shape}, not {count} vectors of one length")
    if not np.isfinite(vectors).all():  # JSON has no such numbers: it is a null, or beyond float32
        raise ValueError("the body has a null or a number beyond float32")
    return vectors


def _usage(headers: Headers) -> Usage:
    """The tokens are in a header; the body is nothing but vectors."""
    text = headers.get("x-compute-tokens") or ""
    tokens = int(text) if text.isdecimal() and len(text) < 16 else 0
    return Usage(tokens, 0, tokens)


def _error(call: CallFacts, body: Mapping[str, Any], status: int, headers: Headers) -> APIError:
    """``{"error", "error_type"}``, on the OpenAI-like route ``{"message", "type"}``, and an object from proxies."""
    inner = body.get("error")
    if isinstance(inner, dict):
        body = inner
    told, kind = body.get("error") or body.get("message"), body.get("error_type") or body.get("type")
    return hf_error(call, status, headers, message=str(told or ""), kind=kind if isinstance(kind, str) else None)


codec = HfTei()
