"""Bodies and frames of the twins against the JSON Schemas of the official SDKs' own types."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import anthropic.types
import anthropic.types.shared
import groq.types
import groq.types.chat
import jsonschema
import ollama
import openai.types
import openai.types.chat
import pytest
from google.genai import types as genai_types
from pydantic import TypeAdapter

from ipfs_accel_async.simulator import simulate
from ipfs_accel_async.simulator.answers import REFUSAL_TRIGGER
from tests.simulator.calls import PATHS, STREAM_PATHS, chat_body, raw_client

pytestmark = pytest.mark.sockets
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
GEMINI_CALLS: list[dict[str, Any]] = [
    {},
    {"tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": SCHEMA}]}]},
    {"generationConfig": {"maxOutputTokens": 3}},
    {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}},
    {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}},
    {"text": REFUSAL_TRIGGER},
]
CHATS: dict[str, tuple[Any, Any, list[dict[str, Any]]]] = {
    "openai": (openai.types.chat.ChatCompletion, openai.types.chat.ChatCompletionChunk, OPENAI_CALLS),
    "groq": (groq.types.chat.ChatCompletion, groq.types.chat.ChatCompletionChunk, OPENAI_CALLS),
    "vllm": (openai.types.chat.ChatCompletion, openai.types.chat.ChatCompletionChunk, OPENAI_CALLS),
    "claude": (anthropic.types.Message, anthropic.types.RawMessageStreamEvent, CLAUDE_CALLS),
    "ollama": (ollama.ChatResponse, ollama.ChatResponse, OLLAMA_CALLS),
    "gemini": (genai_types.GenerateContentResponse, genai_types.GenerateContentResponse, GEMINI_CALLS),
}


@cache
def validator(kind: Any) -> jsonschema.Draft202012Validator:
    """Return the validator of one of the SDKs' types."""
    return jsonschema.Draft202012Validator(TypeAdapter(kind).json_schema())


@pytest.mark.parametrize("provider", CHATS)
async def test_chats_fit_their_types(provider: str) -> None:
    """Whole replies and every event of a stream validate, for each kind of call."""
    reply_type, event_type, calls = CHATS[provider]
    async with simulate(provider) as sim, raw_client() as session:
        url, stream_url = sim.root_url + PATHS[provider], sim.root_url + STREAM_PATHS[provider]
        for call in calls:
            async with session.post(url, json=chat_body(provider, **call)) as reply:
                assert reply.status == 200
                validator(reply_type).validate(await reply.json())
            usage = {} if provider in ("claude", "ollama", "gemini") else {"stream_options": {"include_usage": True}}
            async with session.post(stream_url, json=chat_body(provider, stream=True, **usage, **call)) as reply:
                for line in (await reply.text()).split("\n"):
                    text = line.removeprefix("data: ")
                    if text.startswith("{") and text != '{"type":"ping"}':
                        validator(event_type).validate(json.loads(text))


OTHERS: list[tuple[str, str, str, Any, Any]] = [
    ("openai", "POST", "/v1/embeddings", {"model": "m", "input": ["a", "b"]}, openai.types.CreateEmbeddingResponse),
    ("openai", "POST", "/v1/moderations", {"input": "a"}, openai.types.ModerationCreateResponse),
    ("openai", "GET", "/v1/models/m", None, openai.types.Model),
    ("groq", "POST", "/openai/v1/embeddings", {"model": "m", "input": "a"}, groq.types.CreateEmbeddingResponse),
    ("groq", "GET", "/openai/v1/models/m", None, groq.types.Model),
    ("vllm", "POST", "/v1/embeddings", {"model": "m", "input": "a"}, openai.types.CreateEmbeddingResponse),
    ("vllm", "GET", "/v1/models/m", None, openai.types.Model),
    ("claude", "POST", "/v1/messages/count_tokens", chat_body("claude"), anthropic.types.MessageTokensCount),
    ("claude", "GET", "/v1/models/m", None, anthropic.types.ModelInfo),
    ("claude", "GET", "/v1/nothing", None, anthropic.types.shared.ErrorResponse),
    ("ollama", "POST", "/api/generate", {"model": "m", "prompt": "a", "stream": False}, ollama.GenerateResponse),
    ("ollama", "POST", "/api/embed", {"model": "m", "input": "a"}, ollama.EmbedResponse),
    ("ollama", "GET", "/api/tags", None, ollama.ListResponse),
    ("ollama", "GET", "/api/ps", None, ollama.ProcessResponse),
    ("ollama", "POST", "/api/show", {"model": "m"}, ollama.ShowResponse),
]


@pytest.mark.parametrize(("provider", "method", "path", "body", "kind"), OTHERS)
async def test_other_answers_fit_their_types(provider: str, method: str, path: str, body: Any, kind: Any) -> None:
    """Embeddings, models, counts, moderations and errors validate."""
    async with (
        simulate(provider) as sim,
        raw_client() as session,
        session.request(method, sim.root_url + path, json=body) as reply,
    ):
        validator(kind).validate(await reply.json())
