"""Our bodies, paths and recordings against the Gemini API's OpenAPI description, where a copy lies beside us.

The description leaves two things out: the name of the model that requests inside a request carry, which the service
demands and its own client sends, and that a last piece may have a content without parts.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ipfs_accel_async.payloads import CompleteRequest, ImageRequest, SpeechRequest
from ipfs_accel_async.providers.gemini import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest
from tests.providers.codecs import CHAT, TOOLS
from tests.providers.gemini_calls import BY_NAME, Case
from tests.providers.recorded import call_of, fixture, recorded_stream

COPIES = sorted(Path(__file__).resolve().parents[3].glob("*/reference/specs/gemini/gemini-native.openapi.json"))
pytestmark = pytest.mark.skipif(not COPIES, reason="no copy of the Gemini API's description beside the repository")


@functools.cache
def described() -> dict[str, Any]:
    """The description."""
    value: dict[str, Any] = json.loads(COPIES[0].read_text("utf-8"))
    return value


def faults(schema: str, value: Any) -> list[str]:
    """What a schema of the description finds wrong."""
    document = {"$ref": f"#/components/schemas/{schema}", "components": described()["components"]}
    return [f"{error.json_path}: {error.message[:200]}" for error in Draft202012Validator(document).iter_errors(value)]


def sent(payload: Any, operation: str, *, model: str = "m") -> Any:
    """The body that goes out, without the names of models inside."""
    body = json.loads(codec.build_request(call_of(codec, payload, operation, model=model), None).body)
    for inner in [body.get("generateContentRequest", {"model": ""}), *body.get("requests", ())]:
        del inner["model"]
    return body


@pytest.mark.parametrize("case", BY_NAME)
def test_chat_bodies_are_valid(case: Case) -> None:
    """What we send is what the description allows; counts carry the same request."""
    payload = ChatRequest(case.messages, **case.fields)
    assert faults("GenerateContentRequest", sent(payload, "chat")) == []
    assert faults("CountTokensRequest", sent(payload, "count_tokens")) == []


@pytest.mark.parametrize(
    ("payload", "operation", "schema", "model"),
    [
        (CompleteRequest(("a",), max_tokens=3), "complete", "GenerateContentRequest", "m"),
        (EmbedRequest(("a", "b"), {"taskType": "CLUSTERING"}), "embed", "BatchEmbedContentsRequest", "m"),
        (ImageRequest("x", size="16:9"), "image", "GenerateContentRequest", "m"),
        (ImageRequest("x", n=2), "image", "PredictRequest", "imagen-4"),
        (SpeechRequest("x", "Kore"), "speech", "GenerateContentRequest", "m"),
        (TOOLS, "chat", "GenerateContentRequest", "m"),
        (CHAT, "count_tokens", "CountTokensRequest", "m"),
    ],
)
def test_other_bodies_are_valid(payload: Any, operation: str, schema: str, model: str) -> None:
    """So is what the other operations send."""
    assert faults(schema, sent(payload, operation, model=model)) == []


def test_every_row_is_a_path_of_the_description() -> None:
    """Method and path are there, under the description's names for what is in braces."""
    known = {
        (method.upper(), "".join("*" if "{" in piece else piece for piece in _split(path)))
        for path, methods in described()["paths"].items()
        for method in methods
    }
    for rows in (codec.operations, codec.native):
        for row in rows.values():
            path = row.path.partition("?")[0].replace("/v1/", "/v1beta/", 1)
            assert (row.method, "".join("*" if "{" in piece else piece for piece in _split(path))) in known


@pytest.mark.parametrize("name", ["chat", "tools", "complete", "image", "speech"])
def test_recorded_answers_are_valid(name: str) -> None:
    """The recordings that our parser is held to are answers as described."""
    assert faults("GenerateContentResponse", fixture("gemini", name)["body"]) == []
    if name in {"chat", "tools", "complete"}:
        for line in recorded_stream("gemini", name).splitlines():
            if line.startswith(b"data: ") and b'"content":{"role"' not in line:
                assert faults("GenerateContentResponse", json.loads(line[6:])) == []


def _split(path: str) -> list[str]:
    """A path cut before and after each name in braces."""
    pieces: list[str] = []
    for piece in path.split("{"):
        name, brace, rest = piece.partition("}")
        pieces += [f"{{{name}}}", rest] if brace else [piece]
    return pieces
