"""Bodies of OPEA's services (GenAIComps API protocol, GenAIExamples): they take less than the OpenAI wire."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ipfs_accel_async.providers._openai_body import chat_body
from ipfs_accel_async.providers._parts import refused
from ipfs_accel_async.types import Image

if TYPE_CHECKING:
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import ChatRequest, EmbedRequest, Message

SOURCES = {"codetrans": "source_code", "translation": "source_language"}
"""Services that take one text between two languages, with the name of its field."""
_SEEING = frozenset({"visualqna", "multimodalqna"})
_WHOLE = frozenset({"multimodalqna"})
_OTHER = {
    "audioqna": "takes audio: use client.opea.audioqna",
    "retrievaltool": "gives documents: use client.opea.retrievaltool",
}
_ROLES = frozenset({"system", "developer", "user", "assistant"})


def llm_body(call: CallFacts, request: ChatRequest, model: str) -> dict[str, Any]:
    """The body of a chat with the LLM microservice: the OpenAI wire, but for the name of the limit of tokens."""
    limit = {} if request.max_tokens is None else {"max_tokens": request.max_tokens}
    body = chat_body(call, replace(request, max_tokens=None, params={**limit, **request.params}))
    return _modelled(body, request, model)


def service_body(call: CallFacts, request: ChatRequest, service: str, model: str) -> dict[str, Any]:
    """The body of a request to a service; `params` override all.

    Raises:
        InvalidRequestError: Something that the services drop without a word, or a field that this one demands.
    """
    for name in ("tools", "tool_choice", "response_format", "stop", "seed"):
        if getattr(request, name) not in (None, ()):
            raise refused(call, f"opea has no {name}: its services would drop it; leave it out")
    if service in _OTHER:
        raise refused(call, f"opea's {service} {_OTHER[service]}")
    if request.stream and service in _WHOLE:
        raise refused(call, f"opea's {service} does not stream: use chat")
    if service in SOURCES:
        return _source_body(call, request, service)
    messages = tuple(_message(call, message, service) for message in request.messages)
    own: dict[str, Any] = {"stream": request.stream}  # the services stream where it is not said
    if request.max_tokens is not None:
        own["max_tokens"] = request.max_tokens
    if service == "docsum":
        own["type"] = "text"
    if len(messages) == 1 and messages[0].role == "user" and isinstance(messages[0].content, str):
        own["messages"] = messages[0].content  # a list is joined with its roles, and so searched for
    plain = replace(request, messages=messages, max_tokens=None, stream=False, params={**own, **request.params})
    return _modelled(chat_body(call, plain), request, model)


def embeddings_body(request: EmbedRequest, model: str) -> dict[str, Any]:
    """The body of a request to the embedding microservice; not all of its kinds know base64."""
    named = {"model": model} if model else {}
    return {**named, "input": list(request.texts), **request.params}


def _modelled(body: dict[str, Any], request: ChatRequest, model: str) -> dict[str, Any]:
    """The body with the model's own name, which is none where the caller named the service only."""
    if "model" not in request.params:
        body.pop("model")
        body = {**({"model": model} if model else {}), **body}
    return body


def _source_body(call: CallFacts, request: ChatRequest, service: str) -> dict[str, Any]:
    if not request.stream:
        raise refused(call, f"opea's {service} answers as a stream only: use stream")
    for name in ("language_from", "language_to"):
        if name not in request.params:
            raise refused(call, f"opea's {service} needs {name}: give it as an argument of the call")
    return {SOURCES[service]: request.messages[-1].text, **request.params}


def _message(call: CallFacts, message: Message, service: str) -> Message:
    if message.role not in _ROLES or message.tool_calls:
        raise refused(call, "opea has no tools: leave out tool calls and their results")
    parts = () if isinstance(message.content, str) else message.content
    if service not in _SEEING and any(isinstance(part, Image) for part in parts):
        raise refused(call, f"opea's {service} takes no images: use the service visualqna")
    return replace(message, role="system") if message.role == "developer" else message
