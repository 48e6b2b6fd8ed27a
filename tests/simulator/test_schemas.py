"""Bodies and frames of the twins against the JSON Schemas of the official SDKs' types."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import REFUSAL_TRIGGER
from tests.simulator.calls import PATHS, chat_body, raw_client

SPECS = Path(__file__).parents[3] / "shared" / "reference" / "specs"
pytestmark = [
    pytest.mark.sockets,
    pytest.mark.skipif(not SPECS.is_dir(), reason="the schemas of the SDKs' types are not beside the repository"),
]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
OPENAI_CALLS: list[dict[str, Any]] = [
    {},
    {"tools": FUNCTION},
    {"text": "in parallel", "tools": FUNCTION},
    {"max_completion_tokens": 3},
    {"reasoning_effort": "low"},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}},
    {"text": REFUSAL_TRIGGER},
]
CLAUDE_CALLS: list[dict[str, Any]] = [
    {},
    {"tools": [{"name": "weather", "input_schema": SCHEMA}]},
    {"max_tokens": 3},
    {"max_tokens": 2048, "thinking": {"type": "enabled", "budget_tokens": 1024}},
    {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    {"text": REFUSAL_TRIGGER},
]
OLLAMA_CALLS: list[dict[str, Any]] = [{}, {"tools": FUNCTION}, {"think": True}, {"format": SCHEMA}]
CHATS = {
    "openai": ("ChatCompletion", "ChatCompletionChunk", OPENAI_CALLS),
    "groq": ("ChatCompletion", "ChatCompletionChunk", OPENAI_CALLS),
    "vllm": ("ChatCompletion", "ChatCompletionChunk", OPENAI_CALLS),
    "claude": ("Message", "RawMessageStreamEvent", CLAUDE_CALLS),
    "ollama": ("ChatResponse", "ChatResponse", OLLAMA_CALLS),
}
FOLDERS = {"claude": "anthropic", "vllm": "openai"}


@cache
def validator(provider: str, root: str) -> jsonschema.Draft202012Validator:
    """Return the validator of one of the SDK's types."""
    path = SPECS / FOLDERS.get(provider, provider) / "sdk-types.schema.json"
    document = json.loads(path.read_text())
    return jsonschema.Draft202012Validator(document["roots"][root] | {"$defs": document["$defs"]})


@pytest.mark.parametrize("provider", CHATS)
async def test_chats_fit_their_types(provider: str) -> None:
    """Whole replies and every event of a stream validate, for each kind of call."""
    reply_type, event_type, calls = CHATS[provider]
    async with simulate(provider) as sim, raw_client() as session:
        url = sim.root_url + PATHS[provider]
        for call in calls:
            async with session.post(url, json=chat_body(provider, **call)) as reply:
                assert reply.status == 200
                validator(provider, reply_type).validate(await reply.json())
            usage = {} if provider in ("claude", "ollama") else {"stream_options": {"include_usage": True}}
            async with session.post(url, json=chat_body(provider, stream=True, **usage, **call)) as reply:
                for line in (await reply.text()).split("\n"):
                    text = line.removeprefix("data: ")
                    if text.startswith("{") and '{"type":"ping"}' != text:
                        validator(provider, event_type).validate(json.loads(text))


OTHERS: list[tuple[str, str, str, Any, str]] = [
    ("openai", "POST", "/v1/embeddings", {"model": "m", "input": ["a", "b"]}, "CreateEmbeddingResponse"),
    ("openai", "POST", "/v1/moderations", {"input": "a"}, "ModerationCreateResponse"),
    ("openai", "GET", "/v1/models/m", None, "Model"),
    ("groq", "POST", "/openai/v1/embeddings", {"model": "m", "input": "a"}, "CreateEmbeddingResponse"),
    ("groq", "GET", "/openai/v1/models/m", None, "Model"),
    ("vllm", "POST", "/v1/embeddings", {"model": "m", "input": "a"}, "CreateEmbeddingResponse"),
    ("vllm", "GET", "/v1/models/m", None, "Model"),
    ("claude", "POST", "/v1/messages/count_tokens", chat_body("claude"), "MessageTokensCount"),
    ("claude", "GET", "/v1/models/m", None, "ModelInfo"),
    ("claude", "GET", "/v1/nothing", None, "ErrorResponse"),
    ("ollama", "POST", "/api/generate", {"model": "m", "prompt": "a", "stream": False}, "GenerateResponse"),
    ("ollama", "POST", "/api/embed", {"model": "m", "input": "a"}, "EmbedResponse"),
    ("ollama", "GET", "/api/tags", None, "ListResponse"),
    ("ollama", "GET", "/api/ps", None, "ProcessResponse"),
    ("ollama", "POST", "/api/show", {"model": "m"}, "ShowResponse"),
]


@pytest.mark.parametrize(("provider", "method", "path", "body", "root"), OTHERS)
async def test_other_answers_fit_their_types(provider: str, method: str, path: str, body: Any, root: str) -> None:
    """Embeddings, models, counts, moderations and errors validate."""
    async with simulate(provider) as sim, raw_client() as session:
        async with session.request(method, sim.root_url + path, json=body) as reply:
            validator(provider, root).validate(await reply.json())
