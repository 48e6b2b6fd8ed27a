"""Bodies of what vLLM has beyond the OpenAI wire (vLLM documentation: pooling models, tokenizer API)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipfs_accel_async.payloads import (
    ClassifyRequest,
    DetokenizeRequest,
    RerankRequest,
    SimilarityRequest,
    TokenizeRequest,
)
from ipfs_accel_async.providers._openai_body import chat_body
from ipfs_accel_async.providers._parts import refused

if TYPE_CHECKING:
    from ipfs_accel_async.providers._codec import CallFacts
    from ipfs_accel_async.types import ChatRequest


def further_body(call: CallFacts) -> dict[str, Any] | None:
    """The body of a rank, score, classification or of the tokenizer; None for other payloads. `params` override all.

    Raises:
        InvalidRequestError: Something that the server has no word for.
    """
    request = call.payload
    body: dict[str, Any] = {"model": call.target.model}
    match request:
        case RerankRequest():
            body |= {"query": request.query, "documents": list(request.documents)}
            if request.top_n is not None:
                body["top_n"] = request.top_n
        case SimilarityRequest():
            body |= {"text_1": request.text, "text_2": list(request.others)}  # every version knows these names
        case ClassifyRequest():
            if not all(isinstance(text, str) for text in request.texts):
                raise refused(call, "vllm classifies texts, not pairs of texts: client.similarity scores pairs")
            body["input"] = list(request.texts)
        case TokenizeRequest():
            body["prompt"] = request.text
        case DetokenizeRequest():
            body["tokens"] = list(request.ids)
        case _:
            return None
    return {**body, **request.params}


def count_body(call: CallFacts, request: ChatRequest, *, reasoning_field: str) -> dict[str, Any]:
    """The body that has a chat counted: through the model's template, tools included, as it would be answered.

    Of what shapes an answer only that goes out which shapes the prompt too.
    """
    chat = chat_body(call, request, reasoning_field=reasoning_field)
    asked: dict[str, Any] = {name: chat[name] for name in ("model", "messages", "tools") if name in chat}
    return {**asked, **request.params}
