"""Images as OpenAI serves them: generations, edits and variations.

Source: OpenAI API reference, images. An image has the size that was asked for and two colours that the prompt decides.
"""

import base64
import re
from collections.abc import Callable
from typing import Any

from .answers import count, digest
from .forms import Part, parse_form
from .openai_dialect import SSE
from .openai_requests import model_of
from .synthetic_media import png
from .twin import Answer, Ask, Frames, RejectError, Twin, Whole, dumps, fields

_SIZE = re.compile(r"([1-9]\d{1,3})x([1-9]\d{1,3})")
_MODEL = "gpt-image-1"
_IMAGE_TOKENS = 272


class OpenAIImages(Twin):
    """Mixed into twins that draw."""

    def image_routes(self) -> dict[tuple[str, str], Callable[[Ask], Answer]]:
        """Return the routes of this module."""
        base = f"{self.base_path}/images"
        return {
            ("POST", f"{base}/generations"): self.generations,
            ("POST", f"{base}/edits"): self.edits,
            ("POST", f"{base}/variations"): self.variations,
        }

    def generations(self, ask: Ask) -> Answer:
        """POST images/generations."""
        body = fields(ask, "We could not parse the JSON body of your request.")
        if not isinstance(body.get("prompt"), str) or not body["prompt"]:
            raise RejectError(400, "Missing required parameter: 'prompt'.", param="prompt")
        return self._drawn(ask, "image_generation", body, body["prompt"])

    def edits(self, ask: Ask) -> Answer:
        """POST images/edits: a form with one ``image`` or several ``image[]``."""
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        given = _images(form)
        body = _values(form)
        if not body.get("prompt"):
            raise RejectError(400, "Missing required parameter: 'prompt'.", param="prompt")
        return self._drawn(ask, "image_edit", body, body["prompt"], given)

    def variations(self, ask: Ask) -> Answer:
        """POST images/variations."""
        form = parse_form(ask.headers.get("content-type", ""), ask.raw)
        given = _images(form)
        return self._drawn(ask, "image_variation", {"model": "dall-e-2", **_values(form)}, "", given)

    def _drawn(
        self, ask: Ask, kind: str, body: dict[str, Any], prompt: str, given: list[bytes] | None = None
    ) -> Answer:
        model = model_of({"model": body.get("model") or _MODEL})
        old = model.startswith("dall-e")
        wanted = _whole(body, "n", 1, 10)
        width, height = _size(body.get("size") or "auto")
        clear = body.get("background") == "transparent"
        seen = b"".join(given or [])
        made = [
            png(width, height, digest(self.seed, self.name, model, prompt, seen.hex(), place), clear=clear)
            for place in range(wanted)
        ]
        packed = [base64.b64encode(one).decode() for one in made]
        usage = {
            "input_tokens": count(prompt),
            "input_tokens_details": {"image_tokens": 0, "text_tokens": count(prompt)},
            "output_tokens": _IMAGE_TOKENS * wanted,
            "total_tokens": count(prompt) + _IMAGE_TOKENS * wanted,
        }
        told = {
            "size": f"{width}x{height}",
            "quality": "low",
            "background": "transparent" if clear else "opaque",
            "output_format": "png",
        }
        if body.get("stream") in (True, "true"):
            return self._streamed(kind, packed, _whole(body, "partial_images", 0, 3), told, usage)
        if (body.get("response_format") or ("url" if old else "b64_json")) == "url":
            data = [
                {"url": f"https://images.simulator.invalid/{self.ident('img-', ask)}-{i}.png"} for i in range(wanted)
            ]
        else:
            data = [{"b64_json": text} for text in packed]
        reply: dict[str, Any] = {"created": int(self.clock()), "data": data}
        if not old:
            reply |= told | {"usage": usage}
        return Whole(dumps(reply), tokens=0 if old else usage["total_tokens"])  # type: ignore[arg-type]

    def _streamed(
        self, kind: str, packed: list[str], partial: int, told: dict[str, Any], usage: dict[str, Any]
    ) -> Frames:
        frames = []
        for image in packed:
            common = {"b64_json": image, "created_at": int(self.clock()), **told}
            frames += [_named(f"{kind}.partial_image", common | {"partial_image_index": i}) for i in range(partial)]
            frames.append(_named(f"{kind}.completed", common | {"usage": usage}))
        return Frames(frames, SSE, tokens=usage["total_tokens"])


def _named(name: str, value: dict[str, Any]) -> bytes:
    return f"event: {name}\n".encode() + b"data: " + dumps({"type": name, **value}) + b"\n\n"


def _images(form: dict[str, list[Part]]) -> list[bytes]:
    parts = form.get("image", []) + form.get("image[]", [])
    if not parts:
        raise RejectError(400, "Missing required parameter: 'image'.", param="image")
    if not all(part.filename and part.data for part in parts):
        raise RejectError(400, "Invalid file 'image': unsupported mimetype or empty file.", param="image")
    return [part.data for part in parts]


def _values(form: dict[str, list[Part]]) -> dict[str, Any]:
    return {name: parts[0].text for name, parts in form.items() if not parts[0].filename}


def _whole(body: dict[str, Any], name: str, least: int, most: int) -> int:
    text = str(least if body.get(name) is None else body[name])
    if not text.isdecimal() or not least <= int(text) <= most:
        raise RejectError(400, f"Invalid '{name}': must be an integer from {least} to {most}.", param=name)
    return int(text)


def _size(text: str) -> tuple[int, int]:
    if text == "auto":
        return 1024, 1024
    hit = _SIZE.fullmatch(text)
    if hit is None or max(map(int, hit.groups())) > 4096:
        raise RejectError(400, f"Invalid value: '{text}' for 'size'.", param="size")
    return int(hit[1]), int(hit[2])
