"""Moderations on the OpenAI wire (OpenAI API reference, moderations)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.results import Moderation, Verdict
from ipfs_accel_async.types import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.payloads import ModerateRequest
    from ipfs_accel_async.providers._codec import CallFacts


def moderate_body(call: CallFacts, request: ModerateRequest) -> dict[str, Any]:
    """The body of a moderation; `params` override all.

    Raises:
        InvalidRequestError: An image among other inputs: the service judges those as one, so that no verdict is of
            one of them.
    """
    value: list[Any] = list(request.inputs)
    images = [one for one in request.inputs if isinstance(one, Image)]
    if images and len(value) > 1:
        fault = (
            f"{call.target.provider} gives one verdict on an image and what comes with it: "
            "moderate each image in a call of its own"
        )
        raise refused(call, fault)
    if images:
        value = [_image(call, images[0])]
    return {"model": call.target.model, "input": value, **request.params}


def moderation_of(data: Mapping[str, Any], meta: dict[str, Any], count: int) -> Moderation:
    """One verdict an input.

    Args:
        data: Parsed JSON.
        meta: What every answer carries.
        count: How many inputs were sent.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type, or verdicts are.
    """
    results = data.get("results")
    if not isinstance(results, list):
        raise KeyError("results")
    if len(results) != count:
        raise ValueError(f"results has {len(results)} verdicts for {count} inputs")
    verdicts = tuple(_verdict(result, place) for place, result in enumerate(results))
    return Moderation(**meta, verdicts=verdicts, model=data.get("model") or "", raw=data)


def _verdict(result: Any, place: int) -> Verdict:
    flagged = result.get("flagged") if isinstance(result, dict) else None
    if not isinstance(flagged, bool):
        raise KeyError(f"results[{place}].flagged")
    scores = {name: float(score) for name, score in (result.get("category_scores") or {}).items() if score is not None}
    return Verdict(flagged, tuple(name for name, hit in (result.get("categories") or {}).items() if hit), scores)


def _image(call: CallFacts, image: Image) -> dict[str, Any]:
    if not image.url and not image.data:
        raise refused(call, "an image has neither url nor data: give one of them")
    url = image.url or f"data:{image.media_type};base64,{b64encode(image.data).decode('ascii')}"
    return {"type": "image_url", "image_url": {"url": url}}
