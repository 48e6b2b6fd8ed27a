"""Groq's operations: the part of the OpenAI wire that it serves (Groq API reference)."""

from __future__ import annotations

from ipfs_accel_async.providers._batchable import OPENAI_TEXTS
from ipfs_accel_async.providers._operation import Operation

UNIFIED = {
    "chat": Operation("POST", "/chat/completions"),
    "complete": Operation("POST", "/chat/completions", note="the prompt is the one turn of a conversation"),
    "embed": Operation("POST", "/embeddings", batchable=OPENAI_TEXTS),
    "speech": Operation("POST", "/audio/speech", answer="bytes"),
    "transcribe": Operation("POST", "/audio/transcriptions", answer="text"),
    "translate": Operation("POST", "/audio/translations", answer="text"),
    "models": Operation("GET", "/models"),
}
NATIVE = {
    "models.get": Operation("GET", "/models/{model}", fields=("id",)),
    "audio.speech.create": Operation("POST", "/audio/speech", idempotent=True, answer="bytes"),
    "audio.transcriptions.create": Operation(
        "POST", "/audio/transcriptions", idempotent=True, answer="text", note="of a file or of a URL"
    ),
    "audio.translations.create": Operation(
        "POST", "/audio/translations", idempotent=True, answer="text", note="of a file or of a URL"
    ),
    "files.create": Operation("POST", "/files", fields=("id",), note="lines of JSON, up to 100 MB"),
    "files.list": Operation("GET", "/files", fields=("data",)),
    "files.get": Operation("GET", "/files/{id}", fields=("id",)),
    "files.delete": Operation("DELETE", "/files/{id}", fields=("id",)),
    "files.content": Operation("GET", "/files/{id}/content", answer="bytes"),
    "batches.create": Operation("POST", "/batches", fields=("id", "status"), note="`batches.submit` writes its file"),
    "batches.list": Operation("GET", "/batches", fields=("data",)),
    "batches.get": Operation("GET", "/batches/{id}", fields=("id", "status")),
    "batches.cancel": Operation("POST", "/batches/{id}/cancel", idempotent=True, fields=("id", "status")),
}
