"""Bodies of TEI's requests (Text Embeddings Inference, OpenAPI description)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.payloads import (
    ClassifyRequest,
    DetokenizeRequest,
    RerankRequest,
    SimilarityRequest,
    TokenizeRequest,
)
from ipfs_accel_async.types import EmbedRequest

if TYPE_CHECKING:
    from ipfs_accel_async.types import Payload


def body_of(request: Payload) -> dict[str, Any] | None:
    """The body of one of the unified operations; none for a payload that needs none.

    Several texts go out as a list even when there is but one, so that the answer always has the same nesting.
    """
    match request:
        case EmbedRequest():
            return {"inputs": list(request.texts), **request.params}
        case RerankRequest():  # best ones only: the server has no word for it and sends all
            return {"query": request.query, "texts": list(request.documents), **request.params}
        case ClassifyRequest():
            batch = [[text] if isinstance(text, str) else list(text) for text in request.texts]
            return {"inputs": batch, **request.params}
        case SimilarityRequest():
            body: dict[str, Any] = {"inputs": {"source_sentence": request.text, "sentences": list(request.others)}}
            return {**body, "parameters": dict(request.params)} if request.params else body
        case TokenizeRequest():
            return {"inputs": [request.text], **request.params}
        case DetokenizeRequest():
            return {"ids": [list(request.ids)], **request.params}
    return None
