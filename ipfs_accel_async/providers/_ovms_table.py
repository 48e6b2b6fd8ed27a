"""The operations of OpenVINO Model Server as data (OVMS documentation, REST API: KServe, TensorFlow Serving, chat)."""

from __future__ import annotations

from ipfs_accel_async.providers._batchable import OVMS_PAIRS, OVMS_TENSORS, OVMS_TEXTS
from ipfs_accel_async.providers._operation import Operation

_OLD = "releases up to 2026.2"

OPERATIONS = {
    "chat": Operation("POST", "/chat/completions"),
    "complete": Operation("POST", "/completions"),
    "embed": Operation("POST", "/embeddings", batchable=OVMS_TEXTS),
    "rerank": Operation("POST", "/rerank", batchable=OVMS_PAIRS),
    "image": Operation("POST", "/images/generations", note="with `images`: POST /images/edits"),
    "speech": Operation("POST", "/audio/speech", answer="bytes"),
    "transcribe": Operation("POST", "/audio/transcriptions", answer="text"),
    "translate": Operation("POST", "/audio/translations", answer="text"),
    "infer": Operation(
        "POST",
        "/v2/models/{model}/infer",
        answer="bytes",
        root=True,
        batchable=OVMS_TENSORS,
        note="JSON or binary tensors",
    ),
    "tokenize": Operation("POST", "/tokenize"),
    "models": Operation("GET", "/models"),
}
NATIVE = {
    "server": Operation("GET", "/v2", fields=("name",), root=True),
    "live": Operation("GET", "/v2/health/live", answer="none", root=True),
    "ready": Operation("GET", "/v2/health/ready", answer="none", root=True, idempotent=False),
    "metadata": Operation("GET", "/v2/models/{model}", fields=("name", "inputs"), root=True),
    "model_ready": Operation("GET", "/v2/models/{model}/ready", answer="none", root=True, idempotent=False),
    "config": Operation("GET", "/v1/config", root=True),
    "reload": Operation("POST", "/v1/config/reload", root=True, idempotent=True),
    "metrics": Operation("GET", "/metrics", answer="text", root=True),
    "predict": Operation("POST", "/v1/models/{model}:predict", root=True, idempotent=True, note=_OLD),
    "status": Operation("GET", "/v1/models/{model}", fields=("model_version_status",), root=True, note=_OLD),
    "signature": Operation("GET", "/v1/models/{model}/metadata", fields=("metadata",), root=True, note=_OLD),
}
VERSIONED = {"infer", "metadata", "model_ready", "predict", "status", "signature"}
"""Whose path takes ``/versions/N`` after the model."""
ASKING = {"ready", "model_ready"}
"""These are not repeated: "no" is an answer."""
