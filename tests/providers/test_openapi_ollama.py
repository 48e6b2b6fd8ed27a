"""Our bodies and recordings against Ollama's published OpenAPI description, where a copy lies beside us."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ipfs_accel_async import Client, MockTransport
from ipfs_accel_async.payloads import CompleteRequest
from ipfs_accel_async.providers.ollama import codec
from ipfs_accel_async.types import ChatRequest, EmbedRequest
from tests.providers.ollama_calls import BY_NAME, PNG, SCHEMA, Case
from tests.providers.recorded import call_of, fixture, recorded_stream

yaml = pytest.importorskip("yaml", reason="it is in the extra dev, which is not installed")
COPIES = sorted(Path(__file__).resolve().parents[3].glob("*/reference/specs/ollama/openapi.yaml"))
pytestmark = pytest.mark.skipif(not COPIES, reason="no copy of Ollama's description beside the repository")
UNDESCRIBED = {("HEAD", "/api/blobs/*"), ("POST", "/api/blobs/*"), ("GET", "/")}


@functools.cache
def described() -> dict[str, Any]:
    """The description."""
    value: dict[str, Any] = yaml.safe_load(COPIES[0].read_text("utf-8"))
    return value


def wrong(schema: str, value: Any) -> list[str]:
    """What a schema of the description finds wrong."""
    document = {"$ref": f"#/components/schemas/{schema}", "components": described()["components"]}
    return [f"{error.json_path}: {error.message[:200]}" for error in Draft202012Validator(document).iter_errors(value)]


def faults(schema: str, value: Any) -> list[str]:
    """The same, and the names that it does not know."""
    known = described()["components"]["schemas"][schema]["properties"]
    return wrong(schema, value) + sorted(set(value) - set(known))


def sent(payload: Any, operation: str) -> Any:
    """The body that goes out."""
    return json.loads(codec.build_request(call_of(codec, payload, operation), None).body)


@pytest.mark.parametrize("case", BY_NAME)
@pytest.mark.parametrize("stream", [False, True])
def test_chat_bodies_are_valid(case: Case, *, stream: bool) -> None:
    """What we send is what the description allows, and has names for."""
    assert faults("ChatRequest", sent(ChatRequest(case.messages, stream=stream, **case.fields), "chat")) == []


def test_other_bodies_are_valid() -> None:
    """So is what the other operations send."""
    params = {"images": [PNG], "format": SCHEMA, "system": "s", "think": True, "raw": True, "keep_alive": 0, "top_k": 3}
    payload = CompleteRequest(("Once",), "end", 9, 0.5, ("X",), 4, params, stream=True)
    assert faults("GenerateRequest", sent(payload, "complete")) == []
    assert faults("EmbedRequest", sent(EmbedRequest(("a", "b"), {"dimensions": 4, "truncate": False}), "embed")) == []


async def test_the_care_of_models_is_valid() -> None:
    """Each request of the handle fits its schema."""
    body = b'{"models": [], "details": {}, "status": "success"}\n'
    mock = MockTransport(lambda _: MockTransport.reply(body=body))
    async with Client(transport=mock) as ai:
        own = ai.ollama
        await own.show("m", verbose=True)
        await own.pull("m", insecure=True)
        await own.push("me/m")
        await own.create("mine", from_="m", template="t", system="s", parameters={"seed": 1}, quantize="q4_K_M")
        await own.copy("a", "b")
        await own.delete("m")
    names = ("Show", "Pull", "Push", "Create", "Copy", "Delete")
    for name, request in zip(names, mock.requests, strict=True):
        assert faults(f"{name}Request", json.loads(request.body)) == []


@pytest.mark.parametrize(
    ("name", "whole", "piece"),
    [
        ("chat", "ChatResponse", "ChatStreamEvent"),
        ("tools", "ChatResponse", "ChatStreamEvent"),
        ("complete", "GenerateResponse", "GenerateStreamEvent"),
    ],
)
def test_recorded_answers_are_valid(name: str, whole: str, piece: str) -> None:
    """The recordings that our parser is held to are answers as described; the server tells more than that."""
    assert wrong(whole, fixture("ollama", name)["body"]) == []
    for line in recorded_stream("ollama", name).splitlines():
        assert wrong(piece, json.loads(line)) == []


def test_every_row_is_a_path_of_the_description() -> None:
    """Method and path are there; blobs and the root it leaves out."""
    known = {(method.upper(), path) for path, methods in described()["paths"].items() for method in methods}
    for rows in (codec.operations, codec.native):
        for row in rows.values():
            path = row.path.replace("sha256:{digest}", "*")
            assert (row.method, path) in known | UNDESCRIBED
