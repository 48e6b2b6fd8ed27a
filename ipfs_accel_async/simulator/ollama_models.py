"""The models that the Ollama twin says it has.

Source: Ollama API reference: tags, ps, show.
"""

from datetime import UTC, datetime
from typing import Any

from .answers import digest

MODELS = ("llama3.2:1b", "qwen3:0.6b", "nomic-embed-text:latest")
_MODIFIED = "2025-06-15T12:00:00.000000000Z"


def entry(model: str) -> dict[str, Any]:
    """Describe a model as /api/tags does."""
    return {
        "name": model,
        "model": model,
        "modified_at": _MODIFIED,
        "size": 1_321_098_329,
        "digest": digest(model).hex()[:64],
        "details": _details(),
    }


def running(model: str, now: float) -> dict[str, Any]:
    """Describe a loaded model as /api/ps does; it stays for five minutes more."""
    expires = datetime.fromtimestamp(now + 300, UTC)
    loaded = {key: value for key, value in entry(model).items() if key != "modified_at"}
    return loaded | {
        "expires_at": f"{expires:%Y-%m-%dT%H:%M:%S.%f}000Z",
        "size_vram": 0,
        "context_length": 4096,
    }


def shown(model: str) -> dict[str, Any]:
    """Describe a model as /api/show does."""
    return {
        "license": "Synthetic licence.",
        "modelfile": f"FROM {model}\n",
        "parameters": 'stop                           "<|end|>"',
        "template": "{{ .Prompt }}",
        "details": _details(),
        "model_info": {
            "general.architecture": "llama",
            "general.parameter_count": 1_235_814_432,
            "llama.context_length": 131_072,
            "llama.embedding_length": 384,
        },
        "capabilities": ["completion", "tools", "thinking", "vision", "embedding"],
        "modified_at": _MODIFIED,
    }


def _details() -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": "1.2B",
        "quantization_level": "Q8_0",
    }
