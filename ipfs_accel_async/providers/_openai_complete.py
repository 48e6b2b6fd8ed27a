"""Completions of texts on the OpenAI wire: bodies, answers, chunks (OpenAI API reference, completions)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.answers import Delta, Reply
from ipfs_accel_async.providers._openai_parse import usage_of
from ipfs_accel_async.results import Completions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.payloads import CompleteRequest
    from ipfs_accel_async.providers._codec import CallFacts

_NONE: tuple[Delta, ...] = ()


def complete_body(call: CallFacts, request: CompleteRequest, *, stream_usage: bool = True) -> dict[str, Any]:
    """The body of a completion; only what is set goes in, and `params` override all.

    Args:
        call: The call that it is for: ``complete`` sends its one prompt, ``complete_batch`` a list.
        request: What to go on from.
        stream_usage: Whether a stream must be asked for its token counts.
    """
    batch = call.operation == "complete_batch"
    body: dict[str, Any] = {
        "model": call.target.model,
        "prompt": list(request.prompts) if batch else request.prompts[0],
    }
    if request.suffix:
        body["suffix"] = request.suffix
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.stop:
        body["stop"] = list(request.stop)
    if request.seed is not None:
        body["seed"] = request.seed
    if request.stream:
        body["stream"] = True
        if stream_usage:
            body["stream_options"] = {"include_usage": True}
    body.update(request.params)
    return body


def completed_reply(data: Mapping[str, Any], meta: dict[str, Any]) -> Reply:
    """The reply in a completion: its first choice, as of a chat.

    Raises:
        KeyError, TypeError: A field is missing or of the wrong type; the message has its path.
    """
    choice = _choices(data)[0]
    return Reply(
        **meta,
        text=_text(choice, 0),
        finish_reason=choice.get("finish_reason") or "",
        usage=usage_of(data.get("usage")),
        model=data.get("model") or "",
        id=data.get("id") or "",
        raw=data,
    )


def completions_of(data: Mapping[str, Any], meta: dict[str, Any], count: int) -> Completions:
    """One reply a prompt; of several choices for each (`n`) the first.

    The service counts the tokens of all prompts together: they are the usage of the whole, not of its replies.

    Args:
        data: Parsed JSON.
        meta: What every answer carries.
        count: How many prompts were sent.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type, or choices are missing.
    """
    choices = _choices(data)
    each, rest = divmod(len(choices), count)
    placed = {choice.get("index", place): choice for place, choice in enumerate(choices)}
    if rest or not each or placed.keys() != set(range(len(choices))):
        raise ValueError(f"choices has {len(choices)} items for {count} prompts")
    model, id_ = data.get("model") or "", data.get("id") or ""
    replies = tuple(
        Reply(
            **meta,
            text=_text(placed[place], place),
            finish_reason=placed[place].get("finish_reason") or "",
            model=model,
            id=id_,
            raw=placed[place],
        )
        for place in range(0, len(choices), each)
    )
    return Completions(**meta, replies=replies, usage=usage_of(data.get("usage")), model=model, raw=data)


def completion_deltas(chunk: Mapping[str, Any]) -> tuple[Delta, ...]:
    """The delta in one chunk of a stream; the token counts come alone, at the end.

    Raises:
        KeyError, TypeError, AttributeError: A field is missing or of the wrong type.
    """
    choices = chunk.get("choices")
    usage = chunk.get("usage")
    model, id_ = chunk.get("model") or "", chunk.get("id") or ""
    if not choices:
        return (Delta(usage=usage_of(usage), model=model, id=id_, raw=chunk),) if usage else _NONE
    choice = choices[0]
    if choice.get("index"):
        return _NONE
    return (
        Delta(
            _text(choice, 0),
            finish_reason=choice.get("finish_reason") or "",
            usage=usage_of(usage) if usage else None,
            model=model,
            id=id_,
            raw=chunk,
        ),
    )


def _choices(data: Mapping[str, Any]) -> list[Any]:
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices:
        raise KeyError("choices[0]")
    return choices


def _text(choice: Mapping[str, Any], place: int) -> str:
    text = choice.get("text")
    if text is None:
        raise KeyError(f"choices[{place}].text")
    if not isinstance(text, str):
        raise TypeError(f"choices[{place}].text is no string")
    return text
