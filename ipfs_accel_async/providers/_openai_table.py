"""What OpenAI keeps for its users, as rows (OpenAI API reference, one section a group)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ipfs_accel_async.providers._operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID: Final = ("id",)
_DATA: Final = ("data",)
_BETA: Final = ((b"openai-beta", b"assistants=v2"),)
_OFF: Final = "OpenAI switched it off on 2026-08-26; for servers that still have it."
_NO_VIDEO: Final = "OpenAI switched it off on 2026-09-24; for servers that still have it."

RESPONSES: Final[Mapping[str, Operation]] = {
    "responses.create": Operation(
        "POST",
        "/responses",
        idempotent=True,
        fields=("id", "output"),
        note="Retried like a chat; with `conversation` a lost answer may then stand there twice. Streams.",
    ),
    "responses.get": Operation("GET", "/responses/{id}", fields=_ID, note="Streams, with `starting_after`."),
    "responses.cancel": Operation("POST", "/responses/{id}/cancel", idempotent=True, fields=_ID),
    "responses.delete": Operation("DELETE", "/responses/{id}", answer="none"),
    "responses.compact": Operation("POST", "/responses/compact", idempotent=True, fields=("id", "output")),
    "responses.input_items.list": Operation("GET", "/responses/{id}/input_items", fields=_DATA),
    "responses.input_tokens.count": Operation(
        "POST", "/responses/input_tokens", idempotent=True, fields=("input_tokens",)
    ),
    "conversations.create": Operation("POST", "/conversations", fields=_ID),
    "conversations.get": Operation("GET", "/conversations/{id}", fields=_ID),
    "conversations.update": Operation("POST", "/conversations/{id}", idempotent=True, fields=_ID),
    "conversations.delete": Operation("DELETE", "/conversations/{id}", fields=_ID),
    "conversations.items.create": Operation("POST", "/conversations/{id}/items", fields=_DATA),
    "conversations.items.list": Operation("GET", "/conversations/{id}/items", fields=_DATA),
    "conversations.items.get": Operation("GET", "/conversations/{id}/items/{item}", fields=("type",)),
    "conversations.items.delete": Operation("DELETE", "/conversations/{id}/items/{item}", fields=_ID),
}

STORED: Final[Mapping[str, Operation]] = {
    "chat.completions.list": Operation("GET", "/chat/completions", fields=_DATA, note="Those sent with `store=True`."),
    "chat.completions.get": Operation("GET", "/chat/completions/{id}", fields=("id", "choices")),
    "chat.completions.update": Operation("POST", "/chat/completions/{id}", idempotent=True, fields=_ID),
    "chat.completions.delete": Operation("DELETE", "/chat/completions/{id}", fields=("deleted",)),
    "chat.completions.messages.list": Operation("GET", "/chat/completions/{id}/messages", fields=_DATA),
    "models.get": Operation("GET", "/models/{model}", fields=_ID),
    "models.delete": Operation("DELETE", "/models/{model}", fields=("deleted",), note="A fine-tuned model of yours."),
}

FILES: Final[Mapping[str, Operation]] = {
    "files.create": Operation("POST", "/files", fields=_ID, note="A form; up to 512 MB."),
    "files.list": Operation("GET", "/files", fields=_DATA),
    "files.get": Operation("GET", "/files/{id}", fields=_ID),
    "files.delete": Operation("DELETE", "/files/{id}", fields=("deleted",)),
    "files.content": Operation("GET", "/files/{id}/content", answer="bytes", note="`files.stream` gives it in pieces."),
    "uploads.create": Operation("POST", "/uploads", fields=_ID),
    "uploads.parts.create": Operation(
        "POST", "/uploads/{id}/parts", idempotent=True, fields=_ID, note="A form; up to 64 MB a part."
    ),
    "uploads.complete": Operation("POST", "/uploads/{id}/complete", fields=("id", "status")),
    "uploads.cancel": Operation("POST", "/uploads/{id}/cancel", idempotent=True, fields=_ID),
    "batches.create": Operation("POST", "/batches", fields=("id", "status")),
    "batches.list": Operation("GET", "/batches", fields=_DATA),
    "batches.get": Operation("GET", "/batches/{id}", fields=("id", "status")),
    "batches.cancel": Operation("POST", "/batches/{id}/cancel", idempotent=True, fields=("id", "status")),
    "containers.create": Operation("POST", "/containers", fields=_ID),
    "containers.list": Operation("GET", "/containers", fields=_DATA),
    "containers.get": Operation("GET", "/containers/{id}", fields=_ID),
    "containers.delete": Operation("DELETE", "/containers/{id}", answer="none"),
    "containers.files.create": Operation("POST", "/containers/{id}/files", fields=_ID, note="A form."),
    "containers.files.list": Operation("GET", "/containers/{id}/files", fields=_DATA),
    "containers.files.get": Operation("GET", "/containers/{id}/files/{file}", fields=_ID),
    "containers.files.delete": Operation("DELETE", "/containers/{id}/files/{file}", answer="none"),
    "containers.files.content": Operation("GET", "/containers/{id}/files/{file}/content", answer="bytes"),
}

TRAINING: Final[Mapping[str, Operation]] = {
    "fine_tuning.jobs.create": Operation("POST", "/fine_tuning/jobs", fields=("id", "status")),
    "fine_tuning.jobs.list": Operation("GET", "/fine_tuning/jobs", fields=_DATA),
    "fine_tuning.jobs.get": Operation("GET", "/fine_tuning/jobs/{id}", fields=("id", "status")),
    "fine_tuning.jobs.cancel": Operation("POST", "/fine_tuning/jobs/{id}/cancel", idempotent=True, fields=_ID),
    "fine_tuning.jobs.pause": Operation("POST", "/fine_tuning/jobs/{id}/pause", idempotent=True, fields=_ID),
    "fine_tuning.jobs.resume": Operation("POST", "/fine_tuning/jobs/{id}/resume", idempotent=True, fields=_ID),
    "fine_tuning.jobs.events": Operation("GET", "/fine_tuning/jobs/{id}/events", fields=_DATA),
    "fine_tuning.jobs.checkpoints": Operation("GET", "/fine_tuning/jobs/{id}/checkpoints", fields=_DATA),
}


def _beta(method: str, path: str, *fields: str, idempotent: bool | None = None, note: str = "") -> Operation:
    return Operation(method, path, idempotent=idempotent, fields=fields, headers=_BETA, note=note)


STORES: Final[Mapping[str, Operation]] = {
    "vector_stores.create": _beta("POST", "/vector_stores", "id"),
    "vector_stores.list": _beta("GET", "/vector_stores", "data"),
    "vector_stores.get": _beta("GET", "/vector_stores/{id}", "id"),
    "vector_stores.update": _beta("POST", "/vector_stores/{id}", "id", idempotent=True),
    "vector_stores.delete": _beta("DELETE", "/vector_stores/{id}", "deleted"),
    "vector_stores.search": _beta("POST", "/vector_stores/{id}/search", "data", idempotent=True),
    "vector_stores.files.create": _beta("POST", "/vector_stores/{id}/files", "id", "status", idempotent=True),
    "vector_stores.files.list": _beta("GET", "/vector_stores/{id}/files", "data"),
    "vector_stores.files.get": _beta("GET", "/vector_stores/{id}/files/{file}", "id", "status"),
    "vector_stores.files.update": _beta("POST", "/vector_stores/{id}/files/{file}", "id", idempotent=True),
    "vector_stores.files.delete": _beta("DELETE", "/vector_stores/{id}/files/{file}", "deleted"),
    "vector_stores.files.content": _beta("GET", "/vector_stores/{id}/files/{file}/content", "data"),
    "vector_stores.file_batches.create": _beta("POST", "/vector_stores/{id}/file_batches", "id", "status"),
    "vector_stores.file_batches.get": _beta("GET", "/vector_stores/{id}/file_batches/{batch}", "id", "status"),
    "vector_stores.file_batches.cancel": _beta(
        "POST", "/vector_stores/{id}/file_batches/{batch}/cancel", "id", idempotent=True
    ),
    "vector_stores.file_batches.files": _beta("GET", "/vector_stores/{id}/file_batches/{batch}/files", "data"),
}

_RUN: Final = "/threads/{thread}/runs/{run}"

ASSISTANTS: Final[Mapping[str, Operation]] = {
    "assistants.create": _beta("POST", "/assistants", "id", note=_OFF),
    "assistants.list": _beta("GET", "/assistants", "data", note=_OFF),
    "assistants.get": _beta("GET", "/assistants/{id}", "id", note=_OFF),
    "assistants.update": _beta("POST", "/assistants/{id}", "id", idempotent=True, note=_OFF),
    "assistants.delete": _beta("DELETE", "/assistants/{id}", "deleted", note=_OFF),
    "threads.create": _beta("POST", "/threads", "id", note=_OFF),
    "threads.get": _beta("GET", "/threads/{id}", "id", note=_OFF),
    "threads.update": _beta("POST", "/threads/{id}", "id", idempotent=True, note=_OFF),
    "threads.delete": _beta("DELETE", "/threads/{id}", "deleted", note=_OFF),
    "threads.create_and_run": _beta("POST", "/threads/runs", "id", "status", note=f"Streams. {_OFF}"),
    "threads.messages.create": _beta("POST", "/threads/{thread}/messages", "id", note=_OFF),
    "threads.messages.list": _beta("GET", "/threads/{thread}/messages", "data", note=_OFF),
    "threads.messages.get": _beta("GET", "/threads/{thread}/messages/{message}", "id", note=_OFF),
    "threads.messages.update": _beta("POST", "/threads/{thread}/messages/{message}", "id", idempotent=True, note=_OFF),
    "threads.messages.delete": _beta("DELETE", "/threads/{thread}/messages/{message}", "deleted", note=_OFF),
    "threads.runs.create": _beta("POST", "/threads/{thread}/runs", "id", "status", note=f"Streams. {_OFF}"),
    "threads.runs.list": _beta("GET", "/threads/{thread}/runs", "data", note=_OFF),
    "threads.runs.get": _beta("GET", _RUN, "id", "status", note=_OFF),
    "threads.runs.update": _beta("POST", _RUN, "id", idempotent=True, note=_OFF),
    "threads.runs.cancel": _beta("POST", f"{_RUN}/cancel", "id", idempotent=True, note=_OFF),
    "threads.runs.submit_tool_outputs": _beta(
        "POST", f"{_RUN}/submit_tool_outputs", "id", "status", note=f"Streams. {_OFF}"
    ),
    "threads.runs.steps.list": _beta("GET", f"{_RUN}/steps", "data", note=_OFF),
    "threads.runs.steps.get": _beta("GET", f"{_RUN}/steps/{{step}}", "id", note=_OFF),
}

VIDEOS: Final[Mapping[str, Operation]] = {
    "videos.create": Operation("POST", "/videos", fields=("id", "status"), note=f"A form. {_NO_VIDEO}"),
    "videos.list": Operation("GET", "/videos", fields=_DATA, note=_NO_VIDEO),
    "videos.get": Operation("GET", "/videos/{id}", fields=("id", "status"), note=_NO_VIDEO),
    "videos.delete": Operation("DELETE", "/videos/{id}", fields=_ID, note=_NO_VIDEO),
    "videos.content": Operation("GET", "/videos/{id}/content", answer="bytes", note=_NO_VIDEO),
    "videos.remix": Operation("POST", "/videos/{id}/remix", fields=("id", "status"), note=_NO_VIDEO),
}

RESOURCES: Final[Mapping[str, Operation]] = {
    **RESPONSES,
    **STORED,
    **FILES,
    **TRAINING,
    **STORES,
    **ASSISTANTS,
    **VIDEOS,
}
"""All of them: what OpenAI's codec has beside its unified operations and its media."""
