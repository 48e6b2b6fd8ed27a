"""Videos of the OpenAI twin: made at the third look, of no frames.

Source: OpenAI SDK, videos. The vendor has switched them off; the twin serves them as others still do.
"""

from typing import Any

from .answers import digest
from .forms import parse_form
from .openai_resources_lists import Routes, asked, deleted, everything, needed, paged, told
from .shelf import Shelf
from .twin import Answer, Ask, RejectError, Twin, Whole

_STEPS = {"queued": ("in_progress", 50), "in_progress": ("completed", 100)}
_MEDIA = {"video": "video/mp4", "thumbnail": "image/webp", "spritesheet": "image/jpeg"}
_HEAD = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"  # the box that an MP4 file begins with


class VideoResources:
    """Videos, by id. Each look at one takes it a step further."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._videos = Shelf("video")

    def routes(self) -> Routes:
        """Return the table's rows."""
        path = f"{self._twin.base_path}/videos"
        return {
            ("POST", path): self.create,
            ("GET", path): lambda ask: paged(ask, everything(self._videos)),
            ("GET", f"{path}/{{id}}"): self.get,
            ("DELETE", f"{path}/{{id}}"): lambda ask: deleted(self._videos, ask.args["id"], "video.deleted"),
            ("GET", f"{path}/{{id}}/content"): self.content,
            ("POST", f"{path}/{{id}}/remix"): self.remix,
        }

    def create(self, ask: Ask) -> Answer:
        """POST videos."""
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        values = {name: parts[0].text for name, parts in form.items() if not parts[0].filename}
        return told(self._make(ask, values))

    def get(self, ask: Ask) -> Answer:
        """GET videos/{id}."""
        video = self._videos.get(ask.args["id"])
        step = _STEPS.get(video["status"])
        if step is not None:
            video |= {"status": step[0], "progress": step[1]}
        if video["status"] == "completed":
            video["completed_at"] = int(self._twin.clock())
        return told(video)

    def content(self, ask: Ask) -> Answer:
        """GET videos/{id}/content."""
        video = self._videos.get(ask.args["id"])
        variant = ask.query.get("variant") or "video"
        if variant not in _MEDIA:
            raise RejectError(400, f"Invalid value: '{variant}'.", param="variant")
        if video["status"] != "completed":
            raise RejectError(404, "Video is not ready yet, use GET /v1/videos/{video_id} to check status.")
        return Whole(_HEAD + digest(self._twin.seed, video["prompt"], variant), media=_MEDIA[variant])

    def remix(self, ask: Ask) -> Answer:
        """POST videos/{id}/remix."""
        source = self._videos.get(ask.args["id"])
        if source["status"] != "completed":
            raise RejectError(400, "Only a completed video can be remixed.")
        values = {**source, "prompt": needed(asked(ask), "prompt")}
        return told({**self._make(ask, values), "remixed_from_video_id": source["id"]})

    def _make(self, ask: Ask, values: dict[str, Any]) -> dict[str, Any]:
        key = self._twin.ident("video_", ask)
        value = {
            "id": key,
            "object": "video",
            "model": values.get("model") or "sora-2",
            "prompt": needed(values, "prompt"),
            "seconds": str(values.get("seconds") or "4"),
            "size": values.get("size") or "720x1280",
            "status": "queued",
            "progress": 0,
            "created_at": int(self._twin.clock()),
            "completed_at": None,
            "expires_at": None,
            "error": None,
            "remixed_from_video_id": None,
        }
        return self._videos.put(key, value)
