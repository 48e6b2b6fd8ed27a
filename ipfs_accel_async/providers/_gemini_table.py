"""Rows of Gemini's table (Gemini API reference: files, cachedContents, batches, models).

The ``/v1/`` in a path stands for the version in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.providers._batchable import GEMINI_TEXTS
from ipfs_accel_async.providers._operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODEL = "/v1/models/{model}"
_FILE = "/v1/files/{file}"
_CACHE = "/v1/cachedContents/{cache}"
_BATCH = "/v1/batches/{batch}"
_NAME = ("name",)
_UPLOAD = "/upload/v1/files"

OPERATIONS: Mapping[str, Operation] = {
    "chat": Operation("POST", f"{_MODEL}:generateContent"),
    "complete": Operation("POST", f"{_MODEL}:generateContent", note="the prompt is a user's turn"),
    "embed": Operation("POST", f"{_MODEL}:batchEmbedContents", batchable=GEMINI_TEXTS),
    "count_tokens": Operation("POST", f"{_MODEL}:countTokens", idempotent=True),
    "image": Operation("POST", f"{_MODEL}:generateContent", note="`:predict` for models named `imagen-...`"),
    "speech": Operation("POST", f"{_MODEL}:generateContent", note="format `wav`, or as the model gives it"),
    "transcribe": Operation("POST", f"{_MODEL}:generateContent", note="models that write speech down"),
    "models": Operation("GET", "/v1/models?pageSize=1000"),  # the most of a page; the default is 50
}
NATIVE: Mapping[str, Operation] = {
    "files.start": Operation("POST", _UPLOAD, answer="none", idempotent=True, note="the first step of `files.upload`"),
    "files.send": Operation("POST", _UPLOAD, answer="none", note="one chunk of an upload"),
    "files.received": Operation("POST", _UPLOAD, answer="none", idempotent=True, note="how far an upload has come"),
    "files.get": Operation("GET", _FILE, fields=_NAME),
    "files.list": Operation("GET", "/v1/files"),
    "files.delete": Operation("DELETE", _FILE, answer="none"),
    "files.download": Operation("GET", f"/download{_FILE}:download?alt=media", answer="bytes", note="generated ones"),
    "caches.create": Operation("POST", "/v1/cachedContents", fields=_NAME),
    "caches.get": Operation("GET", _CACHE, fields=_NAME),
    "caches.list": Operation("GET", "/v1/cachedContents"),
    "caches.update": Operation("PATCH", _CACHE, idempotent=True, fields=_NAME, note="only when it expires"),
    "caches.delete": Operation("DELETE", _CACHE, answer="none"),
    "batches.create": Operation("POST", f"{_MODEL}:batchGenerateContent", fields=_NAME),
    "batches.create_embeddings": Operation("POST", f"{_MODEL}:asyncBatchEmbedContent", fields=_NAME),
    "batches.get": Operation("GET", _BATCH, fields=_NAME),
    "batches.list": Operation("GET", "/v1/batches"),
    "batches.cancel": Operation("POST", f"{_BATCH}:cancel", answer="none", idempotent=True),
    "batches.delete": Operation("DELETE", _BATCH, answer="none"),
    "models.get": Operation("GET", _MODEL, fields=_NAME),
    "models.list": Operation("GET", "/v1/models"),
    "embed_content": Operation("POST", f"{_MODEL}:embedContent", idempotent=True, fields=("embedding",)),
}
ON_VERTEX = ("caches.", "models.", "embed_content")
"""What of `NATIVE` Vertex AI has too."""
