"""Rows of Ollama's table (Ollama API documentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipfs_accel_async.providers._batchable import OLLAMA_TEXTS
from ipfs_accel_async.providers._operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOB = "/api/blobs/sha256:{digest}"

OPERATIONS: Mapping[str, Operation] = {
    "chat": Operation("POST", "/api/chat"),
    "complete": Operation("POST", "/api/generate"),
    "embed": Operation("POST", "/api/embed", batchable=OLLAMA_TEXTS),
    "models": Operation("GET", "/api/tags"),
}
NATIVE: Mapping[str, Operation] = {
    "tags": Operation("GET", "/api/tags", fields=("models",)),
    "ps": Operation("GET", "/api/ps", fields=("models",), note="what is in memory"),
    "show": Operation("POST", "/api/show", idempotent=True, fields=("details",)),
    "health": Operation("GET", "/", answer="text", note="whether the server runs"),
    "version": Operation("GET", "/api/version", fields=("version",)),
    "pull": Operation("POST", "/api/pull", idempotent=True, note="goes on where an earlier one was cut"),
    "push": Operation("POST", "/api/push", idempotent=True),
    "create": Operation("POST", "/api/create", idempotent=True),
    "copy": Operation("POST", "/api/copy", idempotent=True, answer="none"),
    "delete": Operation("DELETE", "/api/delete", answer="none"),
    "load": Operation("POST", "/api/generate", idempotent=True, fields=("done",), note="no prompt: only loads"),
    "unload": Operation("POST", "/api/generate", idempotent=True, fields=("done",), note="`keep_alive` of 0"),
    "blobs.head": Operation("HEAD", _BLOB, answer="none"),
    "blobs.create": Operation("POST", _BLOB, idempotent=True, answer="none"),
}
PROGRESS = frozenset({"pull", "push", "create"})
"""Operations that tell how far they are, line by line, until one says ``success``."""
