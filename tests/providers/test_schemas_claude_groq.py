"""Our bodies, and the twins' answers, against schemas of the SDKs' types, where copies lie beside the repository."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ipfs_accel_async.native.claude.batch_lines import request_list
from ipfs_accel_async.providers.claude import codec as claude
from ipfs_accel_async.providers.groq import codec as groq
from ipfs_accel_async.simulator.mount import TWINS
from ipfs_accel_async.simulator.twin import Ask, Frames, Whole
from ipfs_accel_async.types import ChatRequest, Image, Message, NativePart, Text
from tests.providers import claude_calls, openai_calls
from tests.providers.recorded import call_of
from tests.providers.test_claude_content import BLOCKS, whole
from tests.providers.test_claude_features import MARK, SOURCES

BESIDE = Path(__file__).resolve().parents[3]
COPIES = {name: sorted(BESIDE.glob(f"*/reference/specs/{name}/sdk-types*.json")) for name in ("anthropic", "groq")}
pytestmark = pytest.mark.skipif(not all(COPIES.values()), reason="no copies of the SDKs' schemas beside the repository")


@functools.cache
def validator(sdk: str, root: str) -> Draft202012Validator:
    """A validator for one type of an SDK."""
    known = json.loads(COPIES[sdk][0].read_text("utf-8"))
    return Draft202012Validator({**known["roots"][root], "$defs": known["$defs"]})


def faults(sdk: str, root: str, value: Any) -> list[str]:
    """What the schema finds wrong, in a value as it is on the wire."""
    plain = json.loads(json.dumps(value))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator(sdk, root).iter_errors(plain)]


def messages_of(*messages: Message, stream: bool = False, **fields: Any) -> dict[str, Any]:
    """The body of a message request."""
    body = claude.build_body(call_of(claude, ChatRequest(messages, stream=stream, **fields)))
    assert body is not None
    return body


@pytest.mark.parametrize(
    ("sdk", "root"), [("anthropic", "MessageCreateParams"), ("groq", "CompletionCreateParams"), ("groq", "Model")]
)
def test_the_schemas_can_say_no(sdk: str, root: str) -> None:
    """A schema that takes anything would prove nothing."""
    assert faults(sdk, root, {"model": 7})


@pytest.mark.parametrize("case", claude_calls.BY_NAME)
@pytest.mark.parametrize("stream", [False, True])
def test_claudes_bodies_fit(case: claude_calls.Case, *, stream: bool) -> None:
    """Every call of the table is a message request to the SDK's types too."""
    assert faults("anthropic", "MessageCreateParams", messages_of(*case.messages, stream=stream, **case.fields)) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source["type"]))
def test_documents_marks_and_results_fit(source: dict[str, Any]) -> None:
    """Native parts in their places."""
    document = {"type": "document", "source": source, "citations": {"enabled": True}, "cache_control": MARK}
    failed = {"type": "tool_result", "content": "no", "is_error": True}
    body = messages_of(
        Message("user", (NativePart(document), Image(data=b"x"), Text("When?"))),
        Message("tool", (NativePart(failed),), tool_call_id="toolu_1"),
        params={"thinking": {"type": "adaptive"}, "cache_control": MARK},
    )
    assert faults("anthropic", "MessageCreateParams", body) == []


def test_a_turn_that_goes_back_fits() -> None:
    """Thinking, hidden thinking, search and calls, as the service wrote them."""
    known = [block for block in BLOCKS if block["type"] not in {"of_tomorrow", "web_search_tool_result"}]
    known[4] = {**known[4], "citations": None}
    body = messages_of(Message("user", "Hi"), whole(known).message, Message("tool", "x", tool_call_id="toolu_1"))
    assert body["messages"][1]["content"] == known
    assert faults("anthropic", "MessageCreateParams", body) == []


def test_requests_of_a_batch_fit() -> None:
    """The parameters of each are a message request."""
    for request in request_list({"a": messages_of(Message("user", "Hi"))}):
        assert faults("anthropic", "MessageCreateParams", request["params"]) == []


@pytest.mark.parametrize("case", openai_calls.CASES, ids=openai_calls.IDS)
def test_groqs_bodies_fit(case: openai_calls.ChatCase) -> None:
    """Every call of the table of the OpenAI wire is one of Groq's too."""
    body = groq.build_body(call_of(groq, case.ours))
    assert faults("groq", "CompletionCreateParams", body) == []


def ask(number: int, method: str, path: str, body: Any = b"", **headers: str) -> Ask:
    """A request to a twin."""
    given = {"authorization": "Bearer k", "anthropic-version": "2026-10-21", **headers}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Ask(number, method, path, {}, given, body, raw)


def test_claudes_twin_answers_in_the_sdks_types() -> None:
    """A batch from beginning to end, its results, and a model."""
    twin = TWINS["claude"](0, lambda: 1_800_000_000.0, None)
    hello = messages_of(Message("user", "Both, in parallel."), params={"thinking": {"type": "adaptive"}})
    requests = [{"custom_id": "a", "params": hello}, {"custom_id": "b", "params": {**hello, "model": ""}}]
    answer = twin.answer(ask(1, "POST", "/v1/messages/batches", {"requests": requests}))
    assert isinstance(answer, Whole)
    key = json.loads(answer.body)["id"]
    for number in (2, 3):
        assert faults("anthropic", "MessageBatch", json.loads(answer.body)) == []
        answer = twin.answer(ask(number, "GET", f"/v1/messages/batches/{key}"))
        assert isinstance(answer, Whole)
    results = twin.answer(ask(4, "GET", f"/v1/messages/batches/{key}/results"))
    assert isinstance(results, Frames)
    lines = [json.loads(line) for line in results.frames]
    assert [line["result"]["type"] for line in lines] == ["errored", "succeeded"]
    for line in lines:
        assert faults("anthropic", "MessageBatchIndividualResponse", line) == []
    model = twin.answer(ask(5, "GET", "/v1/models/claude-sonnet-4-5"))
    assert isinstance(model, Whole)
    assert faults("anthropic", "ModelInfo", json.loads(model.body)) == []


def test_groqs_twin_answers_in_the_sdks_types() -> None:
    """A file, its batch, and a model."""
    twin = TWINS["groq"](0, lambda: 1_800_000_000.0, None)
    base = "/openai/v1"
    parts = b'--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    parts += b'--x\r\ncontent-disposition: form-data; name="file"; filename="b.jsonl"\r\n\r\n{}\r\n--x--\r\n'
    file = twin.answer(ask(1, "POST", f"{base}/files", parts, **{"content-type": "multipart/form-data; boundary=x"}))
    assert isinstance(file, Whole)
    assert faults("groq", "FileCreateResponse", json.loads(file.body)) == []
    wanted = {"input_file_id": json.loads(file.body)["id"], "endpoint": "/v1/chat/completions"}
    batch = twin.answer(ask(2, "POST", f"{base}/batches", {**wanted, "completion_window": "24h"}))
    assert isinstance(batch, Whole)
    assert faults("groq", "BatchCreateResponse", json.loads(batch.body)) == []
    model = twin.answer(ask(3, "GET", f"{base}/models/openai/gpt-oss-20b"))
    assert isinstance(model, Whole)
    assert faults("groq", "Model", json.loads(model.body)) == []
