"""Our bodies and recordings against OpenAI's published OpenAPI description, where a copy lies beside the repository."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ipfs_accel_async.providers.openai import codec
from ipfs_accel_async.types import EmbedRequest
from tests.providers.openai_calls import CASES, IDS, ChatCase
from tests.providers.recorded import call_of, fixture, recorded_stream

BESIDE = Path(__file__).resolve().parents[3]
COPIES = sorted(BESIDE.glob("*/reference/specs/openai/openapi*.json"))
pytestmark = pytest.mark.skipif(not COPIES, reason="no copy of OpenAI's OpenAPI description beside the repository")


@functools.cache
def validator(schema: str) -> Draft202012Validator:
    """A validator for one schema of the description."""
    components = json.loads(COPIES[0].read_text("utf-8"))["components"]
    return Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": components})


def faults(schema: str, value: Any) -> list[str]:
    """What the schema finds wrong."""
    return [f"{error.json_path}: {error.message[:200]}" for error in validator(schema).iter_errors(value)]


def without_nulls(value: Any) -> Any:
    """The same JSON without its nulls: the service writes some that this description does not allow."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=IDS)
@pytest.mark.parametrize("stream", [False, True])
def test_chat_bodies_are_valid(case: ChatCase, *, stream: bool) -> None:
    """What we send is what the description allows."""
    request = codec.build_request(call_of(codec, replace(case.ours, stream=stream)), None)
    assert faults("CreateChatCompletionRequest", json.loads(request.body)) == []


def test_embedding_bodies_are_valid() -> None:
    """What we send is what the description allows."""
    request = codec.build_request(call_of(codec, EmbedRequest(("a", "b"), {"dimensions": 4}), "embed"), None)
    assert faults("CreateEmbeddingRequest", json.loads(request.body)) == []


@pytest.mark.parametrize("name", ["chat", "tools"])
def test_recorded_answers_are_valid(name: str) -> None:
    """The recordings that our parser is held to are answers as described, piece by piece too."""
    assert faults("CreateChatCompletionResponse", fixture("openai", name)["body"]) == []
    for line in recorded_stream("openai", name).split(b"\n\n")[:-2]:
        piece = without_nulls(json.loads(line.removeprefix(b"data: ")))
        piece["choices"] = [{"finish_reason": "stop", **choice} for choice in piece["choices"]]
        assert faults("CreateChatCompletionStreamResponse", piece) == []


def test_recorded_lists_and_errors_are_valid() -> None:
    """So are the list of models and the errors."""
    assert faults("ListModelsResponse", fixture("openai", "models")["body"]) == []
    for name in ("error_401", "error_429"):
        assert faults("ErrorResponse", fixture("openai", name)["body"]) == []
