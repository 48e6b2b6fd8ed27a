"""What vLLM serves, as rows (vLLM documentation, online serving; its routers)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ipfs_accel_async.providers._batchable import VLLM_PAIRS, VLLM_PROMPTS, VLLM_TEXTS
from ipfs_accel_async.providers._openai_table import RESPONSES
from ipfs_accel_async.providers._operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

_LORA: Final = "Where the server was started with VLLM_ALLOW_RUNTIME_LORA_UPDATING=1."
_DEV: Final = "Where the server was started with VLLM_SERVER_DEV_MODE=1."
_SLEEP: Final = f"{_DEV[:-1]} and --enable-sleep-mode."

OPERATIONS: Final[Mapping[str, Operation]] = {
    "chat": Operation("POST", "/chat/completions"),
    "complete": Operation("POST", "/completions", batchable=VLLM_PROMPTS),
    "complete_batch": Operation("POST", "/completions"),
    "embed": Operation("POST", "/embeddings", batchable=VLLM_TEXTS),
    "rerank": Operation("POST", "/rerank", batchable=VLLM_PAIRS),
    "similarity": Operation("POST", "/score", batchable=VLLM_PAIRS),
    "classify": Operation(
        "POST", "/classify", root=True, batchable=VLLM_TEXTS, note="The likeliest label of each text."
    ),
    "tokenize": Operation("POST", "/tokenize", root=True, note="`add_special_tokens`, `return_token_strs`."),
    "detokenize": Operation("POST", "/detokenize", root=True),
    "count_tokens": Operation("POST", "/tokenize", root=True),
    "transcribe": Operation("POST", "/audio/transcriptions", answer="text"),
    "translate": Operation("POST", "/audio/translations", answer="text"),
    "models": Operation("GET", "/models", note="Adapters too: their `parent` is the model under them."),
}

NATIVE: Final[Mapping[str, Operation]] = {
    "score": Operation("POST", "/score", idempotent=True, fields=("data",)),
    "pooling": Operation("POST", "/pooling", idempotent=True, fields=("data",), root=True),
    "tokenizer_info": Operation(
        "GET", "/tokenizer_info", root=True, note="Where started with --enable-tokenizer-info-endpoint."
    ),
    **{name: RESPONSES[name] for name in ("responses.create", "responses.get", "responses.cancel")},
    "lora.load": Operation("POST", "/load_lora_adapter", answer="text", note=_LORA),
    "lora.unload": Operation("POST", "/unload_lora_adapter", answer="text", note=_LORA),
    "health": Operation("GET", "/health", answer="none", root=True),
    "ping": Operation("GET", "/ping", answer="none", root=True),
    "version": Operation("GET", "/version", fields=("version",), root=True),
    "load": Operation(
        "GET", "/load", fields=("server_load",), root=True, note="Where started with --enable-server-load-tracking."
    ),
    "metrics": Operation("GET", "/metrics", answer="text", root=True, note="In Prometheus' text format."),
    "server_info": Operation("GET", "/server_info", root=True, note=_DEV),
    "sleep": Operation("POST", "/sleep", answer="none", root=True, idempotent=True, note=_SLEEP),
    "wake_up": Operation("POST", "/wake_up", answer="none", root=True, idempotent=True, note=_SLEEP),
    "is_sleeping": Operation("GET", "/is_sleeping", fields=("is_sleeping",), root=True, note=_SLEEP),
    "pause": Operation("POST", "/pause", root=True, idempotent=True, note=_DEV),
    "resume": Operation("POST", "/resume", root=True, idempotent=True, note=_DEV),
    "is_paused": Operation("GET", "/is_paused", fields=("is_paused",), root=True, note=_DEV),
    "abort_requests": Operation("POST", "/abort_requests", root=True, idempotent=True, note=_DEV),
    "reset_prefix_cache": Operation(
        "POST", "/reset_prefix_cache", answer="none", root=True, idempotent=True, note=_DEV
    ),
    "reset_mm_cache": Operation("POST", "/reset_mm_cache", answer="none", root=True, idempotent=True, note=_DEV),
    "reset_encoder_cache": Operation(
        "POST", "/reset_encoder_cache", answer="none", root=True, idempotent=True, note=_DEV
    ),
}
