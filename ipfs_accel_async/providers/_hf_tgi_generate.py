"""TGI's own generation: ``/generate`` and ``/generate_stream`` (Text Generation Inference, OpenAPI description)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import NO_USAGE, Delta, Reply, Usage
from ipfs_accel_async.providers._parts import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.payloads import CompleteRequest
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.wire.http import Headers

_SAMPLING = ("do_sample", "top_k", "top_p", "typical_p")


def generate_body(call: CallFacts, request: CompleteRequest) -> dict[str, Any]:
    """The body of a generation. The details are asked for, as they alone have the counts; `params` override all.

    Args:
        call: The call that it is for.
        request: What to go on from; its `params` are the server's ``parameters``.

    Raises:
        InvalidRequestError: Something that the server has no word for.
    """
    check_suffix(call, request)
    parameters: dict[str, Any] = {"details": True}
    if request.max_tokens is not None:
        parameters["max_new_tokens"] = request.max_tokens
    if request.temperature:
        parameters["temperature"] = request.temperature
    elif request.temperature is not None and any(request.params.get(name) for name in _SAMPLING):
        # without any of these the server takes the likeliest token, which is what 0 asks for; it takes no 0 itself
        raise refused(call, f"hf_tgi has no temperature of 0 beside {', '.join(_SAMPLING)}: pass the one or the others")
    if request.stop:
        parameters["stop"] = list(request.stop)
    if request.seed is not None:
        parameters["seed"] = request.seed
    return {"inputs": request.prompts[0], "parameters": {**parameters, **request.params}}


def check_suffix(call: CallFacts, request: CompleteRequest) -> None:
    """Refuse what no route of the server fills in.

    Raises:
        InvalidRequestError: There is a suffix.
    """
    if request.suffix:
        raise refused(call, "hf_tgi fills in no gap: leave suffix out, or write the model's own marks into the prompt")


def generated_reply(data: Mapping[str, Any], headers: Headers, meta: dict[str, Any]) -> Reply:
    """The reply in a whole answer.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type.
    """
    text = data["generated_text"]
    if not isinstance(text, str):
        raise TypeError("generated_text is no string")
    details = data.get("details") or {}
    return Reply(
        **meta,
        text=text,
        finish_reason=finish(details.get("finish_reason") or ""),
        usage=generated_usage(details, headers),
        raw=data,
    )


def generated_delta(data: Mapping[str, Any]) -> Delta:
    """The delta in one event: a token, which is text unless it is a special one. The last has the whole text too.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type.
    """
    token = data["token"]
    text = token["text"]
    if not isinstance(text, str):
        raise TypeError("token.text is no string")
    if token.get("special"):
        text = ""
    if data.get("generated_text") is None:
        return Delta(text, raw=data)
    details = data.get("details") or {}
    usage = _usage(details, int(details.get("input_length") or 0))
    reason = finish(details.get("finish_reason") or "")
    return Delta(text, finish_reason=reason, usage=usage if usage.total_tokens else None, end=True, raw=data)


def finish(reason: str, *, called: bool = False) -> str:
    """Our word for it: the server says how the text ended, not that it was a tool call."""
    if reason in {"eos_token", "stop_sequence"}:
        reason = "stop"
    return "tool_calls" if called and reason in {"", "stop"} else reason


def generated_usage(details: Mapping[str, Any], headers: Headers) -> Usage:
    """The counts of a whole answer: its `details`, and a header for the prompt."""
    return _usage(details, _prompt_tokens(details, headers))


def _usage(details: Mapping[str, Any], prompt: int) -> Usage:
    made = int(details.get("generated_tokens") or 0)
    return Usage(prompt, made, prompt + made) if prompt or made else NO_USAGE


def _prompt_tokens(details: Mapping[str, Any], headers: Headers) -> int:
    """They are in a header; where a proxy took that away, in the details if these list them."""
    told = headers.get("x-prompt-tokens") or ""
    return int(told) if told.isdecimal() and len(told) < 16 else len(details.get("prefill") or ())
