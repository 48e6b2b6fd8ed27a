"""Bodies and answers of OPEA's microservices (GenAIComps, API protocol)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._openai_form import form_of
from ipfs_accel_async.providers._operation import Content
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.results import Moderation, Ranked, Ranking, Verdict
from ipfs_accel_async.types import Image
from ipfs_accel_async.wire import multipart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ipfs_accel_async.payloads import (
        CompleteRequest,
        ModerateRequest,
        RerankRequest,
        SpeechRequest,
        TranscribeRequest,
    )
    from ipfs_accel_async.providers._codec import CallFacts

_VIOLATED = "Violated policies: "


def complete_body(call: CallFacts, request: CompleteRequest, model: str) -> dict[str, Any]:
    """The body of a completion by the LLM microservice: it streams unless told not to; `params` override all.

    Raises:
        InvalidRequestError: Something that the service has no word for.
    """
    for name in ("suffix", "stop", "seed"):
        if getattr(request, name) not in ("", (), None):
            raise refused(call, f"opea has no {name} for a completion: its service would drop it; leave it out")
    body: dict[str, Any] = {"query": request.prompts[0], "stream": request.stream}
    if model:
        body["model"] = model
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    if request.temperature is not None:
        body["temperature"] = request.temperature
    return {**body, **request.params}


def rerank_body(request: RerankRequest) -> dict[str, Any]:
    """The body of a reranking: all documents come back unless fewer are asked for, where the service means one."""
    documents = [{"text": text} for text in request.documents]
    top_n = len(documents) if request.top_n is None else request.top_n
    return {"input": request.query, "retrieved_docs": documents, "top_n": top_n, **request.params}


def ranking_of(data: Any, meta: dict[str, Any], request: RerankRequest) -> Ranking:
    """The documents, best first. The service names them by their text: equal ones are taken in their order.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong type, or a text is none that was sent.
    """
    items = data["reranked_docs"]
    if not isinstance(items, list):
        raise TypeError("reranked_docs is no list")
    places: dict[str, list[int]] = {}
    for index, text in enumerate(request.documents):
        places.setdefault(text, []).append(index)
    ranked = []
    for place, item in enumerate(items):
        text = item["text"]
        if not places.get(text):
            raise ValueError(f"reranked_docs[{place}].text is no document that was sent, or one too often")
        ranked.append(Ranked(places[text].pop(0), float(item.get("score") or 0.0), text))
    ranked.sort(key=lambda one: -one.score)
    return Ranking(**meta, ranked=tuple(ranked), raw=data)


def moderate_body(call: CallFacts, request: ModerateRequest) -> dict[str, Any]:
    """The body of a check by the guardrails.

    Raises:
        InvalidRequestError: More than one input, or an image.
    """
    first = request.inputs[0]
    if len(request.inputs) > 1 or isinstance(first, Image):
        raise refused(call, "opea's guardrails judge one text a call: no images, no several inputs")
    return {"text": first, **request.params}


def moderation_of(data: Any, meta: dict[str, Any]) -> Moderation:
    """The verdict: a blocked text comes with a list of what may not follow, an allowed one as it was sent.

    Raises:
        KeyError, TypeError: A field is missing or of the wrong type.
    """
    return Moderation(**meta, verdicts=(verdict_of(data),), raw=data)


def verdict_of(data: Mapping[str, Any]) -> Verdict:
    """The same, of one answer.

    Raises:
        KeyError, TypeError: A field is missing or of the wrong type.
    """
    text = data["text"]
    if not isinstance(text, str):
        raise TypeError("text is no string")
    flagged = bool(data.get("downstream_black_list"))
    categories: tuple[str, ...] = ()
    if flagged and text.startswith(_VIOLATED):
        categories = (text.removeprefix(_VIOLATED).partition(", please")[0],)
    return Verdict(flagged, categories, text=text)


def speech_body(request: SpeechRequest, model: str) -> dict[str, Any]:
    """The body that asks for speech; the service has a voice of its own; `params` override all."""
    named = _told(model=model, voice=request.voice, response_format=request.format)
    return {"input": request.text, **named, **request.params}


def transcribe_content(request: TranscribeRequest, model: str) -> Content:
    """The form that brings audio; the service takes the words' times as a wish, and most of its kinds give none."""
    times = "word" if request.words else ""
    named = _told(model=model, language=request.language, prompt=request.prompt, timestamp_granularities=times)
    return Content(*multipart.encode(form_of({"file": request.audio, **named, **request.params})))


def _told(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
