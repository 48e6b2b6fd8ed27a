"""OPEA's services and operations as data (GenAIComps, constants and microservices; GenAIExamples)."""

from __future__ import annotations

from ipfs_accel_async.providers._batchable import OPEA_PAIRS, OPEA_TEXTS
from ipfs_accel_async.providers._operation import Operation

MEGASERVICES = (
    "chatqna", "docsum", "codegen", "codetrans", "faqgen", "audioqna", "visualqna", "videoqna", "searchqna",
    "multimodalqna", "translation", "graphrag", "hybridrag", "retrievaltool",
)  # fmt: skip
MICROSERVICES = (
    "llm", "embedding", "retrieval", "reranking", "guardrails", "pii", "toxicity", "bias", "injection", "factuality",
    "hallucination", "asr", "tts", "lvm", "agent", "dataprep", "web_retrieval", "chathistory", "prompt", "feedback",
)  # fmt: skip
SERVICES = (*MEGASERVICES, *MICROSERVICES)
LLM = "llm"
"""The microservice of the language model alone: the OpenAI wire, tools and all."""
OPERATIONS = {
    "chat": Operation("POST", "/v1/{service}", note="the service is an option, or the model's name"),
    "complete": Operation("POST", "/v1/chat/completions", note="the LLM microservice"),
    "embed": Operation("POST", "/v1/embeddings", batchable=OPEA_TEXTS, note="the embedding microservice"),
    "rerank": Operation("POST", "/v1/reranking", batchable=OPEA_PAIRS, note="the reranking microservice"),
    "moderate": Operation("POST", "/v1/guardrails", note="the guardrails microservice; one text a call"),
    "speech": Operation("POST", "/v1/audio/speech", answer="bytes", note="the TTS microservice"),
    "transcribe": Operation("POST", "/v1/audio/transcriptions", answer="text", note="the ASR microservice"),
    "models": Operation("GET", "/v1/models", note="the agent microservice"),
}


def _read(path: str, *fields: str, note: str = "") -> Operation:
    """Everything is a POST here, also what only reads: such may be sent again."""
    return Operation("POST", path, idempotent=True, fields=fields, note=note)


NATIVE = {
    "docsum": _read("/v1/docsum", "choices", note="documents, audio or video as files"),
    "audioqna": _read("/v1/audioqna"),
    "retrievaltool": _read("/v1/retrievaltool"),
    "retrieval": _read("/v1/retrieval", "retrieved_docs"),
    "web_retrieval": _read("/v1/web_retrieval", "retrieved_docs"),
    "lvm": _read("/v1/lvm", "text"),
    "agent": Operation("POST", "/v1/chat/completions", fields=("text",), note="the agent microservice"),
    "guards.answer": _read("/v1/guardrails", "text"),
    "guards.pii": _read("/v1/pii"),
    "guards.toxicity": _read("/v1/toxicity"),
    "guards.bias": _read("/v1/bias"),
    "guards.injection": _read("/v1/injection"),
    "guards.factuality": _read("/v1/factuality", "score"),
    "guards.hallucination": _read("/v1/hallucination_detection"),
    "dataprep.ingest": Operation("POST", "/v1/dataprep/ingest", fields=("status",)),
    "dataprep.get": _read("/v1/dataprep/get"),
    "dataprep.delete": _read("/v1/dataprep/delete"),
    "dataprep.indices": _read("/v1/dataprep/indices", note="with Redis"),
    "chathistory.create": Operation("POST", "/v1/chathistory/create"),
    "chathistory.get": _read("/v1/chathistory/get"),
    "chathistory.delete": _read("/v1/chathistory/delete"),
    "prompt.create": Operation("POST", "/v1/prompt/create"),
    "prompt.get": _read("/v1/prompt/get"),
    "prompt.delete": _read("/v1/prompt/delete"),
    "feedback.create": Operation("POST", "/v1/feedback/create"),
    "feedback.get": _read("/v1/feedback/get"),
    "feedback.delete": _read("/v1/feedback/delete"),
    "health_check": Operation("GET", "/v1/health_check", note="of any service"),
    "statistics": Operation("GET", "/v1/statistics", note="of any service"),
    "metrics": Operation("GET", "/metrics", answer="text", note="of any service"),
    "list_service": Operation("GET", "/v1/list_service", note="megaservices of releases up to 1.1"),
    "list_parameters": Operation("GET", "/v1/list_parameters", note="megaservices of releases up to 1.1"),
}
_OTHERWISE = {
    "complete": LLM,
    "embed": "embedding",
    "rerank": "reranking",
    "moderate": "guardrails",
    "speech": "tts",
    "transcribe": "asr",
    "models": "agent",
    "guards.answer": "guardrails",
}


def serving(operation: str) -> str:
    """The service that an operation is of; empty where it is of any."""
    if operation in _OTHERWISE:
        return _OTHERWISE[operation]
    head, _, rest = operation.partition(".")
    for name in (rest, head) if head == "guards" else (head,):
        if name in SERVICES:
            return name
    return ""


def placed(model: str) -> tuple[str, str]:
    """The service that a model's name begins with, and the rest of it: ``llm/Qwen3`` is Qwen3 of the LLM service."""
    head, _, rest = model.partition("/")
    return (head, rest) if head in SERVICES else ("", model)
