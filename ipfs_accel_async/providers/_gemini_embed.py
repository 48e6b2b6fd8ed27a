"""Embeddings of Gemini (Gemini API reference, batchEmbedContents; Vertex AI reference, embedContent and predict)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._gemini_address import model_name, on_vertex
from ipfs_accel_async.providers._gemini_body import named
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.providers._spoilt import spoilt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy import float32
    from numpy.typing import NDArray

    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import EmbedRequest

MAX_TEXTS = 100
"""Texts in one batch, by the service's documentation."""
_INSTANCE = {"taskType": "task_type", "title": "title", "mimeType": "mimeType"}
"""Of :predict: what goes with each text, and its name there; the rest are parameters of all."""


def embed_method(call: CallFacts, request: EmbedRequest) -> str:
    """The method that embeds: Vertex AI has one for a text, one for several, and another for its older models."""
    if not on_vertex(call.target.endpoint):
        return "batchEmbedContents"
    if not any(word in call.target.model for word in ("gemini", "maas")):
        return "predict"
    return "embedContent" if len(request.texts) == 1 else "batchEmbedContents"


def embed_body(call: CallFacts, request: EmbedRequest) -> dict[str, Any]:
    """The body of an embed request; `params` (``taskType``, ``outputDimensionality``...) hold for each text.

    Raises:
        InvalidRequestError: More texts than the service takes.
    """
    params, vertex = named(request.params), on_vertex(call.target.endpoint)
    method = embed_method(call, request)
    if method == "predict":
        own = {_INSTANCE[name]: value for name, value in params.items() if name in _INSTANCE}
        shared = {name: value for name, value in params.items() if name not in _INSTANCE}
        body: dict[str, Any] = {"instances": [{"content": text, **own} for text in request.texts]}
        return {**body, "parameters": shared} if shared else body
    if len(request.texts) > MAX_TEXTS:
        fault = f"gemini embeds {MAX_TEXTS} texts a request, not {len(request.texts)}: split them"
        raise refused(call, fault)
    fields = ({"embedContentConfig": params} if params else {}) if vertex else params
    contents = [{"content": {"parts": [{"text": text}], "role": "user"}, **fields} for text in request.texts]
    if method == "embedContent":
        return contents[0]
    if vertex:
        return {"requests": contents}
    model = "/".join(model_name(call.target.model))
    return {"requests": [{"model": model, **one} for one in contents]}


def embeddings_of(data: Mapping[str, Any]) -> Any:
    """The items of an answer, from each of the places where they may stand."""
    if "embedding" in data:
        return [data["embedding"]]
    if "predictions" in data:
        return [one["embeddings"] for one in data["predictions"]]
    return data["embeddings"]


def counted(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The counts of an answer; older models count text by text."""
    if "predictions" not in data:
        return data.get("usageMetadata") or {}
    tokens = sum(
        int((one["embeddings"].get("statistics") or {}).get("token_count") or 0) for one in data["predictions"]
    )
    return {"promptTokenCount": tokens}


def vectors_of(items: Sequence[Mapping[str, Any]], count: int) -> NDArray[float32]:
    """The vectors of ``embeddings: [{values}]``, in their order.

    Raises:
        KeyError, TypeError, ValueError: They are not `count`, not of one length, or no numbers; the message has the
            path.
    """
    if not isinstance(items, list):
        raise TypeError("embeddings is no list")
    if len(items) != count:
        raise ValueError(f"embeddings has {len(items)} vectors for {count} texts")
    try:
        return _placed(items, count)
    except ValueError as fault:
        raise spoilt(fault, [item["values"] for item in items]) from None


def _placed(items: Sequence[Mapping[str, Any]], count: int) -> NDArray[float32]:
    import numpy as np

    rows = np.empty((0, 0), np.float32)
    for place, item in enumerate(items):
        if not isinstance(item, dict) or "values" not in item:
            raise KeyError(f"embeddings[{place}].values")
        with np.errstate(over="ignore"):
            row = np.array(item["values"], np.float32)
        if not place and row.ndim == 1:
            rows = np.empty((count, row.size), np.float32)
        if row.ndim != 1 or not row.size or row.size != rows.shape[1]:
            raise ValueError(f"embeddings[{place}].values has shape {row.shape}, the first one ({rows.shape[1]},)")
        if not np.isfinite(row).all():  # JSON has no such numbers: it is a null, or beyond float32
            raise ValueError(f"embeddings[{place}].values has a null or a number beyond float32")
        rows[place] = row
    return rows
