"""Images on the OpenAI wire, made and changed (OpenAI API reference, images)."""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import NO_USAGE, Usage
from ipfs_accel_async.providers._json import dumps
from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.providers._operation import Content
from ipfs_accel_async.results import Picture, Pictures
from ipfs_accel_async.wire import multipart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.payloads import ImageRequest
    from ipfs_accel_async.providers._codec import CallFacts

GENERATIONS = "/images/generations"
EDITS = "/images/edits"


def image_path(request: ImageRequest) -> str:
    """Where the request goes: images to start from make it an edit."""
    return EDITS if request.images else GENERATIONS


def image_content(call: CallFacts, request: ImageRequest) -> Content:
    """The body: JSON for a new image, a form for images to change; `params` override all."""
    values: dict[str, Any] = {"model": call.target.model, "prompt": request.prompt}
    if request.n is not None:
        values["n"] = request.n
    if request.size:
        values["size"] = request.size
    values.update(request.params)
    if not request.images:
        return Content(dumps(values))
    values["image"] = request.images[0] if len(request.images) == 1 else request.images
    values["mask"] = request.mask
    return Content(*multipart.encode(form_of(values)))


def pictures_of(data: Mapping[str, Any], meta: dict[str, Any]) -> Pictures:
    """The images of an answer, as bytes or addresses.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type, or there is no image.
    """
    items = data.get("data")
    if not isinstance(items, list) or not items:
        raise KeyError("data[0]")
    media_type = f"image/{data.get('output_format') or 'png'}"
    return Pictures(
        **meta,
        pictures=tuple(_picture(item, place, media_type) for place, item in enumerate(items)),
        usage=image_usage(data.get("usage")),
        model=data.get("model") or "",
        raw=data,
    )


def image_usage(counts: Any) -> Usage:
    """Token counts, of the models that count images in tokens."""
    if not counts:
        return NO_USAGE
    read, written = int(counts.get("input_tokens") or 0), int(counts.get("output_tokens") or 0)
    cached = (counts.get("input_tokens_details") or {}).get("cached_tokens")
    return Usage(read, written, int(counts.get("total_tokens") or 0) or read + written, int(cached or 0))


def _picture(item: Any, place: int, media_type: str) -> Picture:
    if not isinstance(item, dict):
        raise TypeError(f"data[{place}] is no object")
    packed, url = item.get("b64_json"), item.get("url")
    if not packed and not url:
        raise KeyError(f"data[{place}].b64_json")
    try:
        data = a2b_base64(packed, strict_mode=True) if packed else b""
    except (TypeError, ValueError) as error:
        raise ValueError(f"data[{place}].b64_json: {error}") from None
    return Picture(data, url or "", media_type, item.get("revised_prompt") or "")
