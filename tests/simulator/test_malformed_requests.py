"""Whatever a client sends, a twin answers with a status of its wire and never breaks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfs_accel_async.simulator.mount import Mount
from ipfs_accel_async.simulator.twin import JSON, Ask
from tests.simulator.calls import HEADERS, PATHS, chat_body

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "role", "name"]), inner),
    max_leaves=6,
)
FIELDS = (
    "model", "messages", "max_tokens", "stop", "tools", "tool_choice", "response_format", "stream", "stream_options",
    "thinking", "output_config", "system", "options", "format", "think", "input", "prompt", "dimensions",
    "structured_outputs", "reasoning_effort", "stop_sequences", "tokens", "inputs", "parameters", "texts", "query",
    "truncate", "contents", "generationConfig", "systemInstruction", "toolConfig", "requests", "content",
)  # fmt: skip
MORE_PATHS = {
    "openai": ["/v1/embeddings", "/v1/moderations"],
    "groq": ["/openai/v1/embeddings"],
    "vllm": ["/v1/embeddings", "/v1/completions", "/tokenize", "/detokenize"],
    "claude": ["/v1/messages/count_tokens"],
    "ollama": ["/api/generate", "/api/embed", "/api/show"],
    "hf_tgi": ["/generate", "/generate_stream", "/", "/tokenize"],
    "hf_tei": ["/rerank", "/predict", "/similarity", "/tokenize"],
    "ovms": ["/v3/embeddings"],
    "opea": ["/v1/embeddings", "/v1/codegen", "/v1/codetrans", "/v1/docsum"],
    "gemini": [f"/v1/models/m:{method}" for method in ("streamGenerateContent", "countTokens", "batchEmbedContents")],
}
GOOD = {  # for their other paths
    "hf_tgi": {"inputs": "hi"},
    "hf_tei": {"query": "hi", "texts": ["hi", "ho"]},
    "opea": {"source_code": "hi", "language_from": "Go", "language_to": "C", "type": "text"},
}


@pytest.mark.parametrize("provider", PATHS)
@given(body=ANYTHING, changes=st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=3))
def test_any_json_gets_an_answer(provider: str, body: Any, changes: dict[str, Any]) -> None:
    """A body of any shape, and a good body with fields of any shape, are answered or refused."""
    mount = Mount(provider, 0, lambda: 0.0, None, None)
    for path in (PATHS[provider], *MORE_PATHS[provider]):
        for value in (body, chat_body(provider) | GOOD.get(provider, {}) | changes):
            answer, out, _ = mount.answer(Ask(1, "POST", path, {}, HEADERS, value), None, 0.0)
            assert answer.status in (200, 400, 404, 422)
            if answer.media == JSON:
                json.loads(b"".join(out.parts))
