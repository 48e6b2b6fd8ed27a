"""Files of the Gemini twin, and their resumable upload.

Source: Gemini API reference: files; the X-Goog-Upload-* headers of Google's resumable uploads.
"""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from .gemini_answers import page
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Whole, dumps

GRANULARITY = 262_144
_LIFE = 48 * 3600
_HOST = "https://generativelanguage.googleapis.com"


def stamp(seconds: float) -> str:
    """A moment as the service writes it (RFC 3339)."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


class Files:
    """What was uploaded, and uploads on their way.

    Args:
        clock: Wall clock.
        ident: Makes ids.
    """

    def __init__(self, clock: Callable[[], float], ident: Callable[[str, Ask], str]) -> None:
        self._clock, self._ident = clock, ident
        self._files = Shelf("file")
        self._bytes: dict[str, bytes] = {}
        self._uploads: dict[str, dict[str, Any]] = {}

    def routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """What it serves."""
        return {
            ("POST", "/upload/{version}/files"): self.upload,
            ("GET", "/{version}/files"): lambda ask: page(ask, "files", self._files.page(None, 1_000_000)[0]),
            ("GET", "/{version}/files/{file}"): self.get,
            ("DELETE", "/{version}/files/{file}"): self.delete,
            ("GET", "/download/{version}/files/{file}:download"): self.download,
            ("GET", "/{version}/files/{file}:download"): self.download,
        }

    def upload(self, ask: Ask) -> Answer:
        """POST upload/files: begin, go on, end, or tell how far it came."""
        command = ask.headers.get("x-goog-upload-command", "")
        if command == "start":
            return self._start(ask)
        upload = self._uploads.get(ask.query.get("upload_id", ""))
        if upload is None:
            raise RejectError(404, "The upload does not exist, or is over.")
        if command in {"upload", "upload, finalize"}:
            if ask.headers.get("x-goog-upload-offset") != str(len(upload["data"])):
                raise RejectError(400, f"The offset must be {len(upload['data'])}.")
            upload["data"] += ask.raw
        elif command != "query":
            raise RejectError(400, f"Invalid X-Goog-Upload-Command: {command!r}")
        if command != "upload, finalize":
            return self._step(upload)
        if len(upload["data"]) != upload["size"]:
            raise RejectError(400, f"The upload has {len(upload['data'])} bytes, not {upload['size']}.")
        file = self.keep(ask, bytes(upload["data"]), upload["meta"])
        upload["file"], upload["state"] = file, "final"
        return self._step(upload)

    def keep(self, ask: Ask, data: bytes, meta: dict[str, Any], *, source: str = "UPLOADED") -> dict[str, Any]:
        """Make a file of bytes."""
        name = meta.get("name") or f"files/{self._ident('', ask)}"
        now, kind = self._clock(), meta.get("mimeType") or "application/octet-stream"
        file = {
            "name": name,
            **({"displayName": meta["displayName"]} if meta.get("displayName") else {}),
            "mimeType": kind,
            "sizeBytes": str(len(data)),
            "createTime": stamp(now),
            "updateTime": stamp(now),
            "expirationTime": stamp(now + _LIFE),
            "sha256Hash": base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode(),
            "uri": f"{_HOST}/v1beta/{name}",
            "state": "PROCESSING" if kind.startswith("video/") else "ACTIVE",
            "source": source,
        }
        if name in self._files:
            raise RejectError(409, f"The file {name} exists.")
        self._bytes[name] = data
        return self._files.put(name, file)

    def get(self, ask: Ask) -> Answer:
        """GET files/{file}; a video is processed by the time it is asked for again."""
        file = self._find(ask)
        shown = dumps(file)
        file["state"] = "ACTIVE"
        return Whole(shown)

    def delete(self, ask: Ask) -> Answer:
        """DELETE files/{file}."""
        self._files.pop(self._find(ask)["name"])
        return Whole(b"{}")

    def download(self, ask: Ask) -> Answer:
        """GET files/{file}:download, of what the service made itself."""
        file = self._find(ask)
        if file["source"] != "GENERATED":
            raise RejectError(400, "Only generated files can be downloaded.")
        return Whole(self._bytes[file["name"]], media=file["mimeType"])

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The JSON lines of a file.

        Raises:
            RejectError: 400, they are none; or there is no such file.
        """
        self.check(name)
        try:
            return [orjson.loads(line) for line in self._bytes[name].splitlines() if line.strip()]
        except orjson.JSONDecodeError:
            raise RejectError(400, f"{name} is not a file of JSON lines.") from None

    def check(self, name: str) -> None:
        """Refuse a file that is not there or not processed yet, as a prompt that refers to it is."""
        if name not in self._files:
            fault = f"You do not have permission to access the File {name[6:]} or it may not exist."
            raise RejectError(403, fault)
        if self._files.get(name)["state"] != "ACTIVE":
            raise RejectError(400, f"The File {name[6:]} is not in an ACTIVE state and usage is not allowed.")

    def _start(self, ask: Ask) -> Answer:
        size = ask.headers.get("x-goog-upload-header-content-length", "")
        if not size.isdecimal():
            raise RejectError(400, "X-Goog-Upload-Header-Content-Length is missing.")
        told = ask.body.get("file") if isinstance(ask.body, dict) else None
        meta = dict(told) if isinstance(told, dict) else {}
        meta["mimeType"] = ask.headers.get("x-goog-upload-header-content-type") or meta.get("mimeType")
        key = self._ident("up", ask)
        self._uploads[key] = {"meta": meta, "size": int(size), "data": bytearray(), "state": "active"}
        url = f"http://{ask.headers.get('host', 'localhost')}{ask.path}?upload_id={key}&upload_protocol=resumable"
        granularity = {"x-goog-upload-url": url, "x-goog-upload-chunk-granularity": str(GRANULARITY)}
        return Whole(b"", headers={**granularity, "x-goog-upload-status": "active"})

    def _step(self, upload: dict[str, Any]) -> Answer:
        headers = {"x-goog-upload-status": upload["state"], "x-goog-upload-size-received": str(len(upload["data"]))}
        return Whole(dumps({"file": upload["file"]}) if "file" in upload else b"", headers=headers)

    def _find(self, ask: Ask) -> dict[str, Any]:
        name = f"files/{ask.args['file']}"
        if name not in self._files:
            fault = f"You do not have permission to access the File {name[6:]} or it may not exist."
            raise RejectError(403, fault)
        return self._files.get(name)
