"""Claude's files: a beta under version 2023-06-01 (Claude API reference, Files)."""

from datetime import UTC, datetime

from .claude_lists import numbered_page, page
from .claude_prompt import OLD
from .forms import parse_form
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Twin, Whole, dumps

BETA = "files-api-2025-04-14"


class Files:
    """The files of one service; what was uploaded cannot be downloaded, but for names that begin with ``made``."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._known = Shelf("file")
        self._data: dict[str, bytes] = {}
        for method, path, route in (
            ("POST", "/v1/files", self.upload),
            ("GET", "/v1/files", self.list),
            ("GET", "/v1/files/{id}", self.get),
            ("DELETE", "/v1/files/{id}", self.delete),
            ("GET", "/v1/files/{id}/content", self.content),
        ):
            twin.routes[method, path] = route

    def text(self, key: str) -> tuple[str, str]:
        """Return the name and the text of a file; of one that is no text, none.

        Raises:
            RejectError: 404, there is none.
        """
        known = self._known.get(key)
        kind = known["mime_type"]
        return known["filename"], self._data[key].decode("utf-8", "replace") if kind.startswith("text/") else ""

    def upload(self, ask: Ask) -> Answer:
        """POST files."""
        self._want_beta(ask)
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        if not form.get("file") or not form["file"][0].filename:
            raise RejectError(400, "file: Field required")
        part = form["file"][0]
        key = self._twin.ident("file_", ask)
        expires = None
        if "expires_in_seconds" in form:
            expires = self._time(int(form["expires_in_seconds"][0].text))
        self._data[key] = part.data
        value = {
            "id": key,
            "type": "file",
            "filename": part.filename,
            "mime_type": part.media,
            "size_bytes": len(part.data),
            "created_at": self._time(0),
            "downloadable": part.filename.startswith("made"),
            "expires_at": expires,
        }
        return Whole(dumps(self._known.put(key, value)))

    def list(self, ask: Ask) -> Answer:
        """GET files, in the pages of the version."""
        self._want_beta(ask)
        items = self._known.page(None, len(self._known))[0][::-1]
        old = ask.headers.get("anthropic-version") == OLD
        return Whole(dumps(page(ask, items) if old else numbered_page(ask, items)))

    def get(self, ask: Ask) -> Answer:
        """GET files/{id}."""
        self._want_beta(ask)
        return Whole(dumps(self._known.get(ask.args["id"])))

    def delete(self, ask: Ask) -> Answer:
        """DELETE files/{id}."""
        self._want_beta(ask)
        key = self._known.pop(ask.args["id"])["id"]
        del self._data[key]
        return Whole(dumps({"id": key, "type": "file_deleted"}))

    def content(self, ask: Ask) -> Answer:
        """GET files/{id}/content."""
        self._want_beta(ask)
        known = self._known.get(ask.args["id"])
        if not known["downloadable"]:
            raise RejectError(400, f"File {known['id']} is not downloadable.")
        return Whole(self._data[known["id"]], media=known["mime_type"])

    def _want_beta(self, ask: Ask) -> None:
        if ask.headers.get("anthropic-version") == OLD and BETA not in ask.headers.get("anthropic-beta", ""):
            raise RejectError(404, "Not found")

    def _time(self, later: int) -> str:
        return f"{datetime.fromtimestamp(self._twin.clock() + later, UTC):%Y-%m-%dT%H:%M:%SZ}"
