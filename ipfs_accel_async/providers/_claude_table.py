"""Claude's own operations: messages with all their fields, batches, files, models (Claude API reference)."""

from __future__ import annotations

from ipfs_accel_async.providers._operation import Operation

_BATCH = ("id", "processing_status")
_FILES = "under version 2023-06-01 a beta: its header is sent"

NATIVE = {
    "messages.create": Operation(
        "POST", "/v1/messages", idempotent=True, fields=("id", "content"), note="`messages.stream` streams it"
    ),
    "messages.count_tokens": Operation(
        "POST", "/v1/messages/count_tokens", idempotent=True, fields=("input_tokens",), note="free of charge"
    ),
    "batches.create": Operation("POST", "/v1/messages/batches", fields=_BATCH, note="ends within 24 hours, half price"),
    "batches.list": Operation("GET", "/v1/messages/batches", fields=("data",)),
    "batches.get": Operation("GET", "/v1/messages/batches/{id}", fields=_BATCH),
    "batches.cancel": Operation("POST", "/v1/messages/batches/{id}/cancel", idempotent=True, fields=_BATCH),
    "batches.delete": Operation("DELETE", "/v1/messages/batches/{id}", fields=("id",), note="once it has ended"),
    "batches.results": Operation(
        "GET",
        "/v1/messages/batches/{id}/results",
        answer="text",
        open_ended=True,
        note="kept for 29 days; any order",
    ),
    "files.upload": Operation("POST", "/v1/files", fields=("id",), note=_FILES),
    "files.list": Operation("GET", "/v1/files", fields=("data",), note=_FILES),
    "files.get": Operation("GET", "/v1/files/{id}", fields=("id",), note=_FILES),
    "files.download": Operation(
        "GET", "/v1/files/{id}/content", answer="bytes", note="only files that the service's tools made"
    ),
    "files.delete": Operation("DELETE", "/v1/files/{id}", fields=("id",), note=_FILES),
    "models.list": Operation("GET", "/v1/models", fields=("data",)),
    "models.get": Operation("GET", "/v1/models/{id}", fields=("id",)),
}
