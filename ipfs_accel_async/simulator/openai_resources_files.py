"""Files, uploads in parts and containers of the OpenAI twin.

Source: OpenAI API reference, files, uploads and containers.
"""

from typing import Any

from .forms import Part, parse_form
from .openai_resources_lists import Routes, asked, deleted, everything, needed, paged, told
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Twin, Whole

PURPOSES = frozenset({"assistants", "batch", "fine-tune", "vision", "user_data", "evals"})
HOUR = 3600


class FileResources:
    """What a twin was given to keep, and what it made: `put` is for the latter."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._files, self._uploads = Shelf("File object"), Shelf("Upload")
        self._data: dict[str, bytes] = {}
        self._parts: dict[str, tuple[str, bytes]] = {}

    def routes(self) -> Routes:
        """Return the table's rows."""
        base = self._twin.base_path
        files, uploads = f"{base}/files", f"{base}/uploads"
        return {
            ("POST", files): self.create,
            ("GET", files): self.listed,
            ("GET", f"{files}/{{id}}"): lambda ask: told(self._files.get(ask.args["id"])),
            ("DELETE", f"{files}/{{id}}"): lambda ask: deleted(self._files, ask.args["id"], "file"),
            ("GET", f"{files}/{{id}}/content"): self.content,
            ("POST", uploads): self.begin,
            ("POST", f"{uploads}/{{id}}/parts"): self.add,
            ("POST", f"{uploads}/{{id}}/complete"): self.complete,
            ("POST", f"{uploads}/{{id}}/cancel"): self.cancel,
        }

    def put(self, ask: Ask, name: str, purpose: str, data: bytes, mark: str = "") -> dict[str, Any]:
        """Keep a file; `mark` tells those of one request apart."""
        key = self._twin.ident(f"file-{mark}", ask)
        self._data[key] = data
        value = {
            "id": key,
            "object": "file",
            "bytes": len(data),
            "created_at": int(self._twin.clock()),
            "filename": name,
            "purpose": purpose,
            "status": "processed",
            "status_details": None,
        }
        return self._files.put(key, value)

    def read(self, key: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            RejectError: 404, there is none.
        """
        self._files.get(key)
        return self._data[key]

    def card(self, key: str) -> dict[str, Any]:
        """Return what is known of a file.

        Raises:
            RejectError: 404, there is none.
        """
        return self._files.get(key)

    def create(self, ask: Ask) -> Answer:
        """POST files."""
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        purpose = _purpose(form["purpose"][0].text if "purpose" in form else None)
        file = _file(form, "file")
        value = self.put(ask, file.filename or "file", purpose, file.data)
        seconds = form.get("expires_after[seconds]")
        if seconds:
            value["expires_at"] = value["created_at"] + int(seconds[0].text)
        return told(value)

    def listed(self, ask: Ask) -> Answer:
        """GET files."""
        wanted = ask.query.get("purpose")
        found = [file for file in everything(self._files) if wanted in (None, file["purpose"])]
        return paged(ask, found, limit=10_000)

    def content(self, ask: Ask) -> Answer:
        """GET files/{id}/content."""
        return Whole(self.read(ask.args["id"]), media="application/octet-stream")

    def begin(self, ask: Ask) -> Answer:
        """POST uploads."""
        body = asked(ask)
        size, now = needed(body, "bytes", int), int(self._twin.clock())
        needed(body, "mime_type")
        key = self._twin.ident("upload_", ask)
        value = {
            "id": key,
            "object": "upload",
            "bytes": size,
            "created_at": now,
            "filename": needed(body, "filename"),
            "purpose": _purpose(body.get("purpose")),
            "status": "pending",
            "expires_at": now + HOUR,
        }
        return told(self._uploads.put(key, value))

    def add(self, ask: Ask) -> Answer:
        """POST uploads/{id}/parts."""
        upload = self._pending(ask)
        part = _file(parse_form(ask.headers.get("content-type", ""), ask.raw), "data")
        key = self._twin.ident("part_", ask)
        self._parts[key] = (upload["id"], part.data)
        now = int(self._twin.clock())
        return told({"id": key, "object": "upload.part", "created_at": now, "upload_id": upload["id"]})

    def complete(self, ask: Ask) -> Answer:
        """POST uploads/{id}/complete."""
        upload = self._pending(ask)
        ids = needed(asked(ask), "part_ids", list)
        for key in ids:
            if self._parts.get(key, ("", b""))[0] != upload["id"]:
                raise RejectError(400, f"Part {key} does not belong to the upload.", param="part_ids")
        data = b"".join(self._parts[key][1] for key in ids)
        if len(data) != upload["bytes"]:
            raise RejectError(400, f"The parts have {len(data)} bytes, the upload {upload['bytes']}.")
        upload["status"] = "completed"
        upload["file"] = self.put(ask, upload["filename"], upload["purpose"], data)
        return told(upload)

    def cancel(self, ask: Ask) -> Answer:
        """POST uploads/{id}/cancel."""
        upload = self._pending(ask)
        upload["status"] = "cancelled"
        return told(upload)

    def _pending(self, ask: Ask) -> dict[str, Any]:
        upload = self._uploads.get(ask.args["id"])
        if upload["status"] != "pending":
            raise RejectError(400, f"The upload is {upload['status']}.")
        return upload


def _purpose(value: Any) -> str:
    if value not in PURPOSES:
        names = ", ".join(sorted(PURPOSES))
        raise RejectError(400, f"'{value}' is not one of {names} - 'purpose'", param="purpose")
    return str(value)


def _file(form: dict[str, list[Part]], name: str) -> Part:
    if name not in form:
        raise RejectError(400, f"'{name}' is a required property", param=name)
    return form[name][0]
